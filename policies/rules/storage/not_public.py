"""No bucket is opened to the public, whatever a policy or an ACL says."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import BUCKET, PUBLIC, PUBLIC_FLAGS, bucket_of, pair, settings


@rule(
    id="TAP_STORAGE_NOT_PUBLIC",
    title="No bucket can be opened to the public",
    risk="One wrong line in a policy or an ACL, and everybody reads what customers have paid for.",
    remediation="Add aws_s3_bucket_public_access_block with all four settings true.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:1.4.4", "NIST-800-53:AC-3", "NIST-800-53:SC-7", "WA-REL:REL10-BP03"],
    judges=kind(BUCKET),
    passes=[pair()],
    fails=[
        pair(public=None),
        *(pair(public={flag: False}) for flag in PUBLIC_FLAGS),
        pair(public={"block_public_acls": None}),
        pair(public={"restrict_public_buckets": "${var.restricted}"}),
    ],
    mutations=[
        remove("without the block", PUBLIC, seen_on=bucket_of),
        *(put(flag, False, PUBLIC, seen_on=bucket_of) for flag in PUBLIC_FLAGS),
        drop("ignore_public_acls", PUBLIC, seen_on=bucket_of),
    ],
)
def storage_not_public(bucket: Resource) -> Iterator[str]:
    """What a block does not set is off: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html"""
    blocks = settings(bucket, PUBLIC)
    if not blocks:
        yield "no aws_s3_bucket_public_access_block is for it"
    for block in blocks:
        for flag in PUBLIC_FLAGS:
            if block.flag(flag) is not True:
                yield f"{flag} is {block.get(flag)}, not true"
