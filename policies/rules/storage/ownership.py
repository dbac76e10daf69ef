"""Access is said by policies alone."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import BUCKET, OWNERSHIP, bucket_of, pair, settings

ENFORCED = "BucketOwnerEnforced"
_SETTING = "rule.object_ownership"


@rule(
    id="TAP_STORAGE_OWNERSHIP",
    title="Buckets own what is in them, and have no ACLs",
    risk="An object of whoever wrote it obeys that one's ACL, which no policy of the bucket can overrule.",
    remediation=f'Add aws_s3_bucket_ownership_controls with rule {{ object_ownership = "{ENFORCED}" }}.',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-3", "NIST-800-53:AC-6", "WA-REL:REL10-BP03"],
    judges=kind(BUCKET),
    passes=[pair()],
    fails=[
        pair(ownership=None),
        pair(ownership={"rule": {"object_ownership": "ObjectWriter"}}),
        pair(ownership={"rule": {"object_ownership": "${var.owner}"}}),
        pair(ownership={"rule": []}),
    ],
    mutations=[
        remove("without ownership controls", OWNERSHIP, seen_on=bucket_of),
        put(_SETTING, "ObjectWriter", OWNERSHIP, seen_on=bucket_of),
        put(_SETTING, "BucketOwnerPreferred", OWNERSHIP, seen_on=bucket_of),
        drop("rule", OWNERSHIP, seen_on=bucket_of),
    ],
)
def storage_ownership(bucket: Resource) -> Iterator[str]:
    """New buckets have this by themselves, until somebody changes it; what is written stays."""
    found = [setting.block("rule").get("object_ownership") for setting in settings(bucket, OWNERSHIP)]
    if found != [ENFORCED]:
        yield f"object_ownership is {', '.join(map(str, found)) or 'not set'}, not {ENFORCED}"
