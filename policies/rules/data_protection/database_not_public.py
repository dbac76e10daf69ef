"""Databases have no public address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

_TYPES: Final = (
    "aws_rds_cluster_instance",
    "aws_db_instance",
    "aws_neptune_cluster_instance",
    "aws_redshift_cluster",
    "aws_redshiftserverless_workgroup",
    "aws_dms_replication_instance",
    "aws_mq_broker",
    "aws_lightsail_database",
)


@rule(
    id="TAP_DATABASE_NOT_PUBLIC",
    title="Databases have no public address",
    risk="With a public address, one security group rule too many puts the ledger on the internet.",
    remediation="Set publicly_accessible = false.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:1.4.4", "NIST-800-53:SC-7", "WA-REL:REL13-BP04"],
    judges=kind(*_TYPES),
    passes=[
        {
            "aws_rds_cluster_instance": {"ledger": {"publicly_accessible": False}},
            "aws_db_instance": {"one": {"publicly_accessible": "false"}},
        }
    ],
    fails=[
        {"aws_rds_cluster_instance": {"public": {"publicly_accessible": True}}},
        {"aws_rds_cluster_instance": {"silent": {}}},
        {"aws_db_instance": {"unknown": {"publicly_accessible": "${var.public}"}}},
    ],
    mutations=[
        put("publicly_accessible", value=True),
        put("publicly_accessible", "${var.public}"),
        drop("publicly_accessible"),
    ],
)
def database_not_public(database: Resource) -> Iterator[str]:
    """It must be written: what AWS assumes otherwise depends on the subnets.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    if database.flag("publicly_accessible") is not False:
        yield f"publicly_accessible is {database.get('publicly_accessible')}, not false"
