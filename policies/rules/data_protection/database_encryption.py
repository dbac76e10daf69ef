"""Databases are encrypted with a customer key of their own region, and with them their backups and insights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._keys import key_fault

_STORES: Final = (
    "aws_rds_cluster",
    "aws_db_instance",
    "aws_docdb_cluster",
    "aws_neptune_cluster",
    "aws_rds_global_cluster",
    "aws_docdb_global_cluster",
    "aws_neptune_global_cluster",
)
_WITHOUT_KEY: Final = frozenset(type_ for type_ in _STORES if "_global_" in type_)
"""Their members, one in each region, name the keys."""

_KEY: Final = {"aws_neptune_cluster": "kms_key_arn"}
_INSIGHTS: Final = ("aws_rds_cluster", "aws_rds_cluster_instance", "aws_db_instance", "aws_docdb_cluster_instance")
_INSIGHTS_ON: Final = {"aws_docdb_cluster_instance": "enable_performance_insights"}
_INSIGHTS_KEY: Final = "performance_insights_kms_key_id"


def _stores(resource: Resource) -> bool:
    """Whether it keeps data, or insights into queries."""
    return resource.type in _STORES or _has_insights(resource)


def _has_insights(resource: Resource) -> bool:
    switch = _INSIGHTS_ON.get(resource.type, "performance_insights_enabled")
    return resource.type in _INSIGHTS and switch in resource and resource.flag(switch) is not False


@rule(
    id="TAP_DATABASE_ENCRYPTION",
    title="Databases, their backups and their insights are encrypted with a customer key of their own region",
    risk="With a key of AWS nobody can say who may decrypt a snapshot, nor share one for recovery; unencrypted storage "
    "cannot be encrypted later.",
    remediation="Set storage_encrypted = true and kms_key_id to a key of the cluster's region; where Performance "
    "Insights are on, performance_insights_kms_key_id too.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:3.5.1", "NIST-800-53:SC-28(1)", "NIST-800-53:CP-9(8)", "WA-REL:REL09-BP02"],
    judges=kind(*_STORES, "aws_rds_cluster_instance", "aws_docdb_cluster_instance", where=_stores),
    passes=[
        {
            "aws_kms_key": {"east": {}},
            "aws_rds_global_cluster": {"ledger": {"storage_encrypted": True}},
            "aws_rds_cluster": {"east": {"storage_encrypted": True, "kms_key_id": "${aws_kms_key.east.arn}"}},
            "aws_rds_cluster_instance": {
                "one": {"performance_insights_enabled": True, _INSIGHTS_KEY: "${aws_kms_key.east.arn}"},
                "without_insights": {"performance_insights_enabled": False},
            },
        }
    ],
    fails=[
        {"aws_rds_cluster": {"bare": {}}},
        {"aws_rds_cluster": {"aws_own": {"storage_encrypted": True}}},
        {"aws_rds_global_cluster": {"bare": {}}},
        {
            "data.aws_kms_alias": {"rds": {"name": "alias/aws/rds"}},
            "aws_rds_cluster": {
                "aws_own": {"storage_encrypted": True, "kms_key_id": "${data.aws_kms_alias.rds.target_key_arn}"}
            },
        },
        {
            "aws_kms_key": {"west": {"provider": "aws.usw2"}},
            "aws_rds_cluster": {"east": {"storage_encrypted": True, "kms_key_id": "${aws_kms_key.west.arn}"}},
        },
        {"aws_rds_cluster_instance": {"aws_own": {"performance_insights_enabled": True}}},
    ],
    mutations=[
        put("storage_encrypted", False, *_STORES),
        drop("storage_encrypted", *_STORES),
        drop("kms_key_id", "aws_rds_cluster"),
        put("kms_key_id", "alias/aws/rds", "aws_rds_cluster"),
        edit(
            "a key of the other region",
            lambda body, cluster: body.update(
                kms_key_id=f"arn:aws:kms:{cluster.deployment.peer(cluster.region)}:000000000000:key/mrk-1"
            ),
            "aws_rds_cluster",
        ),
        drop(_INSIGHTS_KEY, "aws_rds_cluster_instance"),
        put(_INSIGHTS_KEY, "${var.key}", "aws_rds_cluster_instance"),
    ],
)
def database_encryption(database: Resource) -> Iterator[str]:
    """Storage must say that it is encrypted, and with which key; insights always are, so only their key counts."""
    if database.type in _STORES:
        if database.flag("storage_encrypted") is not True:
            yield f"storage_encrypted is {database.get('storage_encrypted')}, not true"
        if database.type not in _WITHOUT_KEY:
            name = _KEY.get(database.type, "kms_key_id")
            fault = key_fault(database, database.get(name), database.region)
            if fault:
                yield f"{name}: {fault}"
    if _has_insights(database):
        fault = key_fault(database, database.get(_INSIGHTS_KEY), database.region)
        if fault:
            yield f"{_INSIGHTS_KEY}: {fault}"
