"""One PostgreSQL server on an address of its own: create, clone, start, stop, promote."""

import base64
import hashlib
import hmac
import os
import pwd
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

from embedded.server.postgres_home import Owner, PostgresError
from embedded.server.proxy import ReplicationLink, TlsFront

ADMIN = "rdsadmin"  # the superuser's name on Aurora; here it has no password and exists on the private socket only
WAIT_SECONDS = 30
SCRAM_ITERATIONS = 4096  # PostgreSQL's own default

SETTINGS = """\
listen_addresses = '{listen}'
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
ssl = {ssl}
password_encryption = scram-sha-256
fsync = off
shared_buffers = 16MB
max_connections = 100
max_wal_senders = 10
wal_level = replica
wal_keep_size = 128MB
max_wal_size = 256MB
primary_conninfo = '{upstream}'
hot_standby = on
hot_standby_feedback = on
wal_retrieve_retry_interval = 500ms
log_timezone = 'UTC'
timezone = 'UTC'
# A statement that fails may carry a password: never log it.
log_statement = none
log_min_error_statement = panic
"""
ACCESS = f"""\
local   all          {ADMIN}  peer map=owner
local   replication  {ADMIN}  peer map=owner
local   all          all      scram-sha-256
host    all          {ADMIN}  all           reject
hostssl all          all      127.0.0.0/8   scram-sha-256
"""


@dataclass(frozen=True)
class Certificate:
    """A server certificate and its private key, PEM."""

    certificate: str
    key: str


class PostgresServer:
    """A server in `folder`, listening on `address`:`port` with TLS only, and on a socket that only `owner` can use.

    One that was built without TLS, as those in wheels are, listens on the socket only, with a `TlsFront` before it.
    """

    def __init__(
        self,
        *,
        binaries: Path,
        owner: Owner,
        folder: Path,
        address: str,
        port: int,
        certificate: Certificate,
        lag: Callable[[], float],
    ) -> None:
        self.address = address
        self.port = port
        self.folder = folder
        self._binaries = binaries
        self._owner = owner
        self._certificate = certificate
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._front: TlsFront | None = None
        self._link: ReplicationLink | None = None
        self._lag = lag
        folder.mkdir(mode=0o700, exist_ok=True)
        owner.take(folder)

    def create(self, user: str, password: str, database: str) -> None:
        """A new, empty database whose master user is what Aurora's is: no superuser, but may make roles and databases.

        Raises PostgresError.
        """
        self._run("initdb", "-D", self._data, "-U", ADMIN, "-A", "peer", "-E", "UTF8", "--no-locale", "--no-sync")
        self._configure()
        self.start()
        master = _identifier(user)
        self.sql(
            "CREATE ROLE rds_superuser; CREATE ROLE rds_iam;"
            "GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION;"
            f"CREATE ROLE {master} LOGIN CREATEDB CREATEROLE PASSWORD {_literal(scram_verifier(password))};"
            f"GRANT rds_superuser, rds_iam TO {master} WITH ADMIN OPTION;"
        )
        if database != "postgres":
            self.sql(f"CREATE DATABASE {_identifier(database)} OWNER {master};")

    def clone(self, primary: "PostgresServer") -> None:
        """Replace what is here by a streaming standby of `primary`, from which changes come late.

        Raises PostgresError.
        """
        self.stop("immediate")
        shutil.rmtree(self._data, ignore_errors=True)
        # Socket and peer authentication: replication needs no password that could end up on disk or in `ps`.
        source = f"port={primary.port} user={ADMIN} application_name={self.folder.name}"
        copy = ("-d", f"host={primary.folder} {source}", "-D", self._data, "-X", "stream", "-c", "fast", "--no-sync")
        self._run("pg_basebackup", *copy)
        self._owner.write(self._data / "standby.signal", "")
        self._configure(f"host={self._link_folder()} {source}")
        self.connect(primary)
        self.start()

    def connect(self, primary: "PostgresServer") -> None:
        """Let this standby receive changes from its primary again. Raises PostgresError."""
        if self._link is None:
            folder = self._link_folder()
            self._link = ReplicationLink(folder, self.port, self._lag, self._owner.take)
        self._link.join(primary.socket)

    def disconnect(self) -> None:
        """Let nothing more arrive from the primary; what is on its way is lost, and asked for again afterwards."""
        if self._link is not None:
            self._link.join(None)

    @property
    def socket(self) -> Path:
        """The private socket."""
        return self.folder / f".s.PGSQL.{self.port}"

    def _link_folder(self) -> Path:
        folder = self.folder / "in"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._owner.take(folder)
        return folder

    def start(self) -> None:
        """Start and wait until it accepts connections. Raises PostgresError with the end of the server's log."""
        if self.is_running():
            return
        try:
            self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-t", WAIT_SECONDS, "-s", "start")
        except PostgresError as error:
            raise PostgresError(f"{error}\n{self._end_of_log()}") from None
        if self._front is not None:
            self._front.serve(self.socket, self._data / "server.crt", self._data / "server.key")

    def stop(self, mode: str = "fast") -> None:
        """Stop; `fast` hands all changes to the standby first, `immediate` is a crash."""
        if self._front is not None:
            self._front.lead(None)
        if not self.is_running():
            return
        try:
            self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "-t", WAIT_SECONDS, "-s", "stop")
        except PostgresError:
            if mode == "immediate":
                raise
            self.stop("immediate")

    def remove(self) -> None:
        """Stop at once and delete every file."""
        self.stop("immediate")
        for relay in (self._front, self._link):
            if relay is not None:
                relay.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def promote(self) -> None:
        """Make a standby a primary; returns when it accepts writes. Raises PostgresError."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", WAIT_SECONDS, "-s", "promote")

    def is_running(self) -> bool:
        """Whether the server process lives."""
        if not (self._data / "postmaster.pid").exists():
            return False
        return self._execute("pg_ctl", "-D", self._data, "status").returncode == 0

    def wait_until_streaming(self, primary: "PostgresServer", seconds: float = 15) -> None:
        """Wait until this standby receives changes from its primary. Raises PostgresError after `seconds`."""
        # The standby itself says "streaming" before it has connected.
        expected, deadline = f"{self.folder.name}|streaming", time.monotonic() + seconds
        while expected not in primary.sql("SELECT application_name, state FROM pg_stat_replication").splitlines():
            if time.monotonic() > deadline:
                raise PostgresError(f"The standby is not replicating after {seconds:.0f} s.")
            time.sleep(0.1)

    def last_checkpoint(self) -> str:
        """Where a stopped server's log ends: the position of its shutdown checkpoint, such as 0/3000028."""
        answer = self._run("pg_controldata", "-D", self._data)
        if "shut down" not in answer or (found := re.search(r"Latest checkpoint location:\s+(\S+)", answer)) is None:
            raise PostgresError("The old writer was not shut down cleanly.")
        return found.group(1)

    def wait_until_replayed(self, position: str, seconds: float = 10) -> None:
        """Wait until this standby has applied the record at `position`. Raises PostgresError after `seconds`."""
        deadline = time.monotonic() + seconds
        while self.sql(f"SELECT pg_last_wal_replay_lsn() > {_literal(position)}::pg_lsn") != "t":
            if time.monotonic() > deadline:
                raise PostgresError(f"The standby did not reach {position} within {seconds:.0f} s.")
            time.sleep(0.05)

    def set_password(self, user: str, password: str) -> None:
        """Change a user's password. Raises PostgresError."""
        self.sql(f"ALTER ROLE {_identifier(user)} PASSWORD {_literal(scram_verifier(password))};")

    def sql(self, statements: str) -> str:
        """Run statements as the superuser over the private socket; the rows as text. Raises PostgresError."""
        options = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse")
        target = ("-h", self.folder, "-p", self.port, "-U", ADMIN, "-d", "postgres")
        return self._run("psql", *options, *target, text=statements).strip()

    def _configure(self, upstream: str = "") -> None:
        if '"' in self._owner.name:
            raise PostgresError(f"PostgreSQL cannot run as {self._owner.name}: a quote in a user's name.")
        tls = self._speaks_tls()
        if not tls and self._front is None:
            self._front = TlsFront(self.address, self.port)
        settings = SETTINGS.format(
            listen=self.address if tls else "",
            port=self.port,
            sockets=str(self.folder).replace("'", "''"),
            ssl="on" if tls else "off",
            upstream=upstream.replace("'", "''"),
        )
        self._owner.write(self._data / "postgresql.conf", settings)
        self._owner.write(self._data / "pg_hba.conf", ACCESS)
        # The emulator's own user is one of them: replication passes through it, and root runs no server itself.
        users = dict.fromkeys((self._owner.name, pwd.getpwuid(os.geteuid()).pw_name))
        mapped = "".join(f'owner "{name}" {ADMIN}\n' for name in users)
        self._owner.write(self._data / "pg_ident.conf", mapped)
        self._owner.write(self._data / "server.crt", self._certificate.certificate)
        self._owner.write(self._data / "server.key", self._certificate.key)

    def _speaks_tls(self) -> bool:
        return bool(self._run("postgres", "-C", "ssl_library", "-D", self._data).strip())

    def _run(self, program: str, *arguments: str | int | Path, text: str = "") -> str:
        result = self._execute(program, *arguments, text=text)
        if result.returncode != 0:
            said = (result.stderr or result.stdout).strip()[-500:]
            raise PostgresError(f"{program} failed ({result.returncode}): {said}")
        return result.stdout

    def _execute(self, program: str, *arguments: str | int | Path, text: str = "") -> CompletedProcess[str]:
        command: list[str | Path] = [self._binaries / program, *(str(argument) for argument in arguments)]
        try:
            return self._owner.run(command, self.folder, text, timeout=2 * WAIT_SECONDS)
        except TimeoutExpired:
            raise PostgresError(f"{program} did not end within {2 * WAIT_SECONDS} s.") from None

    def _end_of_log(self) -> str:
        try:
            return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        except OSError:
            return ""


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores for a password (RFC 5802, 7677), made here so that the server never sees the password."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *parts)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
