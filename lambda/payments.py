"""GET /v1/payments/{id}: a payment's status, as this region knows it, for whoever holds the signing secret.

Reads SESSIONS_TABLE, SIGNING_SECRET_ARN. Answers in every state of the region: reading harms nobody.
"""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.api import answer, resolver
from domain.authentication import authenticate
from domain.http_request import header
from domain.log import logger
from domain.observability import instrumented
from domain.payment import is_payment_id
from domain.payment_store import PaymentStore, StoreError
from domain.problem import Problem, unavailable
from domain.secret_store import SigningKeys
from domain.signature import HEADER

app = resolver()
_keys = SigningKeys(aws.client("secretsmanager"), environment.required("SIGNING_SECRET_ARN"))
_store = PaymentStore(aws.client("dynamodb"), environment.required("SESSIONS_TABLE"))


@app.get("/v1/payments/<payment_id>")
def read(payment_id: str) -> Response[str]:
    """Answer with the status; customer data stays in the table."""
    signed = f"GET /v1/payments/{payment_id}".encode()
    authenticate(header(app.current_event.raw_event, HEADER), signed, _keys)
    if not is_payment_id(payment_id):
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid-id", "The id has not the form of a payment's id.")
    try:
        payment = _store.find(payment_id)
    except StoreError as reason:
        logger.error("store unavailable", payment_id=payment_id, reason=str(reason))
        raise unavailable("not-readable", "Payments cannot be read now.") from None
    if payment is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no-such-payment", "This region knows no payment with this id.")
    return answer(
        HTTPStatus.OK,
        {
            "id": payment.id,
            "status": payment.status,
            "amount": payment.amount,
            "currency": payment.currency,
            "accepted_at": payment.accepted_at,
            "region": payment.region,
        },
    )


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event, context)
