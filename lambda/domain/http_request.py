"""What API Gateway hands over: the body as the sender's bytes, and headers without regard to case."""

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

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


def _too_large() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", f"The body is larger than {MAX_BODY_BYTES} bytes."
    )
