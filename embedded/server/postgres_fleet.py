"""The PostgreSQL servers of one emulator: writers, their standbys in other regions, and the global writer endpoints.

Clusters are known by their ARN, global clusters by a key of the caller's. Every method may be called from any thread.
"""

import itertools
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from embedded.postgres_binaries import find_binaries
from embedded.server import callers
from embedded.server.certificates import Authority
from embedded.server.lag import AURORA, Lags
from embedded.server.loopback import Loopback
from embedded.server.postgres import PostgresServer
from embedded.server.postgres_home import Owner, PostgresError, open_home, reachable_binaries, remove_orphans
from embedded.server.proxy import Ends, Target, WriterProxy

logger = logging.getLogger("embedded.postgres")


@dataclass
class Member:
    """A cluster's server. `source` is the ARN of the cluster it replicates, None for a writer."""

    arn: str
    region: str
    server: PostgresServer
    source: str | None = None
    outdated: bool = False  # it was a writer and lost that role while it was down: start it as a new standby


class Fleet:
    """All servers of one emulator. Raises PostgresError from anything that PostgreSQL refuses."""

    def __init__(self, state_dir: Path, trust_bundle: Path, lags: Lags) -> None:
        self._state_dir = state_dir
        self._owner = Owner.find()
        self._loopback = Loopback(state_dir)
        found = _find_binaries()
        self._home = open_home(state_dir, self._owner)
        self._binaries = reachable_binaries(found, self._home, self._owner)
        authority = Authority()
        self._certificate = authority.issue(self._loopback.addresses)
        trust_bundle.write_text(authority.pem, encoding="utf-8")
        self._trust_bundle = trust_bundle
        self._members: dict[str, Member] = {}
        self._proxies: dict[str, WriterProxy] = {}
        self._writers: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._lags = lags
        self._stopped: set[str] = set()  # regions
        self._isolated: set[str] = set()  # regions from and to which nothing is replicated
        self._lock = threading.RLock()

    @property
    def port(self) -> int:
        """The port of every server and of every global writer endpoint."""
        return self._loopback.port

    def address(self, arn: str) -> str | None:
        """The address of a cluster's server, None if it has none."""
        member = self._members.get(arn)
        return member.server.address if member else None

    def global_address(self, key: str) -> str:
        """The address of a global cluster's writer endpoint, the same from the first question on."""
        with self._lock:
            if key not in self._proxies:
                self._proxies[key] = WriterProxy(self._loopback.take(), self.port, partial(self._detour, key))
            return self._proxies[key].address

    def create_writer(self, arn: str, user: str, password: str, database: str) -> None:
        """Start a new, empty server for a cluster."""
        with self._lock:
            server = self._new_server()
            self._or_remove(server, lambda: server.create(user, password, database))
            self._members[arn] = Member(arn, _region(arn), server)

    def create_standby(self, arn: str, writer: str) -> None:
        """Start a streaming standby of another cluster's server."""
        with self._lock:
            source = self._running(writer)
            server = self._new_server()
            self._or_remove(server, lambda: server.clone(source.server))
            self._members[arn] = Member(arn, _region(arn), server, source=writer)

    def follow(self, key: str, writer: str | None) -> None:
        """Let a global cluster's writer endpoint lead to this cluster from now on."""
        with self._lock:
            self.global_address(key)
            if writer is None:
                self._writers.pop(key, None)
            else:
                self._writers[key] = writer
            self._point_proxies()

    def fail_over(self, key: str, target: str) -> None:
        """Promote a standby at once, as after the loss of the writer's region; what had not arrived is lost."""
        with self._lock:
            old, new = self._pair(key, target)
            self._proxies[key].follow(None)
            new.server.disconnect()
            if self._reach(old, new):
                old.server.stop("immediate")
            # Else it goes on taking writes in its own region: nothing from here can stop it.
            self._swap(key, old, new)

    def switch_over(self, key: str, target: str) -> None:
        """Promote a standby after it has applied all that the writer wrote; on an error the writer stays writer."""
        with self._lock:
            old, new = self._pair(key, target)
            self._running(old.arn)
            if not self._reach(old, new):
                raise PostgresError(f"{target} is not replicating, so a switchover would lose data.")
            new.server.wait_until_streaming(old.server)  # after a restart it takes a moment
            self._proxies[key].follow(None)
            try:
                old.server.stop("fast")
                new.server.wait_until_replayed(old.server.last_checkpoint())
            except PostgresError:
                self._restore(old)
                raise
            self._swap(key, old, new)

    def set_password(self, arn: str, user: str, password: str) -> None:
        """Change a user's password on a writer."""
        with self._lock:
            self._running(arn).server.set_password(user, password)

    def replicates(self, arn: str) -> bool:
        """Whether the cluster's server is a standby of another cluster."""
        member = self._members.get(arn)
        return member is not None and member.source is not None

    def detach(self, arn: str) -> None:
        """Make a standby a writer of its own, as leaving a global cluster does."""
        with self._lock:
            member = self._members[arn]
            member.source = None
            if member.outdated:
                member.outdated = False  # it is still down, and its data is a writer's
                return
            member.server.start()
            member.server.promote()

    def remove(self, arn: str) -> None:
        """Stop a cluster's server and delete its data; without effect if it has none."""
        with self._lock:
            member = self._members.pop(arn, None)
            if member is None:
                return
            self._writers = {key: writer for key, writer in self._writers.items() if writer != arn}
            self._point_proxies()
            if all(other.region != member.region for other in self._members.values()):
                self._stopped.discard(member.region)
            member.server.remove()
            self._loopback.give_back(member.server.address)

    def remove_global(self, key: str) -> None:
        """Close a global cluster's writer endpoint."""
        with self._lock:
            self._writers.pop(key, None)
            proxy = self._proxies.pop(key, None)
            if proxy is not None:
                proxy.close()
                self._loopback.give_back(proxy.address)

    def stop_region(self, region: str) -> None:
        """Crash a region's servers: connections to them are refused. Raises LookupError if it has none."""
        with self._lock:
            members = self._of_region(region)
            self._stopped.add(region)
            self._link()  # first: what the crash had not sent out is lost
            for member in members:
                member.server.stop("immediate")
            self._point_proxies()

    def start_region(self, region: str) -> None:
        """Start a region's servers again, each in the role that it has by now. Raises LookupError if it has none."""
        with self._lock:
            members = self._of_region(region)
            self._stopped.discard(region)
            for member in members:
                if not member.outdated:
                    member.server.start()
            self._bring_up_to_date()
            self._link()
            self._point_proxies()

    def isolate(self, region: str) -> None:
        """Let every server run, and nothing be replicated from or to a region."""
        with self._lock:
            self._isolated.add(region)
            self._link()

    def rejoin(self, region: str) -> None:
        """End a region's isolation: what was not replicated follows; a server that lost its role starts anew."""
        with self._lock:
            self._isolated.discard(region)
            self._bring_up_to_date()
            self._link()

    def region_status(self, region: str) -> list[dict[str, object]]:
        """What runs in a region. Raises LookupError if there is nothing."""
        with self._lock:
            return [
                {
                    "cluster": member.arn,
                    "role": "writer" if member.source is None else "standby",
                    "running": member.server.is_running(),
                    "address": member.server.address,
                    "port": self.port,
                }
                for member in self._of_region(region)
            ]

    def clear(self) -> None:
        """Remove every server and every endpoint."""
        with self._lock:
            for key in list(self._proxies):
                self.remove_global(key)
            for arn in list(self._members):
                self.remove(arn)

    def close(self) -> None:
        """Remove everything, files included; idempotent."""
        with self._lock:
            self.clear()
            remove_orphans(self._state_dir)
            self._trust_bundle.unlink(missing_ok=True)

    def _new_server(self) -> PostgresServer:
        name = f"{next(self._numbers):02}"
        return PostgresServer(
            binaries=self._binaries,
            owner=self._owner,
            folder=self._home / name,
            lag=partial(self._lags.draw, AURORA, name),
            address=self._loopback.take(),
            port=self.port,
            certificate=self._certificate,
        )

    def _or_remove(self, server: PostgresServer, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException:
            server.remove()
            self._loopback.give_back(server.address)
            raise

    def _running(self, arn: str) -> Member:
        member = self._members.get(arn)
        if member is None or not member.server.is_running():
            raise PostgresError(f"The PostgreSQL server of {arn} is not running.")
        return member

    def _of_region(self, region: str) -> list[Member]:
        """A region's members, writers first."""
        found = [member for member in self._members.values() if member.region == region]
        if not found:
            raise LookupError(f"There is no Aurora cluster with a database in {region}.")
        return sorted(found, key=lambda member: member.source is not None)

    def _pair(self, key: str, target: str) -> tuple[Member, Member]:
        old = self._members.get(self._writers.get(key, ""))
        new = self._running(target)
        if old is None or new.source != old.arn:
            raise PostgresError(f"{target} is not a standby of the writer.")
        return old, new

    def _swap(self, key: str, old: Member, new: Member) -> None:
        """Promote `new`, whose writer has been stopped, and make the others its standbys as far as they run."""
        try:
            new.server.promote()
        except PostgresError:
            self._restore(old)
            raise
        new.source = None
        self._writers[key] = new.arn
        self._point_proxies()
        for member in self._members.values():
            if member is old or member.source == old.arn:
                member.source = new.arn
                member.outdated = True
                self._rejoin_if_up(member, new)

    def _restore(self, writer: Member) -> None:
        if writer.region not in self._stopped:
            writer.server.start()
        self._point_proxies()

    def _rejoin_if_up(self, member: Member, writer: Member) -> None:
        if member.region in self._stopped or not self._reach(member, writer):
            return
        try:
            self._rejoin(member, writer)
        except PostgresError:  # the new writer serves; the next region that starts tries again
            logger.exception("%s does not replicate", member.arn)

    def _bring_up_to_date(self) -> None:
        """Make standbys of the servers that lost the writer's role meanwhile, as far as their writer runs."""
        for member in self._members.values():
            writer = self._members.get(member.source or "")
            if member.outdated and writer is not None and writer.server.is_running():
                self._rejoin_if_up(member, writer)

    def _rejoin(self, member: Member, writer: Member) -> None:
        member.server.clone(writer.server)
        member.outdated = False

    def _reach(self, one: Member, other: Member) -> bool:
        return one.region == other.region or not {one.region, other.region} & self._isolated

    def _detour(self, key: str, client: Ends, target: Target) -> Target | None:
        """The writer as a client's region sees it: behind a partition that is the one which it has, if any."""
        region = callers.region_of(client) if self._isolated else None
        writer = self._members.get(self._writers.get(key, ""))
        if region is None or writer is None or writer.region == region or not {region, writer.region} & self._isolated:
            return target
        deposed = (each for each in self._members.values() if each.source == writer.arn and each.outdated)
        return next(((each.server.address, self.port) for each in deposed if each.region == region), None)

    def _link(self) -> None:
        """Let the standbys receive what their writers send, as far as it can pass."""
        for member in self._members.values():
            source = self._members.get(member.source or "")
            if source is None or member.outdated:
                continue
            lost = {member.region, source.region} & self._stopped
            if lost or not self._reach(member, source):
                member.server.disconnect()
            else:
                member.server.connect(source.server)

    def _point_proxies(self) -> None:
        for key, proxy in self._proxies.items():
            writer = self._members.get(self._writers.get(key, ""))
            up = writer is not None and writer.server.is_running()
            proxy.follow((writer.server.address, self.port) if writer is not None and up else None)


def _find_binaries() -> Path:
    found = find_binaries(venv=Path(sys.prefix))
    if found is None:
        raise PostgresError("No PostgreSQL server programs found. Install them, or set TAP_POSTGRES_BIN.")
    return found


def _region(arn: str) -> str:
    return arn.split(":")[3]
