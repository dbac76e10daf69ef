"""What becomes of payments, as this region knows it, for whoever holds the signing secret.

GET /v1/payments/{id} tells of one payment, GET /v1/payments?status=... and ?customer=... list them. Reads
SESSIONS_TABLE, SIGNING_SECRET_ARN. Answers in every state of the region: reading harms nobody.
"""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.api import Router, answer
from domain.authentication import authenticate
from domain.http_request import header, query, signed_line
from domain.http_response import Response
from domain.log import logger
from domain.observability import instrumented
from domain.payment import is_payment_id
from domain.payment_lists import CursorError, Page, PaymentLists
from domain.payment_lookup import Lookup, parse_lookup
from domain.payment_store import PaymentStore, StoredPayment, StoreError
from domain.problem import Problem, unavailable
from domain.secret_store import SigningKeys
from domain.signature import HEADER

app = Router()
_keys = SigningKeys(aws.client("secretsmanager"), environment.required("SIGNING_SECRET_ARN"))
_dynamodb, _table = aws.client("dynamodb"), environment.required("SESSIONS_TABLE")
_store, _lists = PaymentStore(_dynamodb, _table), PaymentLists(_dynamodb, _table)


@app.get("/v1/payments/<payment_id>")
def read(payment_id: str) -> Response:
    """Answer with the status; customer data stays in the table."""
    _authenticate()
    if not is_payment_id(payment_id):
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid-id", "The id has not the form of a payment's id.")
    try:
        payment = _store.find(payment_id)
    except StoreError as reason:
        raise _not_readable(reason) from None
    if payment is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no-such-payment", "This region knows no payment with this id.")
    return answer(HTTPStatus.OK, _told(payment))


@app.get("/v1/payments")
def look_up() -> Response:
    """Answer with a page of payments and, unless it is the last, the cursor of the next."""
    _authenticate()
    lookup = parse_lookup(query(app.event))
    try:
        page = _page(lookup)
    except CursorError:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "invalid-cursor", "The cursor is none that a page has ended with."
        ) from None
    except StoreError as reason:
        raise _not_readable(reason) from None
    more = {} if page.cursor is None else {"next": page.cursor}
    return answer(HTTPStatus.OK, {"payments": [_told(payment) for payment in page.payments], **more})


def _page(lookup: Lookup) -> Page:
    if lookup.customer is not None:
        return _lists.by_customer(lookup.customer, limit=lookup.limit, cursor=lookup.cursor)
    return _lists.by_status(lookup.status, limit=lookup.limit, cursor=lookup.cursor)


def _authenticate() -> None:
    event = app.event
    authenticate(header(event, HEADER), signed_line(event), _keys)


def _told(payment: StoredPayment) -> dict[str, Any]:
    return {
        "id": payment.id,
        "status": payment.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "accepted_at": payment.accepted_at,
        "region": payment.region,
    }


def _not_readable(reason: StoreError) -> Problem:
    logger.error("store unavailable", reason=str(reason))
    return unavailable("not-readable", "Payments cannot be read now.")


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event)
