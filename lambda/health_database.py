"""GET /health/database: the ledger answers, through the endpoint that this region's state calls for.

Reads SESSIONS_TABLE, DATABASE_SECRET_ARN, DATABASE_WRITER_HOST, DATABASE_READER_HOST, DATABASE_PORT, DATABASE_NAME,
DATABASE_TRUST_BUNDLE_SHA256, VERDICT_CACHE_SECONDS.
"""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.exceptions import DatabaseError

from domain import aws, environment
from domain.api import Router, answer
from domain.bounded import within
from domain.database import Ledger, is_refused, without_data
from domain.http_response import Response
from domain.log import logger
from domain.observability import instrumented
from domain.problem import unavailable
from domain.region_state import RegionState, State
from domain.secret_store import CredentialCache, Credentials

app = Router()
# Route 53 wants a status within 2 s of connecting; what is left is for API Gateway and the way there.
CHECK_SECONDS = 1.5

_ledger = Ledger.from_environment()
_writer = environment.required("DATABASE_WRITER_HOST")
_reader = environment.required("DATABASE_READER_HOST")
# A flood of requests costs the database one connection per function instance in this time.
_verdict_seconds = environment.seconds("VERDICT_CACHE_SECONDS")
_credentials = CredentialCache(aws.client("secretsmanager", brisk=True), environment.required("DATABASE_SECRET_ARN"))
_region_state = RegionState(
    aws.client("dynamodb", brisk=True), environment.required("SESSIONS_TABLE"), environment.region()
)


@dataclass(frozen=True)
class Verdict:
    """What the last check found, when (monotonic seconds), and why it is bad (None: it is good)."""

    at: float
    fault: str | None


_verdict: Verdict | None = None


@app.get("/health/database")
def database() -> Response:
    """Answer with a verdict that is VERDICT_CACHE_SECONDS old at most."""
    global _verdict  # noqa: PLW0603 - one verdict per function instance is the point
    if _verdict is None or time.monotonic() - _verdict.at >= _verdict_seconds:
        fault = _check()
        _verdict = Verdict(time.monotonic(), fault)
        if fault is not None:
            logger.warning("unhealthy", reason=fault)
    if _verdict.fault is not None:
        raise unavailable("database-unhealthy", "The database is not in use here, or does not answer.")
    return answer(HTTPStatus.OK, {"status": "ok"})


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event)


def _check() -> str | None:
    """Return what is wrong, or None, in CHECK_SECONDS at most: reading the state and the secret included."""
    try:
        return within(CHECK_SECONDS, _inquire)
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS} s"
    except Exception as error:  # noqa: BLE001 - whatever stands between us and the ledger makes it unhealthy
        return without_data(error)


def _inquire() -> str | None:
    state = _region_state.current().state
    if state is State.FENCED:
        return "this region is fenced"
    try:
        return _query(state, _credentials.get())
    except DatabaseError as error:
        if not is_refused(error):
            raise
    logger.info("credentials refused; reading the secret again")
    _credentials.forget()
    return _query(state, _credentials.get())


def _query(state: State, credentials: Credentials) -> str | None:
    host = _writer if state is State.ACTIVE else _reader
    with _ledger.connect(host, credentials, timeout=CHECK_SECONDS, application="tap-health") as connection:
        rows = connection.run("SELECT pg_is_in_recovery()")
    # A writer endpoint that leads to a reader answers queries, and takes no payment.
    if state is State.ACTIVE and rows != [[False]]:
        return "the writer endpoint leads to a read-only server"
    return None
