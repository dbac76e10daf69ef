"""Who may talk to the API: whoever holds the signing secret."""

import time
from http import HTTPStatus

from domain.log import logger
from domain.observability import count
from domain.problem import Problem, unavailable
from domain.secret_store import SecretError, SigningKeys
from domain.signature import SignatureError, SignatureMismatchError, verify


def authenticate(header: str | None, content: bytes, keys: SigningKeys) -> None:
    """Return when ``content`` is signed; else raise Problem 401, or 503 when no key can be read."""
    try:
        try:
            verify(header, content, keys=keys.current(), now=time.time())
        except SignatureMismatchError:
            # The sender may already use a key that was rotated in after this function cached the last one.
            newer = keys.refreshed()
            if newer is None:
                raise
            verify(header, content, keys=newer, now=time.time())
    except SignatureError as reason:
        logger.info("signature refused", reason=str(reason))
        count("SignatureRefused")
        raise Problem(
            HTTPStatus.UNAUTHORIZED, "invalid-signature", "The Tap-Signature header does not fit the request."
        ) from None
    except SecretError as reason:
        logger.error("no signing key", reason=str(reason))
        raise unavailable("no-signing-key", "Signatures cannot be verified now.") from None
