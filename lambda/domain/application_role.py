"""The functions' users in the database: each may log in, and has the rights of one group; nothing else."""

import base64
import hashlib
import hmac
import re
import secrets

from pg8000.native import Connection, identifier, literal

from domain.secret_store import Credentials

SETTLEMENT = "ledger_application"
FAILOVER = "ledger_failover"
_GROUPS = (SETTLEMENT, FAILOVER)
_ITERATIONS = 4096  # PostgreSQL's own default; more would cost every connection
_USERNAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class RoleError(RuntimeError):
    """The secret's user cannot become a role; the message holds no secret."""


def scram_verifier(password: str) -> str:
    """Return the SCRAM-SHA-256 verifier that PostgreSQL stores (RFC 5803), so that it never sees the password.

    Raises RoleError for a password that is not printable ASCII: others would need SASLprep.
    """
    if not (password and password.isascii() and password.isprintable()):
        raise RoleError("the user's password is not printable ASCII; put another one into its secret")
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode("ascii") for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def ensure(connection: Connection, user: Credentials, *, group: str, master: str) -> None:
    """Create a user with the rights of ``group``, or give it the secret's password. Raises RoleError."""
    username = user.username
    if not _USERNAME.fullmatch(username) or username in {master, *_GROUPS} or username.startswith("pg_"):
        raise RoleError("a secret's user name is reserved, or not lower-case letters, digits and underscores")
    name = identifier(username)
    known = connection.run("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = :name", name=username)
    if not known:
        connection.run(f"CREATE ROLE {name} NOLOGIN")
    verifier = literal(scram_verifier(user.password))
    # NOSUPERUSER and the like are not repeated here: an RDS master may not even mention them.
    connection.run(f"ALTER ROLE {name} LOGIN NOCREATEDB NOCREATEROLE PASSWORD {verifier}")
    connection.run(f"ALTER ROLE {name} SET search_path = ledger")
    member = connection.run("SELECT pg_has_role(:name, :group, 'MEMBER')", name=username, group=group)
    if member != [[True]]:
        connection.run(f"GRANT {identifier(group)} TO {name}")
