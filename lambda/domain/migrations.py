"""Forward-only schema migrations: numbered SQL files, each applied once, in a transaction of its own.

Runs with the rights of an RDS master user (``rds_superuser``, not a superuser). Migrations expand first and contract
later: the other region may still run older code.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pg8000.native import Connection

DIRECTORY = Path(__file__).parent.parent / "migrations"
# Any number will do, as long as nobody else takes it: "TAPM" in ASCII.
_LOCK_KEY = 0x5441504D
_LOCK_SECONDS = 60
_NAME = re.compile(r"([0-9]{4})_([a-z0-9_]+)\.sql")
_HISTORY = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(RuntimeError):
    """The migrations and the database do not fit together; the message names the migration and says what to do."""


@dataclass(frozen=True)
class Migration:
    """One SQL file; the checksum is SHA-256 in hex."""

    version: int
    name: str
    sql: str
    checksum: str


def load(directory: Path = DIRECTORY) -> list[Migration]:
    """Return the migrations in ``directory`` by version. Raises MigrationError for a bad or repeated number."""
    migrations: list[Migration] = []
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named NNNN_lower_case_name.sql; rename it")
        content = path.read_bytes()
        migrations.append(
            Migration(int(match[1]), match[2], content.decode("utf-8"), hashlib.sha256(content).hexdigest())
        )
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationError(
                f"migration {migration.version:04d} should be number {expected:04d}; renumber the files"
            )
    return migrations


def say_region(connection: Connection, region: str) -> None:
    """Tell the migrations in which region they run, for as long as the connection lasts: ``ledger.region``."""
    connection.run("SELECT set_config('ledger.region', :region, false)", region=region)


def lock(connection: Connection) -> None:
    """Wait until no other run is at work; the lock ends with the connection. PostgreSQL's error after 60 s."""
    connection.run(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
    connection.run("SELECT pg_advisory_lock(CAST(:key AS bigint))", key=_LOCK_KEY)
    connection.run("SET lock_timeout = 0")


def migrate(connection: Connection, migrations: Sequence[Migration]) -> tuple[list[int], int]:
    """Apply what is missing; return the versions applied and the version reached. Call ``lock`` before.

    A database that is ahead of ``migrations`` is left as it is: older code may run on a newer schema.
    Raises MigrationError when an applied migration was changed, or one is missing below the last applied.
    """
    connection.execute_simple(_HISTORY)
    rows = connection.run("SELECT version, checksum FROM migrations.schema_migrations") or []
    applied: dict[int, str] = dict(rows)
    reached = max(applied, default=0)
    for migration in migrations:
        _refuse_rewritten_history(migration, applied, reached)
    missing = [migration for migration in migrations if migration.version > reached]
    for migration in missing:
        _apply(connection, migration)
    return [migration.version for migration in missing], max([reached, *(m.version for m in missing)])


def _refuse_rewritten_history(migration: Migration, applied: dict[int, str], reached: int) -> None:
    label = f"migration {migration.version:04d}_{migration.name}"
    known = applied.get(migration.version)
    if known is None and migration.version < reached:
        raise MigrationError(f"{label} was never applied, but {reached:04d} was; give it a number above that")
    if known is not None and known != migration.checksum:
        raise MigrationError(f"{label} was changed after it was applied; restore the file and add a new migration")


def _apply(connection: Connection, migration: Migration) -> None:
    connection.run("BEGIN")
    try:
        # The simple protocol takes several statements, and does not look for parameters in them.
        connection.execute_simple(migration.sql)
        connection.run(
            "INSERT INTO migrations.schema_migrations (version, name, checksum) VALUES (:version, :name, :checksum)",
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
        )
    except BaseException:
        connection.run("ROLLBACK")
        raise
    connection.run("COMMIT")
