"""No deployment owns a setting of the whole account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import add
from policies.rule import Severity, kind, rule

_SHARED: Final = frozenset(
    {
        "aws_account_region", "aws_api_gateway_account", "aws_backup_global_settings", "aws_backup_region_settings",
        "aws_cloudtrail_organization_delegated_admin_account", "aws_cloudwatch_log_account_policy",
        "aws_config_configuration_recorder", "aws_config_delivery_channel", "aws_default_vpc",
        "aws_default_vpc_dhcp_options", "aws_devopsguru_service_integration", "aws_ebs_default_kms_key",
        "aws_ebs_encryption_by_default", "aws_ebs_snapshot_block_public_access", "aws_ec2_availability_zone_group",
        "aws_ec2_image_block_public_access", "aws_ec2_instance_metadata_defaults",
        "aws_ec2_serial_console_access", "aws_ecr_account_setting", "aws_ecr_registry_policy",
        "aws_ecr_registry_scanning_configuration", "aws_ecr_replication_configuration",
        "aws_ecs_account_setting_default", "aws_emr_block_public_access_configuration",
        "aws_glue_data_catalog_encryption_settings", "aws_glue_resource_policy", "aws_guardduty_detector",
        "aws_iam_account_alias", "aws_iam_account_password_policy", "aws_iam_openid_connect_provider",
        "aws_iam_security_token_service_preferences", "aws_iam_service_linked_role", "aws_inspector2_enabler",
        "aws_lakeformation_data_lake_settings", "aws_macie2_account", "aws_organizations_organization",
        "aws_quicksight_account_subscription", "aws_s3_account_public_access_block", "aws_securityhub_account",
        "aws_servicequotas_service_quota", "aws_ses_active_receipt_rule_set", "aws_sesv2_account_vdm_attributes",
        "aws_shield_subscription", "aws_sns_sms_preferences", "aws_ssm_service_setting",
        "aws_vpc_block_public_access_options", "aws_xray_encryption_config",
    }
)  # fmt: skip
"""Types of which an account (or a region of one) has one for everybody in it."""


@rule(
    id="TAP_DESTROY_ACCOUNT_SETTING",
    title="No deployment owns a setting of the whole account",
    risk="Two deployments of one account overwrite each other's value, and the first destroy takes it from the other, "
    "or leaves it as it was set.",
    remediation="Set it once per account, outside of every deployment (here: make bootstrap).",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:6.5.3", "NIST-800-53:CM-4(1)", "WA-REL:REL10-BP03"],
    judges=kind("*"),
    passes=[{"aws_api_gateway_stage": {"own": {"stage_name": "dev"}}}],
    fails=[
        {"aws_api_gateway_account": {"logs": {"cloudwatch_role_arn": "arn:aws:iam::000000000000:role/logs"}}},
        {"aws_servicequotas_service_quota": {"lambda": {"quota_code": "L-B99A9384", "value": 5000}}},
    ],
    mutations=[
        add("aws_api_gateway_account.logs", {}),
        add("aws_backup_region_settings.all", {"resource_type_opt_in_preference": {"Aurora": True}}),
        add("aws_iam_openid_connect_provider.github", {"url": "https://token.actions.githubusercontent.com"}),
        add("aws_servicequotas_service_quota.lambda", {"quota_code": "L-B99A9384"}),
    ],
)
def destroy_account_setting(resource: Resource) -> Iterator[str]:
    """By its type: whatever its name is, there is one for all deployments of the account."""
    if resource.type in _SHARED:
        yield f"{resource.type} is one for the whole account, so that a destroy of this deployment takes it from others"
