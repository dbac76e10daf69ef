"""Begins an epoch in the ledger; the failover workflow invokes it when the writer is in its region.

Reads FAILOVER_SECRET_ARN, DATABASE_WRITER_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_TRUST_BUNDLE_SHA256. Takes
{"epoch": n}, returns {"epoch": n}. Run again it changes nothing. Raises when the writer endpoint does not lead to a
writer yet, or another region has begun the epoch; the workflow tries again, within bounds.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.native import Connection

from domain import aws, environment
from domain.bounded import within
from domain.database import Ledger, without_data
from domain.log import logger
from domain.observability import instrumented
from domain.secret_store import read_credentials

# For the secret, the connection and the wait for settlements that hold the old epoch; the workflow tries again.
SECONDS = 20.0

_ledger = Ledger.from_environment()
_writer = environment.required("DATABASE_WRITER_HOST")
_secrets = aws.client("secretsmanager")
_secret = environment.required("FAILOVER_SECRET_ARN")


class EpochError(RuntimeError):
    """The epoch could not begin; the message says why, with PostgreSQL's SQLSTATE where it has one."""


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point. Raises EpochError."""
    epoch = event.get("epoch")
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
        raise EpochError('the event must be {"epoch": n} with a whole number from 1')
    try:
        begun = within(SECONDS, lambda: _begin(epoch))
    except Exception as error:  # noqa: BLE001 - whatever it is, the workflow is told and tries again
        raise EpochError(without_data(error)) from None
    logger.info("epoch begun", epoch=begun)
    return {"epoch": begun}


def _begin(epoch: int) -> int:
    with _connect() as connection:
        (begun,) = connection.run(
            "SELECT ledger.begin_epoch(CAST(:epoch AS bigint), :region)", epoch=epoch, region=environment.region()
        ) or [[0]]
    return int(begun[0])


def _connect() -> Connection:
    credentials = read_credentials(_secrets, _secret)
    return _ledger.connect(_writer, credentials, timeout=SECONDS, application="tap-failover")
