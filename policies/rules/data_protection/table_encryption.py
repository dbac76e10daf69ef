"""Tables and each of their replicas are encrypted with a customer key of their own region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._keys import key_fault


def _replicas_with(key: str | None) -> Any:
    """An edit: every replica with this key, or without one."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        replicas = body.get("replica")
        if not isinstance(replicas, list) or not replicas:
            return False
        body["replica"] = [{**replica, "kms_key_arn": key} for replica in replicas]
        return True

    return change


def _replicas_with_the_tables_key(body: dict[str, Any], table: Resource) -> bool:
    return bool(_replicas_with(table.block("server_side_encryption").text("kms_key_arn"))(body, table))


@rule(
    id="TAP_TABLE_ENCRYPTION",
    title="Tables and each of their replicas are encrypted with a customer key of their own region",
    risk="With a key of AWS nobody can say who may decrypt, or take that away; with a key of the other region the "
    "replica cannot be read once that region is down.",
    remediation="Set server_side_encryption { enabled = true, kms_key_arn } on the table, and on every replica a "
    "kms_key_arn of the replica's own region.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.5.1", "NIST-800-53:SC-28(1)", "NIST-800-53:SC-12", "WA-REL:REL09-BP02"],
    judges=kind("aws_dynamodb_table", "aws_dynamodb_table_replica"),
    passes=[
        {
            "aws_kms_key": {"east": {"multi_region": True}},
            "aws_kms_replica_key": {"west": {"provider": "aws.usw2", "primary_key_arn": "${aws_kms_key.east.arn}"}},
            "aws_dynamodb_table": {
                "sessions": {
                    "server_side_encryption": {"enabled": True, "kms_key_arn": "${aws_kms_key.east.arn}"},
                    "replica": [{"region_name": "us-west-2", "kms_key_arn": "${aws_kms_replica_key.west.arn}"}],
                }
            },
            "aws_dynamodb_table_replica": {
                "other": {
                    "provider": "aws.usw2",
                    "global_table_arn": "${aws_dynamodb_table.sessions.arn}",
                    "kms_key_arn": "arn:aws:kms:us-west-2:000000000000:key/mrk-0123456789abcdef0123456789abcdef",
                }
            },
        }
    ],
    fails=[
        {"aws_dynamodb_table": {"bare": {"billing_mode": "PAY_PER_REQUEST"}}},
        {"aws_dynamodb_table": {"aws_own": {"server_side_encryption": {"enabled": True}}}},
        {
            "aws_kms_key": {"east": {}},
            "aws_dynamodb_table": {
                "one_key_for_both": {
                    "server_side_encryption": {"enabled": True, "kms_key_arn": "${aws_kms_key.east.arn}"},
                    "replica": [{"region_name": "us-west-2", "kms_key_arn": "${aws_kms_key.east.arn}"}],
                }
            },
        },
        {"aws_dynamodb_table_replica": {"bare": {"global_table_arn": "arn"}}},
    ],
    mutations=[
        drop("server_side_encryption"),
        put("server_side_encryption.enabled", value=False),
        put("server_side_encryption.kms_key_arn", "alias/aws/dynamodb"),
        edit("replicas without a key", _replicas_with(None)),
        edit("replicas with the table's key", _replicas_with_the_tables_key),
        edit("replicas with a key that nobody knows", _replicas_with("${var.replica_key}")),
    ],
)
def table_encryption(table: Resource) -> Iterator[str]:
    """The key must be a customer's and lie where the data lies; "enabled" alone means a key of AWS."""
    if table.type == "aws_dynamodb_table_replica":
        own = table.get("kms_key_arn")
    else:
        encryption = table.block("server_side_encryption")
        if encryption.flag("enabled") is not True:
            yield f"server_side_encryption.enabled is {encryption.get('enabled')}, not true"
        own = encryption.get("kms_key_arn")
    fault = key_fault(table, own, table.region)
    if fault:
        yield f"kms_key_arn: {fault}"
    for replica in table.blocks("replica"):
        region = table.deployment.literal(table.stack, replica.get("region_name"))
        fault = key_fault(table, replica.get("kms_key_arn"), region)
        if fault:
            yield f"kms_key_arn of the replica in {replica.get('region_name')}: {fault}"
