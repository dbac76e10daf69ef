"""What an ingress hands over: the body as the sender's bytes, headers without regard to case, the query decoded."""

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote_plus

from domain.problem import Problem

MAX_BODY_BYTES = 16_384  # also in openapi.json; many times a payment's size, far below API Gateway's 10 MB


def raw_body(event: Mapping[str, Any]) -> bytes:
    """Return the body as sent. Raises Problem 400 (not decodable) or 413 (larger than MAX_BODY_BYTES)."""
    body = event.get("body") or ""
    if len(body) > MAX_BODY_BYTES * 2:  # before decoding: base64 grows a body by a third only
        raise _too_large()
    if event.get("isBase64Encoded"):
        try:
            raw = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise Problem(HTTPStatus.BAD_REQUEST, "malformed-body", "The body cannot be decoded.") from None
    else:
        raw = body.encode("utf-8", errors="surrogatepass")
    if len(raw) > MAX_BODY_BYTES:
        raise _too_large()
    return raw


def header(event: Mapping[str, Any], name: str) -> str | None:
    """Return the header's value; None when it is missing, or sent twice (which of the two counts is anyone's guess)."""
    several = event.get("multiValueHeaders") or {}
    values = [value for key, all_values in several.items() if key.lower() == name.lower() for value in all_values]
    if not values:
        single = event.get("headers") or {}
        values = [value for key, value in single.items() if key.lower() == name.lower()]
    return values[0] if len(values) == 1 else None


def query(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the query's parameters. Raises Problem 400 when one is there twice: which counts is anyone's guess."""
    pairs = _pairs(event)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise Problem(HTTPStatus.BAD_REQUEST, "repeated-parameter", "A query parameter is there more than once.")
    return parameters


def signed_line(event: Mapping[str, Any]) -> bytes:
    """Return what the sender of a request without a body signs: ``GET /path?query``.

    The parameters are sorted, and encoded as RFC 3986 has it, so that sender and receiver write the same text.
    """
    encoded = sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in _pairs(event))
    text = f"{event['httpMethod']} {event['path']}{'?' if encoded else ''}{'&'.join(encoded)}"
    return text.encode("utf-8", errors="surrogatepass")


def _pairs(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    several = event.get("multiValueQueryStringParameters") or {}
    if not several:
        several = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    # A load balancer hands parameters over as they were sent, API Gateway decodes them.
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    read = unquote_plus if "elb" in (event.get("requestContext") or {}) else str
    return [(read(name), read(value)) for name, values in several.items() for value in values]


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _too_large() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", f"The body is larger than {MAX_BODY_BYTES} bytes."
    )
