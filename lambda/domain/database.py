"""Connections to the ledger: PostgreSQL over TLS, with the server's certificate and name verified."""

import hashlib
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from domain import environment
from domain.bounded import within
from domain.log import logger
from domain.secret_store import CredentialCache, Credentials

# SQLSTATEs: invalid_password, and invalid_authorization_specification (no such user yet).
_CREDENTIALS_REFUSED = frozenset({"28P01", "28000"})
TRUST_BUNDLE = Path(__file__).parent.parent / "database-trust.pem"


class TrustError(RuntimeError):
    """The trust bundle is missing, or is not the one that the deployment names."""


@dataclass(frozen=True)
class Ledger:
    """Where the ledger is; the trust bundle's checksum is SHA-256 in hex."""

    port: int
    database: str
    trust_sha256: str

    @classmethod
    def from_environment(cls) -> "Ledger":
        """Read DATABASE_PORT, DATABASE_NAME, DATABASE_TRUST_BUNDLE_SHA256. Raises ConfigurationError."""
        return cls(
            port=environment.required_port("DATABASE_PORT"),
            database=environment.required("DATABASE_NAME"),
            trust_sha256=environment.required("DATABASE_TRUST_BUNDLE_SHA256"),
        )

    def connect(self, host: str, credentials: Credentials, *, timeout: float, application: str) -> Connection:
        """Connect to ``host`` (a DNS name or an IP address that the certificate names).

        ``timeout`` in seconds bounds each wait on the socket, not their sum. Raises TrustError, and what pg8000 and
        ssl raise.
        """
        return Connection(
            credentials.username,
            host=host,
            port=self.port,
            database=self.database,
            password=credentials.password,
            ssl_context=trust_context(self.trust_sha256),
            timeout=timeout,
            application_name=application,
        )

    def open(self, host: str, credentials: CredentialCache, *, seconds: float, application: str) -> Connection:
        """Connect in ``seconds``, name resolution included; once more with newer credentials if these are refused.

        Raises SecretError, TimeoutError, TrustError, and what pg8000 and ssl raise.
        """

        def connect() -> Connection:
            return self.connect(host, credentials.get(), timeout=seconds, application=application)

        try:
            return within(seconds, connect)
        except DatabaseError as error:
            if not is_refused(error):
                raise
        logger.info("credentials refused; reading the secret again")
        credentials.forget()
        return within(seconds, connect)


@cache
def trust_context(sha256: str, bundle: Path = TRUST_BUNDLE) -> ssl.SSLContext:
    """Return a TLS context that trusts ``bundle`` and nothing else. Raises TrustError."""
    try:
        pem = bundle.read_bytes()
    except OSError as error:
        raise TrustError(f"the database's trust bundle {bundle.name} cannot be read: {error.strerror}") from None
    if hashlib.sha256(pem).hexdigest() != sha256.lower():
        raise TrustError(f"the database's trust bundle {bundle.name} has not the checksum of the deployment")
    try:
        context = ssl.create_default_context(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise TrustError(f"the database's trust bundle {bundle.name} holds no usable PEM certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 switches this on; with it, a server certificate without key identifiers is refused, and the same zip
    # would trust other servers on 3.11. Chain, dates and name are verified either way.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def is_refused(error: DatabaseError) -> bool:
    """Tell whether the server has refused the credentials, which may have been rotated."""
    details = error.args[0] if error.args else None
    return isinstance(details, dict) and details.get("C") in _CREDENTIALS_REFUSED


def without_data(error: Exception) -> str:
    """What went wrong, for the log: PostgreSQL's messages can hold values, so of those only the SQLSTATE is told."""
    details = error.args[0] if error.args else ""
    told = f"SQLSTATE {details.get('C')}" if isinstance(details, dict) else str(details)
    return f"{type(error).__name__}: {told}"
