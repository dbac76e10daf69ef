"""What is overwritten or deleted can be brought back."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import BUCKET, ENABLED, VERSIONING, bucket_of, pair, settings

_STATUS = "versioning_configuration.status"


@rule(
    id="TAP_STORAGE_VERSIONED",
    title="Every bucket keeps versions",
    risk="What is overwritten or deleted by mistake is gone, in both regions; S3 replicates nothing without versions.",
    remediation='Add aws_s3_bucket_versioning with versioning_configuration { status = "Enabled" }.',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.3.3", "NIST-800-53:CP-9", "NIST-800-53:SI-7", "WA-REL:REL09-BP01"],
    judges=kind(BUCKET),
    passes=[pair(), {BUCKET: {"old": {"versioning": [{"enabled": True}]}}}],
    fails=[
        pair(versioning=None),
        pair(versioning={"versioning_configuration": {"status": "Suspended"}}),
        pair(versioning={"versioning_configuration": {"status": "${var.status}"}}),
        pair(versioning={"bucket": f"${{{BUCKET}.there.id}}"}),
        {BUCKET: {"old": {"versioning": [{"enabled": False}]}}},
    ],
    mutations=[
        remove("without versioning", VERSIONING, seen_on=bucket_of),
        put(_STATUS, "Suspended", VERSIONING, seen_on=bucket_of),
        put(_STATUS, "Disabled", VERSIONING, seen_on=bucket_of),
        drop("versioning_configuration", VERSIONING, seen_on=bucket_of),
    ],
)
def storage_versioned(bucket: Resource) -> Iterator[str]:
    """Versions are set beside the bucket, or in it as version 3 of the provider did."""
    if bucket.block("versioning").flag("enabled") is True:
        return
    found = [setting.block("versioning_configuration").get("status") for setting in settings(bucket, VERSIONING)]
    if ENABLED not in found:
        yield f"versioning is {found[0] if found else 'not set'}, not {ENABLED}"
