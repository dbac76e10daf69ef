"""POST /v1/webhooks/payments: a signed, valid and new payment becomes durable in this region.

Reads SESSIONS_TABLE, SIGNING_SECRET_ARN, QUEUE_URL, CONTROL_CACHE_SECONDS.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.api import Router, answer
from domain.authentication import authenticate
from domain.http_request import header, raw_body
from domain.http_response import Response
from domain.log import logger
from domain.observability import count, instrumented
from domain.payment import Payment, parse_payment
from domain.payment_queue import PaymentQueue, QueueError
from domain.payment_store import PaymentConflictError, PaymentStore, StoredPayment, StoreError
from domain.problem import Problem, unavailable
from domain.region_state import Control, RegionState, RegionStateError, State
from domain.secret_store import SigningKeys
from domain.signature import HEADER

app = Router()
_dynamodb = aws.client("dynamodb")
_keys = SigningKeys(aws.client("secretsmanager"), environment.required("SIGNING_SECRET_ARN"))
_store = PaymentStore(_dynamodb, environment.required("SESSIONS_TABLE"))
_queue = PaymentQueue(aws.client("sqs"), environment.required("QUEUE_URL"))
_region_state = RegionState(
    _dynamodb,
    environment.required("SESSIONS_TABLE"),
    environment.region(),
    cache_seconds=environment.seconds("CONTROL_CACHE_SECONDS"),
)
# By when a failover, or its reversal, has usually ended.
_FENCED_RETRY_SECONDS = 30


@app.post("/v1/webhooks/payments")
def receive() -> Response:
    """Answer 202 only when the payment is durable."""
    event = app.event
    body = raw_body(event)
    authenticate(header(event, HEADER), body, _keys)
    try:
        payment = parse_payment(body)
    except Problem:
        count("PaymentInvalid")
        raise
    control = _not_fenced()
    stored, new = _accept(payment, control)
    if new and control.state is State.ACTIVE:
        _enqueue(stored)
    count("PaymentAccepted" if new else "PaymentRepeated")
    logger.info("accepted" if new else "repeated", payment_id=payment.id, epoch=control.epoch)
    return answer(
        HTTPStatus.ACCEPTED,
        {"id": stored.id, "status": "accepted", "accepted_at": stored.accepted_at, "region": stored.region},
    )


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event)


def _enqueue(payment: StoredPayment) -> None:
    """The payment is durable whether or not the queue takes it: what is not settled is enqueued again later."""
    try:
        _queue.send(payment.id)
    except QueueError as reason:
        count("NotEnqueued")
        logger.error("not enqueued", payment_id=payment.id, reason=str(reason))


def _not_fenced() -> Control:
    try:
        control = _region_state.current()
    except RegionStateError as reason:
        logger.error("region state unavailable", reason=str(reason))
        raise unavailable("not-ready", "Payments cannot be accepted now.") from None
    if control.state is State.FENCED:
        count("FencedRefused")
        raise unavailable("fenced", "This region does not accept payments now.", retry_after=_FENCED_RETRY_SECONDS)
    return control


def _accept(payment: Payment, control: Control) -> tuple[StoredPayment, bool]:
    try:
        return _store.accept(payment, region=environment.region(), epoch=control.epoch, now=datetime.now(UTC))
    except PaymentConflictError:
        count("PaymentConflict")
        logger.warning("conflict", payment_id=payment.id)
        raise Problem(
            HTTPStatus.CONFLICT, "payment-conflict", "The id was used for a payment with other content."
        ) from None
    except StoreError as reason:
        count("StoreUnavailable")
        logger.error("store unavailable", payment_id=payment.id, reason=str(reason))
        raise unavailable("not-stored", "The payment could not be stored; send it again.") from None
