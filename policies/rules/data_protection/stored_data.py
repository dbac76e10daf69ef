"""Queues, topics, logs, secrets and whatever else keeps data are encrypted with a customer key of their region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import Mutation, edit
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._keys import key_fault


@dataclass(frozen=True)
class _Store:
    """Where a type of resource names its key, and what else must be set for it to be used."""

    key: str
    needs: tuple[str, object] | None = None


_STORES: Final = {
    "aws_backup_vault": _Store("kms_key_arn"),
    "aws_cloudtrail": _Store("kms_key_id"),
    "aws_cloudwatch_event_bus": _Store("kms_key_identifier"),
    "aws_cloudwatch_log_group": _Store("kms_key_id"),
    "aws_ebs_volume": _Store("kms_key_id", ("encrypted", True)),
    "aws_ecr_repository": _Store(
        "encryption_configuration.kms_key", ("encryption_configuration.encryption_type", "KMS")
    ),
    "aws_efs_file_system": _Store("kms_key_id", ("encrypted", True)),
    "aws_elasticache_replication_group": _Store("kms_key_id", ("at_rest_encryption_enabled", True)),
    "aws_kinesis_firehose_delivery_stream": _Store(
        "server_side_encryption.key_arn", ("server_side_encryption.key_type", "CUSTOMER_MANAGED_CMK")
    ),
    "aws_kinesis_stream": _Store("kms_key_id", ("encryption_type", "KMS")),
    "aws_lambda_function": _Store("kms_key_arn"),
    "aws_memorydb_cluster": _Store("kms_key_arn"),
    "aws_mq_broker": _Store("encryption_options.kms_key_id"),
    "aws_msk_cluster": _Store("encryption_info.encryption_at_rest_kms_key_arn"),
    "aws_opensearch_domain": _Store("encrypt_at_rest.kms_key_id", ("encrypt_at_rest.enabled", True)),
    "aws_redshift_cluster": _Store("kms_key_id", ("encrypted", True)),
    "aws_secretsmanager_secret": _Store("kms_key_id"),
    "aws_sns_topic": _Store("kms_master_key_id"),
    "aws_sqs_queue": _Store("kms_master_key_id"),
    "aws_ssm_parameter": _Store("key_id"),
}
"""Tables and databases have rules of their own."""


def _keeps_data(resource: Resource) -> bool:
    """All but functions without variables, which are what the key is for, and parameters that nobody calls secret."""
    if resource.type == "aws_lambda_function":
        return "environment" in resource
    return resource.type != "aws_ssm_parameter" or resource.text("type") not in {"String", "StringList"}


def _key(title: str, key: str | None) -> Mutation:
    """With this key, in which ``peer`` stands for the other region; or without one."""

    def change(body: dict[str, Any], store: Resource) -> bool:
        name = _STORES[store.type].key
        if name not in body:
            return False
        body[name] = key.format(peer=store.deployment.peer(store.region)) if key else None
        return True

    return edit(title, change)


def _replicas(title: str, key: str | None) -> Mutation:
    """The same for the replicas of secrets, in which ``own`` stands for the secret's own key."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        replicas = body.get("replica")
        if not isinstance(replicas, list) or not replicas:
            return False
        used = key.format(own=body["kms_key_id"]) if key else None
        body["replica"] = [{**replica, "kms_key_id": used} for replica in replicas]
        return True

    return edit(title, change, "aws_secretsmanager_secret")


@rule(
    id="TAP_STORED_DATA_ENCRYPTION",
    title="Queues, topics, logs, secrets and their replicas are encrypted with a customer key of their own region",
    risk="Payments lie readable in queues and logs, or under a key that nobody here can withdraw; a replica that needs "
    "the other region's key is worth nothing once that region is down.",
    remediation="Name a customer key of the resource's region (kms_master_key_id, kms_key_id, …), and in each replica "
    "block of a secret a key of that replica's region.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.5.1", "NIST-800-53:SC-28(1)", "NIST-800-53:SC-12", "WA-REL:REL09-BP02"],
    judges=kind(*_STORES, where=_keeps_data),
    passes=[
        {
            "aws_kms_key": {"east": {}},
            "aws_kms_replica_key": {"west": {"provider": "aws.usw2"}},
            "aws_kms_alias": {"west": {"provider": "aws.usw2", "target_key_id": "${aws_kms_replica_key.west.key_id}"}},
            "aws_sqs_queue": {
                "payments": {"kms_master_key_id": "${aws_kms_key.east.key_id}"},
                "standby": {"provider": "aws.usw2", "kms_master_key_id": "${aws_kms_alias.west.arn}"},
            },
            "aws_sns_topic": {"alerts": {"kms_master_key_id": "alias/tap-platform"}},
            "aws_kinesis_stream": {"events": {"encryption_type": "KMS", "kms_key_id": "${aws_kms_key.east.arn}"}},
            "aws_secretsmanager_secret": {
                "signing": {
                    "kms_key_id": "${aws_kms_key.east.arn}",
                    "replica": [{"region": "us-west-2", "kms_key_id": "${aws_kms_replica_key.west.arn}"}],
                }
            },
            "aws_lambda_function": {"plain": {}},
            "aws_ssm_parameter": {"plain": {"type": "String"}},
        }
    ],
    fails=[
        {"aws_sqs_queue": {"bare": {}}},
        {"aws_sqs_queue": {"managed_by_sqs": {"sqs_managed_sse_enabled": True}}},
        {"aws_sqs_queue": {"aws_own": {"kms_master_key_id": "alias/aws/sqs"}}},
        {"aws_sns_topic": {"bare": {}}},
        {"aws_cloudwatch_log_group": {"bare": {"retention_in_days": 365}}},
        {"aws_cloudwatch_log_group": {"unknown": {"kms_key_id": "${var.key}"}}},
        {"aws_kms_key": {"east": {}}, "aws_efs_file_system": {"off": {"kms_key_id": "${aws_kms_key.east.arn}"}}},
        {
            "aws_kms_key": {"east": {}},
            "aws_secretsmanager_secret": {
                "one_key_for_both": {
                    "kms_key_id": "${aws_kms_key.east.arn}",
                    "replica": [{"region": "us-west-2", "kms_key_id": "${aws_kms_key.east.arn}"}],
                }
            },
        },
        {"aws_lambda_function": {"bare": {"environment": {"variables": {"A": "b"}}}}},
        {"aws_ssm_parameter": {"secure": {"type": "SecureString"}}},
    ],
    mutations=[
        _key("without its key", None),
        _key("with a key of AWS", "alias/aws/service"),
        _key("with a key of the other region", "arn:aws:kms:{peer}:000000000000:key/mrk-1"),
        _key("with a key that nobody knows", "${{var.key}}"),
        _replicas("replicas without a key", None),
        _replicas("replicas with the secret's key", "{own}"),
    ],
)
def stored_data_encryption(store: Resource) -> Iterator[str]:
    """Encryption with a key of AWS's own does not count: nobody could say who may use it, or take it away."""
    described = _STORES[store.type]
    if described.needs is not None:
        path, value = described.needs
        block, name = store.at(path)
        written = block.flag(name) if isinstance(value, bool) else block.get(name)
        if written != value:
            yield f"{path} is {block.get(name)}, not {value}"
    block, name = store.at(described.key)
    fault = key_fault(store, block.get(name), store.region)
    if fault:
        yield f"{described.key}: {fault}"
    if store.type == "aws_secretsmanager_secret":
        yield from _replica_faults(store)


def _replica_faults(secret: Resource) -> Iterator[str]:
    for replica in secret.blocks("replica"):
        region = secret.deployment.literal(secret.stack, replica.get("region"))
        fault = key_fault(secret, replica.get("kms_key_id"), region)
        if fault:
            yield f"kms_key_id of the replica in {replica.get('region')}: {fault}"
