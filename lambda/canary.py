"""Sends a payment of its own through this region's public name, and tells what has become of one.

The failover workflow's last proof. Takes {"send": id}, returns {"accepted": true}; takes {"check": id}, returns
{"settled": true|false}. Raises when the region refuses. Reads REGIONAL_HOST, SIGNING_SECRET_ARN. The payment is one
cent; accountants know it by its id and by its customer's reference.
"""

import json
import ssl
import time
import urllib.request
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.bounded import within
from domain.log import logger
from domain.observability import instrumented
from domain.secret_store import SigningKeys
from domain.signature import HEADER, sign

SECONDS = 10.0
REFERENCE = "failover-canary"

_host = environment.required("REGIONAL_HOST")
_keys = SigningKeys(aws.client("secretsmanager"), environment.required("SIGNING_SECRET_ARN"))
_opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))


class CanaryError(RuntimeError):
    """The region has not answered as it must; the message says how, and holds no secret."""


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point. Raises CanaryError."""
    match event:
        case {"send": str(payment)}:
            _send(payment)
            return {"accepted": True}
        case {"check": str(payment)}:
            return {"settled": _status(payment) == "settled"}
    raise CanaryError('the event must be {"send": id} or {"check": id}')


def _send(payment: str) -> None:
    body = json.dumps({"id": payment, "amount": 1, "currency": "USD", "customer": {"reference": REFERENCE}})
    _call("POST", "/v1/webhooks/payments", signed=body, body=body.encode())
    logger.info("canary sent", payment_id=payment)


def _status(payment: str) -> str:
    path = f"/v1/payments/{payment}"
    return str(json.loads(_call("GET", path, signed=f"GET {path}")).get("status"))


def _call(method: str, path: str, *, signed: str, body: bytes | None = None) -> bytes:
    signature = sign(signed.encode(), key=_keys.current()[0], timestamp=int(time.time()))
    request = urllib.request.Request(
        f"https://{_host}{path}",
        method=method,
        data=body,
        headers={HEADER: signature, "Content-Type": "application/json"},
    )
    try:
        return within(SECONDS, lambda: _answer(request))
    except Exception as error:  # noqa: BLE001 - the workflow is told whatever stands in the way
        raise CanaryError(f"{method} {path}: {type(error).__name__}: {error}") from None


def _answer(request: urllib.request.Request) -> bytes:
    with _opener.open(request, timeout=SECONDS) as answer:
        content: bytes = answer.read()
    return content
