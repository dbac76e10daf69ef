"""No snapshot and no backup outlives what it was taken of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import add, drop, put
from policies.rule import Severity, kind, rule
from policies.rules.destroyability._settings import Setting, Settings

_SNAPSHOT: Final = "the destroy fails without a name for a last snapshot, and leaves that snapshot with one"
_BACKUP: Final = "a last backup stays"
_NO_SNAPSHOT: Final = [Setting("skip_final_snapshot", harmless=True, otherwise=_SNAPSHOT, may_be_absent=False)]
_NO_BACKUP: Final = [Setting("skip_final_backup", harmless=True, otherwise=_BACKUP, may_be_absent=False)]

_SNAPSHOTS: Final = Settings(
    [
        Setting("delete_automated_backups", harmless=True, otherwise="the automatic backups stay"),
        Setting("final_snapshot", harmless=False, otherwise="a last snapshot stays"),
    ],
    {
        "aws_db_instance": _NO_SNAPSHOT,
        "aws_docdb_cluster": _NO_SNAPSHOT,
        "aws_elasticache_cluster": [Setting("final_snapshot_identifier", None, "a last snapshot stays")],
        "aws_elasticache_replication_group": [Setting("final_snapshot_identifier", None, "a last snapshot stays")],
        "aws_fsx_lustre_file_system": [Setting("skip_final_backup", harmless=True, otherwise=_BACKUP)],
        "aws_fsx_ontap_volume": _NO_BACKUP,
        "aws_fsx_openzfs_file_system": _NO_BACKUP,
        "aws_fsx_windows_file_system": _NO_BACKUP,
        "aws_lightsail_database": _NO_SNAPSHOT,
        "aws_memorydb_cluster": [Setting("final_snapshot_name", None, "a last snapshot stays")],
        "aws_neptune_cluster": _NO_SNAPSHOT,
        "aws_rds_cluster": _NO_SNAPSHOT,
        "aws_redshift_cluster": _NO_SNAPSHOT,
    },
)


@rule(
    id="TAP_DESTROY_SNAPSHOT",
    title="No snapshot and no backup outlives what it was taken of",
    risk="Payments stay in the account after everything was destroyed, and nobody looks after them; without a name "
    "for the snapshot, the destroy fails.",
    remediation="Set skip_final_snapshot = true (skip_final_backup for FSx), name no final snapshot, and leave "
    "delete_automated_backups at true.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "NIST-800-53:MP-6", "WA-REL:REL08-BP04"],
    judges=kind("*", where=_SNAPSHOTS.concern),
    passes=[
        {
            "aws_rds_cluster": {"ledger": {"skip_final_snapshot": True, "delete_automated_backups": True}},
            "aws_elasticache_cluster": {"cache": {}},
        }
    ],
    fails=[
        {"aws_rds_cluster": {"silent": {}}},
        {"aws_rds_cluster": {"named": {"skip_final_snapshot": False, "final_snapshot_identifier": "last"}}},
        {"aws_rds_cluster": {"keeps": {"skip_final_snapshot": True, "delete_automated_backups": False}}},
        {"aws_db_instance": {"unknown": {"skip_final_snapshot": "${var.skip}"}}},
        {"aws_elasticache_cluster": {"cache": {"final_snapshot_identifier": "last"}}},
        {"aws_ebs_volume": {"disk": {"final_snapshot": True}}},
    ],
    mutations=[
        drop("skip_final_snapshot", "aws_rds_cluster"),
        put("skip_final_snapshot", False, "aws_rds_cluster"),
        put("skip_final_snapshot", "${var.skip}", "aws_rds_cluster"),
        put("delete_automated_backups", False, "aws_rds_cluster"),
        add("aws_memorydb_cluster.cache", {"final_snapshot_name": "last"}),
    ],
)
def destroy_snapshot(resource: Resource) -> Iterator[str]:
    """Databases take a last snapshot unless they are told not to, so that must be written."""
    yield from _SNAPSHOTS.faults(resource)
