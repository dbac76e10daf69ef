"""What holds something is emptied before it is destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import add, drop, put
from policies.rule import Severity, kind, rule
from policies.rules.destroyability._settings import Setting, Settings


def _forced(path: str, content: str) -> list[Setting]:
    otherwise = f"with {content} left in it, AWS refuses to delete it"
    return [Setting(path, harmless=True, otherwise=otherwise, may_be_absent=False)]


_CONTAINERS: Final = {
    "aws_athena_database": _forced("force_destroy", "a table"),
    "aws_athena_workgroup": _forced("force_destroy", "a query"),
    "aws_backup_vault": _forced("force_destroy", "a recovery point"),
    "aws_codebuild_report_group": _forced("delete_reports", "a report"),
    "aws_ecr_repository": _forced("force_delete", "an image"),
    "aws_ecrpublic_repository": _forced("force_destroy", "an image"),
    "aws_iam_user": _forced("force_destroy", "an access key"),
    "aws_kinesis_stream": _forced("enforce_consumer_deletion", "a consumer"),
    "aws_lightsail_bucket": _forced("force_delete", "an object"),
    "aws_rds_global_cluster": _forced("force_destroy", "a member cluster"),
    "aws_redshift_snapshot_schedule": _forced("force_destroy", "a cluster"),
    "aws_route53_zone": _forced("force_destroy", "a record that Terraform did not make"),
    "aws_s3_bucket": _forced("force_destroy", "an object or a version"),
    "aws_s3_directory_bucket": _forced("force_destroy", "an object"),
    "aws_service_discovery_service": _forced("force_destroy", "an instance"),
    "aws_transfer_server": _forced("force_destroy", "a user"),
    "aws_vpc_ipam": _forced("cascade", "a pool"),
}
_SETTINGS: Final = Settings(by_type=dict(_CONTAINERS))


@rule(
    id="TAP_DESTROY_CONTENT",
    title="What holds something is emptied before it is destroyed",
    risk="It fills while the platform runs, and from then on every destroy stops at it.",
    remediation="Set the attribute that lets Terraform empty it: force_destroy = true, force_delete = true for "
    "repositories of images.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "WA-REL:REL08-BP04"],
    judges=kind(*_CONTAINERS),
    passes=[
        {
            "aws_s3_bucket": {"receipts": {"force_destroy": True}},
            "aws_route53_zone": {"public": {"force_destroy": True}},
            "aws_ecr_repository": {"images": {"force_delete": True}},
        }
    ],
    fails=[
        {"aws_s3_bucket": {"silent": {}}},
        {"aws_route53_zone": {"off": {"force_destroy": False}}},
        {"aws_rds_global_cluster": {"silent": {"engine": "aurora-postgresql"}}},
        {"aws_backup_vault": {"unknown": {"force_destroy": "${var.force}"}}},
        {"aws_ecr_repository": {"wrong_attribute": {"force_destroy": True}}},
    ],
    mutations=[
        drop("force_destroy"),
        put("force_destroy", value=False),
        put("force_destroy", "${var.force}"),
        add("aws_s3_bucket.receipts", {"bucket": "tap-receipts"}),
        add("aws_backup_vault.own", {"name": "tap-vault"}),
    ],
)
def destroy_content(resource: Resource) -> Iterator[str]:
    """Emptying is off unless it is written."""
    yield from _SETTINGS.faults(resource)
