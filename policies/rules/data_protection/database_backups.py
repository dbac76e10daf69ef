"""Databases are backed up automatically, for a week at least."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

DAYS: Final = 7


@rule(
    id="TAP_DATABASE_BACKUPS",
    title=f"Databases keep automatic backups for at least {DAYS} days",
    risk="What is deleted by mistake is deleted in both regions; a day, which is the default, is over before a long "
    "weekend is.",
    remediation=f"Set backup_retention_period = {DAYS} or more (35 at most) on every cluster, readers too.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-9", "WA-REL:REL09-BP03"],
    judges=kind("aws_rds_cluster", "aws_db_instance", "aws_docdb_cluster", "aws_neptune_cluster"),
    passes=[
        {"aws_rds_cluster": {"ledger": {"backup_retention_period": 7}}},
        {"aws_db_instance": {"one": {"backup_retention_period": "35"}}},
    ],
    fails=[
        {"aws_rds_cluster": {"silent": {}}},
        {"aws_rds_cluster": {"day": {"backup_retention_period": 1}}},
        {"aws_db_instance": {"off": {"backup_retention_period": 0}}},
        {"aws_rds_cluster": {"unknown": {"backup_retention_period": "${var.days}"}}},
    ],
    mutations=[
        put("backup_retention_period", 6),
        put("backup_retention_period", 0),
        put("backup_retention_period", "${var.days}"),
        drop("backup_retention_period"),
    ],
)
def database_backups(database: Resource) -> Iterator[str]:
    """Without the attribute AWS keeps one day, so it must be written."""
    days = database.number("backup_retention_period")
    if days is None or days < DAYS:
        yield f"backup_retention_period is {database.get('backup_retention_period')}, not {DAYS} days or more"
