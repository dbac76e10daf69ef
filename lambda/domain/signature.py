"""The signature of a request: ``Tap-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.content">``."""

import hashlib
import hmac
import re
from collections.abc import Iterable

HEADER = "Tap-Signature"
TOLERANCE_SECONDS = 300
_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class SignatureError(Exception):
    """The request is not signed as it must be; the message says why and holds nothing of the request."""


class SignatureMismatchError(SignatureError):
    """The form and the time are right, the digest is not: perhaps the key has just been rotated."""


def sign(content: bytes, *, key: bytes, timestamp: int) -> str:
    """Return the header's value for ``content``, signed at ``timestamp`` (unix seconds)."""
    return f"t={timestamp},v1={_digest(content, key, str(timestamp))}"


def verify(header: str | None, content: bytes, *, keys: Iterable[bytes], now: float) -> None:
    """Accept a signature made with any of ``keys`` within TOLERANCE_SECONDS of ``now``; else raise SignatureError."""
    if header is None:
        raise SignatureError("missing or repeated header")
    match = _FORM.fullmatch(header)
    if match is None:
        raise SignatureError("malformed header")
    timestamp, digest = match.groups()
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureError("timestamp out of tolerance")
    # Every key is tried, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(_digest(content, key, timestamp), digest) for key in keys]
    if not any(fits):
        raise SignatureMismatchError("wrong digest")


def _digest(content: bytes, key: bytes, timestamp: str) -> str:
    return hmac.new(key, timestamp.encode("ascii") + b"." + content, hashlib.sha256).hexdigest()
