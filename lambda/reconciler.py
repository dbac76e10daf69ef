"""Brings the table and the ledger together again: what was accepted and never settled, and what a failover has lost.

Runs every minute in each region, and on demand with {"limit": n, "full": true}: ``limit`` bounds how many payments are
compared and enqueued (each); ``full`` enqueues even what was accepted just now, as nobody else will after a failover,
and begins the comparison with the oldest payment instead of the checkpoint, which the next runs go on with.

Returns {"state", "enqueued", "compared", "reopened", "finished"}; ``finished`` is false while there is more to compare.
Reads SESSIONS_TABLE, QUEUE_URL, DATABASE_SECRET_ARN, DATABASE_WRITER_HOST, DATABASE_READER_HOST, DATABASE_PORT,
DATABASE_NAME, DATABASE_TRUST_BUNDLE_SHA256. Two runs at once do no harm: a payment that is enqueued twice is settled
once.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.database import Ledger, without_data
from domain.ledger_comparison import Compared, LedgerComparison, has_work
from domain.log import logger
from domain.observability import count, gauge, instrumented
from domain.payment_queue import PaymentQueue
from domain.payment_store import PaymentStore
from domain.region_state import Control, RegionState, State
from domain.secret_store import CredentialCache

# By then a payment that was enqueued when it was accepted is settled, unless something is wrong.
PATIENCE = timedelta(seconds=60)
# A run ends in well under a minute, and the next one goes on with the oldest that are left.
MOST = 2_000
# As many as half of a run has time for; the fifteen minutes before a failover must not take all of its budget.
MOST_COMPARED = 100_000
# With more than that in the queue its consumer is behind; more messages would not make it faster.
BACKLOG = 1_000
# Enough to end in good order; the next run takes what is left.
RESERVE_MILLISECONDS = 5_000
# What a comparison leaves for enqueuing: half of the time.
COMPARING_RESERVE_MILLISECONDS = 25_000
DATABASE_SECONDS = 5.0

_dynamodb = aws.client("dynamodb")
_table = environment.required("SESSIONS_TABLE")
_store = PaymentStore(_dynamodb, _table)
_queue = PaymentQueue(aws.client("sqs"), environment.required("QUEUE_URL"))
_region_state = RegionState(_dynamodb, _table, environment.region())
_comparison = LedgerComparison(_dynamodb, _table, environment.region())
_ledger = Ledger.from_environment()
_writer, _reader = environment.required("DATABASE_WRITER_HOST"), environment.required("DATABASE_READER_HOST")
_credentials = CredentialCache(aws.client("secretsmanager"), environment.required("DATABASE_SECRET_ARN"))


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point. Raises ValueError for an event that asks for what there is not."""
    limit, full = event.get("limit", MOST_COMPARED), event.get("full", False)
    if type(limit) is not int or not 0 < limit <= MOST_COMPARED or type(full) is not bool:
        raise ValueError(f'"limit" is a whole number from 1 to {MOST_COMPARED}, "full" is true or false')
    control = _region_state.fresh()
    compared = _compare(control, limit, full, lambda: _left(context) < COMPARING_RESERVE_MILLISECONDS)
    enqueued = (
        _enqueue(control, min(limit, MOST), timedelta(0) if full else PATIENCE, context)
        if control.state is State.ACTIVE
        else 0
    )
    return {
        "state": control.state.value,
        "enqueued": enqueued,
        "compared": compared.compared,
        "reopened": compared.reopened,
        "finished": compared.finished,
    }


def _left(context: LambdaContext) -> int:
    return int(context.get_remaining_time_in_millis())


def _compare(control: Control, limit: int, full: bool, enough: Callable[[], bool]) -> Compared:
    """Whatever stands between us and the ledger, what was never settled is enqueued all the same."""
    if not has_work(control):
        return Compared()
    host = _writer if control.state is State.ACTIVE else _reader
    try:
        with _ledger.open(host, _credentials, seconds=DATABASE_SECONDS, application="tap-reconciler") as ledger:
            compared = _comparison.run(ledger, control, limit=limit, from_start=full, enough=enough)
    except Exception as error:  # noqa: BLE001 - the next run tries again
        logger.error("not compared with the ledger", reason=without_data(error))
        count("NotCompared")
        return Compared(finished=False)
    gauge("ReopenedPayments", compared.reopened)
    if compared.reopened:
        logger.error("lost with the old ledger's writer, reopened", payments=compared.reopened, epoch=control.epoch)
    return compared


def _enqueue(control: Control, limit: int, patience: timedelta, context: LambdaContext) -> int:
    now = datetime.now(UTC)
    waiting = _store.unsettled(accepted_before=now - patience, most=limit)
    gauge("UnsettledPayments", len(waiting))
    gauge("OldestUnsettledSeconds", (now - waiting[0].accepted_at).total_seconds() if waiting else 0, unit="Seconds")
    if _queue.backlog() > BACKLOG:
        logger.warning("the queue is behind; nothing is added to it", waiting=len(waiting))
        count("ReconcilerHeldBack")
        return 0
    enqueued = 0
    for payment in waiting:
        if _left(context) < RESERVE_MILLISECONDS:
            break
        _queue.send(payment.id)
        enqueued += 1
    if enqueued:
        logger.info("enqueued again", payments=enqueued, epoch=control.epoch)
    return enqueued
