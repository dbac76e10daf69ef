"""Enqueues accepted payments that nothing has settled: what the queue refused, lost, or has in the other region.

Runs on a schedule and on demand, in every region; only in the active one it does something. Takes {}, returns
{"enqueued": n, "state": "active"}. Reads SESSIONS_TABLE, QUEUE_URL. Two runs at once do no harm: a payment that is
enqueued twice is settled once.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.log import logger
from domain.observability import count, gauge, instrumented
from domain.payment_queue import PaymentQueue
from domain.payment_store import PaymentStore
from domain.region_state import RegionState, State

# By then a payment that was enqueued when it was accepted is settled, unless something is wrong.
PATIENCE = timedelta(seconds=60)
# A run ends in well under a minute, and the next one goes on with the oldest that are left.
MOST = 2_000
# With more than that in the queue its consumer is behind; more messages would not make it faster.
BACKLOG = 1_000
# Enough to end in good order; the next run takes what is left.
RESERVE_MILLISECONDS = 5_000

_dynamodb = aws.client("dynamodb")
_store = PaymentStore(_dynamodb, environment.required("SESSIONS_TABLE"))
_queue = PaymentQueue(aws.client("sqs"), environment.required("QUEUE_URL"))
_region_state = RegionState(_dynamodb, environment.required("SESSIONS_TABLE"), environment.region())


@instrumented
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    control = _region_state.fresh()
    if control.state is not State.ACTIVE:
        return {"enqueued": 0, "state": control.state.value}
    now = datetime.now(UTC)
    waiting = _store.unsettled(accepted_before=now - PATIENCE, most=MOST)
    gauge("UnsettledPayments", len(waiting))
    gauge("OldestUnsettledSeconds", (now - waiting[0].accepted_at).total_seconds() if waiting else 0, unit="Seconds")
    if _queue.backlog() > BACKLOG:
        logger.warning("the queue is behind; nothing is added to it", waiting=len(waiting))
        count("ReconcilerHeldBack")
        return {"enqueued": 0, "state": control.state.value}
    enqueued = 0
    for payment in waiting:
        if context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS:
            break
        _queue.send(payment.id)
        enqueued += 1
    if enqueued:
        logger.info("enqueued again", payments=enqueued, epoch=control.epoch)
    return {"enqueued": enqueued, "state": control.state.value}
