"""Real PostgreSQL behind MiniStack's Aurora clusters.

`install` hooks MiniStack's `rds` module: what the API does to clusters and global clusters is done to servers first,
and an operation that PostgreSQL cannot do is answered with an error instead of a change of records. The control
functions take a region's databases away and bring them back.
"""

import contextlib
import functools
import logging
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from embedded.server import patching
from embedded.server.config import ServerConfig
from embedded.server.lag import Lags
from embedded.server.outage import DEAD, PARTITION, Condition
from embedded.server.postgres_fleet import Fleet
from embedded.server.postgres_home import PostgresError

Params = dict[str, Any]
Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[Params], Answer]

RELIES_ON = (
    *(f"_ACTION_MAP[{action}DBCluster]" for action in ("Create", "Delete", "Modify")),
    *(f"_ACTION_MAP[{action}GlobalCluster]" for action in ("Create", "Delete", "RemoveFrom", "Failover", "Switchover")),
    "_global_cluster_xml",
    "_get_docker",
    "reset",
    "_cluster_xml",
    "_clusters",
    "_error",
    "_p",
    "_resolve_cluster",
    "_resolve_cluster_in_request_region",
    "_resolve_global_cluster",
    "_resolve_global_writer_switch",
    "_global_cluster_writer_cluster",
    "_refresh_global_cluster_readers",
    "_tags",
    "_xml",
)
ENGINE = "aurora-postgresql"

logger = logging.getLogger("embedded.aurora")
_fleets: list[Fleet] = []  # none or one: a server process serves one deployment
_lock = threading.Lock()


def prepare(config: ServerConfig, lags: Lags) -> Fleet:
    """Remove what a killed run left, reserve addresses and write the trust bundle; idempotent. Raises PostgresError."""
    with _lock:
        if not _fleets:
            _fleets.append(Fleet(config.state_dir, config.trust_bundle, lags))
        return _fleets[0]


def install(_rds: ModuleType, config: ServerConfig, lags: Lags) -> None:
    """Put PostgreSQL behind MiniStack's Aurora. Raises PostgresError, or MissingNameError from another MiniStack."""
    hooks = _Hooks(prepare(config, lags))
    patching.close_gaps([patching.Gap("services.rds", RELIES_ON, hooks.attach)])


def shutdown() -> None:
    """Stop every server and delete its files; idempotent."""
    with _lock:
        while _fleets:
            _fleets.pop().close()


def stop_region(region: str) -> list[dict[str, object]]:
    """Stop a region's PostgreSQL. Raises LookupError if it has none."""
    _running_fleet().stop_region(region)
    return region_status(region)


def start_region(region: str) -> list[dict[str, object]]:
    """Start a region's PostgreSQL again. Raises LookupError if it has none, PostgresError if it cannot start."""
    _running_fleet().start_region(region)
    return region_status(region)


def region_status(region: str) -> list[dict[str, object]]:
    """The region's servers, ready for JSON. Raises LookupError if it has none."""
    return _running_fleet().region_status(region)


def follow(region: str, before: Condition, now: Condition) -> None:
    """Do to a region's PostgreSQL what becomes of the region. Raises PostgresError."""
    if before.mode == now.mode:
        return
    fleet = _running_fleet()
    with contextlib.suppress(LookupError):  # it may have none
        if now.mode == PARTITION:
            fleet.isolate(region)
        if now.mode == DEAD:
            fleet.stop_region(region)
        if before.mode == DEAD:
            fleet.start_region(region)
    if before.mode == PARTITION:
        fleet.rejoin(region)


def control(method: str, rest: str) -> tuple[int, dict[str, object]]:
    """Serve `/_embedded/postgres/<region>/stop|start` (POST) and `/_embedded/postgres/<region>/status` (GET)."""
    region, _, verb = rest.partition("/")
    actions = {("POST", "stop"): stop_region, ("POST", "start"): start_region, ("GET", "status"): region_status}
    action = actions.get((method, verb))
    if action is None:
        return 404, {"message": "use POST <region>/stop, POST <region>/start or GET <region>/status"}
    try:
        return 200, {"region": region, "servers": action(region)}
    except LookupError as error:
        return 404, {"message": str(error)}
    except PostgresError as error:
        return 409, {"message": str(error)}


def _running_fleet() -> Fleet:
    if not _fleets:
        raise LookupError("No PostgreSQL has been prepared.")
    return _fleets[0]


class _Hooks:
    """What happens to servers when the API is called. Each method gets MiniStack's own handler first."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._rds: Any = None

    def attach(self, rds: Any) -> None:
        self._rds = rds
        rds._get_docker = lambda: None  # else MiniStack starts a container of its own where Docker is at hand
        for action, hook in (
            ("CreateDBCluster", self._create),
            ("DeleteDBCluster", self._delete),
            ("ModifyDBCluster", self._modify),
            ("CreateGlobalCluster", self._create_global),
            ("DeleteGlobalCluster", self._delete_global),
            ("RemoveFromGlobalCluster", self._leave_global),
            ("FailoverGlobalCluster", self._change_writer),
            ("SwitchoverGlobalCluster", self._change_writer),
        ):
            patching.around(rds, f"_ACTION_MAP[{action}]")(functools.partial(self._answer_errors, hook))
        patching.around(rds, "_global_cluster_xml")(self._global_cluster_xml)
        patching.around(rds, "reset")(self._reset)

    def _answer_errors(self, hook: Callable[[Action, Params], Answer], original: Action, params: Params) -> Answer:
        try:
            return hook(original, params)
        except PostgresError as error:
            logger.error("%s", error)
            # A client error: the SDKs would send a server error again and again.
            answer: Answer = self._rds._error("InvalidDBClusterStateFault", str(error), 400)
            return answer

    def _create(self, original: Action, params: Params) -> Answer:
        answer = original(params)
        cluster: Record | None = self._rds._clusters.get(self._rds._p(params, "DBClusterIdentifier"))
        if answer[0] != 200 or cluster is None or cluster["Engine"] != ENGINE:
            return answer
        arn = cluster["DBClusterArn"]
        found = self._rds._resolve_global_cluster(cluster.get("GlobalClusterIdentifier") or "")
        writer: Record | None = self._rds._global_cluster_writer_cluster(found) if found else None
        try:
            if writer is not None and writer is not cluster:
                self._fleet.create_standby(arn, writer["DBClusterArn"])
            else:
                database = cluster.get("DatabaseName") or "postgres"
                self._fleet.create_writer(arn, cluster["MasterUsername"], cluster["_MasterUserPassword"], database)
        except PostgresError:
            self._forget(cluster, found)
            raise
        if found and (writer is None or writer is cluster):
            self._fleet.follow(found["GlobalClusterResourceId"], arn)
        self._publish(cluster)
        body = (
            f"<CreateDBClusterResult><DBCluster>{self._rds._cluster_xml(cluster)}</DBCluster></CreateDBClusterResult>"
        )
        published: Answer = self._rds._xml(200, "CreateDBClusterResponse", body)
        return published

    def _forget(self, cluster: Record, global_cluster: Record | None) -> None:
        """Take back the records of a cluster whose server could not be made."""
        arn = cluster["DBClusterArn"]
        self._rds._clusters.pop(cluster["DBClusterIdentifier"], None)
        self._rds._tags.pop(arn, None)
        if global_cluster:
            members = global_cluster["GlobalClusterMembers"]
            members[:] = [member for member in members if member["DBClusterArn"] != arn]
            self._rds._refresh_global_cluster_readers(global_cluster)

    def _publish(self, cluster: Record) -> None:
        """Let the cluster's endpoints name its server."""
        address = self._fleet.address(cluster["DBClusterArn"])
        if address is not None:
            cluster.update(Endpoint=address, ReaderEndpoint=address, Port=self._fleet.port)

    def _delete(self, original: Action, params: Params) -> Answer:
        cluster = self._rds._resolve_cluster_in_request_region(self._rds._p(params, "DBClusterIdentifier"))
        answer = original(params)
        if answer[0] == 200 and cluster:
            self._fleet.remove(cluster["DBClusterArn"])
        return answer

    def _modify(self, original: Action, params: Params) -> Answer:
        cluster = self._rds._resolve_cluster_in_request_region(self._rds._p(params, "DBClusterIdentifier"))
        arn = cluster["DBClusterArn"] if cluster else ""
        before = cluster.get("_MasterUserPassword") if cluster else None
        if self._rds._p(params, "MasterUserPassword") and self._fleet.replicates(arn):
            raise PostgresError("The master password of a global database is changed on its writer cluster.")
        answer = original(params)
        if answer[0] == 200 and self._fleet.address(arn) is not None and not self._fleet.replicates(arn):
            self._publish(cluster)
            if cluster["_MasterUserPassword"] != before or self._rds._p(params, "MasterUserPassword"):
                self._fleet.set_password(arn, cluster["MasterUsername"], cluster["_MasterUserPassword"])
        return answer

    def _create_global(self, original: Action, params: Params) -> Answer:
        answer = original(params)
        created = self._rds._resolve_global_cluster(self._rds._p(params, "GlobalClusterIdentifier"))
        writer = self._rds._global_cluster_writer_cluster(created) if answer[0] == 200 and created else None
        if writer and self._fleet.address(writer["DBClusterArn"]) is not None:
            self._fleet.follow(created["GlobalClusterResourceId"], writer["DBClusterArn"])
        return answer

    def _delete_global(self, original: Action, params: Params) -> Answer:
        found = self._rds._resolve_global_cluster(self._rds._p(params, "GlobalClusterIdentifier"))
        answer = original(params)
        if answer[0] == 200 and found:
            self._fleet.remove_global(found["GlobalClusterResourceId"])
        return answer

    def _leave_global(self, original: Action, params: Params) -> Answer:
        found = self._rds._resolve_global_cluster(self._rds._p(params, "GlobalClusterIdentifier"))
        cluster = self._rds._resolve_cluster(self._rds._p(params, "DbClusterIdentifier"))
        answer = original(params)
        if answer[0] == 200 and found and cluster:
            arn = cluster["DBClusterArn"]
            if self._fleet.replicates(arn):
                self._fleet.detach(arn)
            elif not found.get("GlobalClusterMembers"):
                self._fleet.follow(found["GlobalClusterResourceId"], None)
        return answer

    def _change_writer(self, original: Action, params: Params) -> Answer:
        """Failover or switchover: the servers first, so that a failure leaves the records as they are."""
        resolved, error = self._rds._resolve_global_writer_switch(params)
        if error or ("AllowDataLoss" in params and "Switchover" in params):
            return original(params)
        found, target, _target_member, _writer = resolved
        if found["Engine"] == ENGINE and target:
            lossy = str(self._rds._p(params, "AllowDataLoss")).lower() == "true"
            change = self._fleet.fail_over if lossy else self._fleet.switch_over
            change(found["GlobalClusterResourceId"], target["DBClusterArn"])
        return original(params)

    def _global_cluster_xml(self, original: Callable[[Record], str], found: Record) -> str:
        if found["Engine"] == ENGINE and found["Status"] != "deleting":
            found["Endpoint"] = self._fleet.global_address(found["GlobalClusterResourceId"])
        return original(found)

    def _reset(self, original: Callable[[], None]) -> None:
        self._fleet.clear()
        original()
