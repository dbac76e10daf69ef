"""Brings the ledger's schema and the functions' users up to date; Terraform invokes it on every deployment.

Reads DATABASE_MASTER_SECRET_ARN, DATABASE_SECRET_ARN, FAILOVER_SECRET_ARN, DATABASE_WRITER_HOST, DATABASE_PORT,
DATABASE_NAME, DATABASE_TRUST_BUNDLE_SHA256. Takes {}, returns {"applied": [versions], "version": n}; running it again
changes nothing.
"""

import ssl
import time
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from domain import application_role, aws, environment, migrations
from domain.bounded import within
from domain.database import Ledger
from domain.log import logger
from domain.observability import instrumented
from domain.secret_store import Credentials, read_credentials

_secrets = aws.client("secretsmanager")
# A socket may be silent for as long as one statement of a migration, or the wait for another run, takes.
_STATEMENT_SECONDS = 240.0
_CONNECT_SECONDS = 10.0
# What is kept back of the function's time for the migrations themselves.
_RESERVE_SECONDS = 30.0
_PAUSE_SECONDS = 2.0
# SQLSTATE class 57P is "the server starts, or stops"; 53 is "no resources", such as too many connections.
_PASSING_STATES = ("57P", "53")


class DatabaseUnreachableError(RuntimeError):
    """The writer endpoint did not take a connection in time; the message says what the last try ran into."""


@instrumented
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point. Whatever it raises fails the deployment, and says why without a secret in it."""
    found = migrations.load()
    master = read_credentials(_secrets, environment.required("DATABASE_MASTER_SECRET_ARN"))
    users = {
        application_role.SETTLEMENT: read_credentials(_secrets, environment.required("DATABASE_SECRET_ARN")),
        application_role.FAILOVER: read_credentials(_secrets, environment.required("FAILOVER_SECRET_ARN")),
    }
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
    with _connect(master, deadline) as connection:
        migrations.say_region(connection, environment.region())
        migrations.lock(connection)
        applied, version = migrations.migrate(connection, found)
        for group, user in users.items():
            application_role.ensure(connection, user, group=group, master=master.username)
    logger.info("migrated", applied=applied, version=version)
    return {"applied": applied, "version": version}


def _connect(master: Credentials, deadline: float) -> Connection:
    """A cluster takes connections a while after it is there, and a name resolves a while after it is written."""
    ledger, host = Ledger.from_environment(), environment.required("DATABASE_WRITER_HOST")
    connect = partial(ledger.connect, host, master, timeout=_STATEMENT_SECONDS, application="tap-migrate")
    while True:
        try:
            return within(_CONNECT_SECONDS, connect)
        except (InterfaceError, DatabaseError, OSError) as error:
            reason = _passing_reason(error)
            if reason is None:
                raise
            if time.monotonic() + _PAUSE_SECONDS > deadline:
                raise DatabaseUnreachableError(f"{host}:{ledger.port} takes no connection: {reason}") from None
            logger.info("waiting for the database", reason=reason)
            time.sleep(_PAUSE_SECONDS)


def _passing_reason(error: Exception) -> str | None:
    """Return why it may work in a moment; None for what waiting does not cure: certificates, passwords."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return None
    if isinstance(error, DatabaseError):
        details = error.args[0] if error.args else None
        state = str(details.get("C", "")) if isinstance(details, dict) else ""
        return f"SQLSTATE {state}" if state.startswith(_PASSING_STATES) else None
    return f"{type(error).__name__}: {error}"
