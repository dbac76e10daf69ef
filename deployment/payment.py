"""The proof at the end of a deploy: one signed payment goes in, is settled, and is seen as settled in both regions."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import ssl
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deployment.aws import client
from deployment.console import say
from deployment.errors import DeploymentError

SETTLED = "settled"
SETTLED_SECONDS = 120
"""How long a region may take to say so: the queue takes seconds, the way to the other region 60 s (RPO) at the most.

If the queue refuses the message, the reconciler sends it again after a minute.
"""

_FIRST_ANSWER_SECONDS = 90
"""A new name takes Route 53 a while; a new function's first start takes seconds."""


@dataclass(frozen=True)
class Answer:
    """What an API said."""

    status: int
    body: str


def signature(key: str, signed: str, *, now: int) -> str:
    """The ``Tap-Signature`` header for a text, at a Unix time."""
    digest = hmac.new(key.encode(), f"{now}.{signed}".encode(), hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


def call(
    name: str,
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 30,
) -> Answer:
    """Send a request to an API by its regional name.

    On the embedded target nothing resolves that name: the emulator's address is called with the name as Host.

    Raises:
        OSError: nobody answered within ``timeout`` seconds.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=timeout)
    else:
        connection = http.client.HTTPSConnection(name, timeout=timeout, context=ssl.create_default_context())
    try:
        connection.request(method, path, body=body, headers={"Host": name, **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(errors="replace"))
    except http.client.HTTPException as error:
        raise ConnectionError(f"{name}: {type(error).__name__}: {error}") from None
    finally:
        connection.close()


def well(name: str, path: str) -> Answer:
    """The 200 of a health check under a regional name.

    Raises:
        DeploymentError: it answers otherwise, also after a while.
    """
    answer = _until(lambda: call(name, "GET", path), lambda seen: seen.status == 200, _FIRST_ANSWER_SECONDS)
    if answer.status != 200:
        raise DeploymentError(_not_as_promised(f"GET https://{name}{path}", 200, answer))
    return answer


def round_trip(outputs: Mapping[str, Any], *, to: str | None = None, within: float = SETTLED_SECONDS) -> str:
    """Send a payment to a region, else to the primary, and wait until both say that it is settled; its id.

    Raises:
        DeploymentError: it was not accepted, or is not settled within the promised time.
    """
    shared = outputs["global"]
    names: dict[str, str] = shared["regional_names"]
    key = signing_key(shared)
    payment = f"round-trip-{uuid.uuid4()}"
    body = json.dumps({"id": payment, "amount": 1250, "currency": "EUR", "customer": {"reference": "round-trip"}})
    started = time.monotonic()
    name = names[to or shared["primary_region"]]
    answer = _accepted(name, key, body)
    say(f"  POST https://{name}/v1/webhooks/payments  {answer.status}  {payment}")
    for region in (shared["primary_region"], shared["standby_region"]):
        seen = _settled(names[region], key, payment, within=within)
        say(
            f"  GET  https://{names[region]}/v1/payments/{payment}  {seen.status}  {_status(seen)}"
            f"  (after {time.monotonic() - started:.1f} s)"
        )
    return payment


def signing_key(shared: dict[str, Any]) -> str:
    """What webhooks are signed with, as the primary region has it."""
    region = shared["primary_region"]
    secret = client("secretsmanager", region).get_secret_value(SecretId=shared["signing_secret_arns"][region])
    return str(json.loads(secret["SecretString"])["key"])


def _accepted(name: str, key: str, body: str) -> Answer:
    def send() -> Answer:
        headers = {"Content-Type": "application/json", "Tap-Signature": signature(key, body, now=int(time.time()))}
        return call(name, "POST", "/v1/webhooks/payments", body=body, headers=headers)

    # Only what a new deployment may still answer is tried again; a refusal is a refusal.
    answer = _until(send, lambda seen: seen.status not in (403, 429, 500, 502, 503, 504), _FIRST_ANSWER_SECONDS)
    if answer.status != 202:
        raise DeploymentError(_not_as_promised(f"POST https://{name}/v1/webhooks/payments", 202, answer))
    return answer


def _settled(name: str, key: str, payment: str, *, within: float) -> Answer:
    path = f"/v1/payments/{payment}"

    def read() -> Answer:
        return call(name, "GET", path, headers={"Tap-Signature": signature(key, f"GET {path}", now=int(time.time()))})

    answer = _until(read, lambda seen: _status(seen) == SETTLED, within)
    if _status(answer) != SETTLED:
        raise DeploymentError(_not_as_promised(f"GET https://{name}{path}", f"200 and {SETTLED}", answer))
    return answer


def _status(answer: Answer) -> str | None:
    """What became of the payment; None if the answer does not tell."""
    if answer.status != 200:
        return None
    try:
        status = json.loads(answer.body)["status"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(status)


def _until(ask: Any, good: Any, seconds: float) -> Answer:
    """The first good answer, or the last one at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer: Answer = ask()
        except OSError as error:
            answer = Answer(0, f"no answer: {error}")
        if (answer.status and good(answer)) or time.monotonic() > deadline:
            return answer
        time.sleep(0.5)


def _not_as_promised(request: str, expected: int | str, answer: Answer) -> str:
    return (
        f"The deployment is up, but the payment's round trip failed.\n  {request}\n"
        f"  expected {expected}, got {answer.status or 'nothing'}: {answer.body[:500]}\n"
        "  Next: read the function's log group (/aws/lambda/…) for this request, or run `make deploy` again."
    )
