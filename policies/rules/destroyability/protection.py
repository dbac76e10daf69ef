"""Nothing is protected against its deletion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import add, put
from policies.rule import Severity, kind, rule
from policies.rules.destroyability._settings import Setting, Settings

_BLOCKED: Final = "AWS refuses to delete it"
_ON: Final = "it is on by default, and AWS refuses to delete it"

_PROTECTIONS: Final = Settings(
    [
        Setting("deletion_protection", harmless=False, otherwise=_BLOCKED),
        Setting("deletion_protection_enabled", harmless=False, otherwise=_BLOCKED),
        Setting("enable_deletion_protection", harmless=False, otherwise=_BLOCKED),
        Setting("delete_protection", harmless=False, otherwise=_BLOCKED),
        Setting("disable_api_termination", harmless=False, otherwise=_BLOCKED),
        Setting("termination_protection", harmless=False, otherwise=_BLOCKED),
        Setting("termination_protection_enabled", harmless=False, otherwise=_BLOCKED),
    ],
    {
        "aws_backup_vault_lock_configuration": [
            Setting("changeable_for_days", harmless=None, otherwise="after that time nobody can remove the lock"),
        ],
        "aws_cloudtrail_event_data_store": [
            Setting("termination_protection_enabled", harmless=False, otherwise=_ON, may_be_absent=False)
        ],
        "aws_cognito_user_pool": [Setting("deletion_protection", "INACTIVE", _BLOCKED)],
        "aws_ecs_capacity_provider": [
            Setting("auto_scaling_group_provider.managed_termination_protection", "DISABLED", _BLOCKED)
        ],
        "aws_glacier_vault_lock": [Setting("complete_lock", harmless=False, otherwise="the lock can never be removed")],
        "aws_neptunegraph_graph": [
            Setting("deletion_protection", harmless=False, otherwise=_ON, may_be_absent=False),
        ],
        "aws_qldb_ledger": [Setting("deletion_protection", harmless=False, otherwise=_ON, may_be_absent=False)],
        "aws_quicksight_account_settings": [
            Setting("termination_protection_enabled", harmless=False, otherwise=_ON, may_be_absent=False)
        ],
        "aws_s3_bucket_object_lock_configuration": [
            Setting("rule.default_retention.mode", "GOVERNANCE", "nobody can delete the objects before their time")
        ],
        "aws_s3_bucket_versioning": [
            Setting("versioning_configuration.mfa_delete", "Disabled", "only a person with a token can empty it")
        ],
    },
)


@rule(
    id="TAP_DESTROY_PROTECTION",
    title="Nothing is protected against its deletion",
    risk="A destroy stops half-way: what is left costs money, holds data that should be gone, and blocks the next "
    "deployment under the same names.",
    remediation="Switch the protection off; backups and point-in-time recovery protect the data, not a switch.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "WA-REL:REL08-BP04"],
    judges=kind("*", where=_PROTECTIONS.concern),
    passes=[
        {
            "aws_rds_cluster": {"ledger": {"deletion_protection": False}},
            "aws_lb": {"ingress": {"enable_deletion_protection": False}},
            "aws_cognito_user_pool": {"users": {"deletion_protection": "INACTIVE"}, "default": {}},
            "aws_backup_vault_lock_configuration": {"governance": {"min_retention_days": 7}},
        }
    ],
    fails=[
        {"aws_rds_cluster": {"ledger": {"deletion_protection": True}}},
        {"aws_dynamodb_table": {"sessions": {"deletion_protection_enabled": "${var.protect}"}}},
        {"aws_lb": {"ingress": {"enable_deletion_protection": True}}},
        {"aws_instance": {"bastion": {"disable_api_termination": True}}},
        {"aws_cognito_user_pool": {"users": {"deletion_protection": "ACTIVE"}}},
        {"aws_qldb_ledger": {"on_by_default": {}}},
        {"aws_backup_vault_lock_configuration": {"compliance": {"changeable_for_days": 3}}},
        {
            "aws_s3_bucket_object_lock_configuration": {
                "receipts": {"rule": {"default_retention": {"mode": "COMPLIANCE", "days": 1}}}
            }
        },
    ],
    mutations=[
        put("deletion_protection", True, "aws_rds_cluster", "aws_rds_global_cluster"),
        put("deletion_protection", "${var.protect}", "aws_rds_cluster", "aws_rds_global_cluster"),
        put("deletion_protection_enabled", True, "aws_dynamodb_table"),
        add("aws_lb.ingress", {"enable_deletion_protection": True}),
        add("aws_backup_vault_lock_configuration.forever", {"changeable_for_days": 3}),
    ],
)
def destroy_protection(resource: Resource) -> Iterator[str]:
    """On any type that can have one; what is on by default must be written as off."""
    yield from _PROTECTIONS.faults(resource)
