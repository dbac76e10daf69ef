"""Each bucket is the replica of one in the other region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource, paths
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import (
    BUCKET,
    REPLICATION,
    bucket_of,
    destination,
    holds_data,
    in_the_first,
    pair,
    replications,
    rule_to,
)


def _sides(replication: Resource) -> list[Resource]:
    """Both buckets: the one is not replicated any more, the other has nobody who replicates back."""
    targets = [destination(replication, each) for each in replication.blocks("rule")]
    return [*bucket_of(replication), *(target for target in targets if target is not None)]


def _to_itself(body: dict[str, Any], _: Resource) -> None:
    own = str(body.get("bucket")).replace(".id}", ".arn}").replace(".bucket}", ".arn}")
    body["rule"] = [{**each, "destination": {**each["destination"], "bucket": own}} for each in body["rule"]]


def _for_a_part(rule: dict[str, Any], _: Resource) -> None:
    rule["filter"] = {"prefix": "some/"}


@rule(
    id="TAP_STORAGE_REPLICATED",
    title="Every bucket is replicated as a whole to the other region, and that region's back",
    risk="What was written after a failover is missing when the first region takes over again; what is not replicated "
    "is lost with its region.",
    remediation="Give each of the two buckets an aws_s3_bucket_replication_configuration whose rule is enabled, has no "
    "prefix, and names the other bucket. A bucket for access logs is left out.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-6",
        "NIST-800-53:CP-9(6)",
        "WA-REL:REL09-BP01",
        "WA-REL:REL13-BP02",
    ],
    judges=kind(BUCKET, where=holds_data),
    passes=[
        pair(),
        {**pair(), "aws_s3_bucket_logging": {"log": {"target_bucket": "${aws_s3_bucket.logs.id}"}}}
        | {BUCKET: {**pair()[BUCKET], "logs": {"bucket": "logs"}}},
    ],
    fails=[
        pair(replication=None),
        pair(replication={"rule": [rule_to("there", status="Disabled")]}),
        pair(replication={"rule": [rule_to("there", filter={"prefix": "some/"})]}),
        pair(replication={"rule": [rule_to("home")]}),
        pair(replication={"rule": [rule_to("there", destination={"bucket": "arn:aws:s3:::elsewhere"})]}),
        pair(replication={"rule": [rule_to("there", destination={"bucket": "${var.replica}"})]}),
        pair(bucket={"bucket": "receipts-home", "provider": "aws.usw2"}),
    ],
    mutations=[
        remove("without replication", REPLICATION, seen_on=_sides),
        put("rule.status", "Disabled", REPLICATION, seen_on=_sides),
        edit("to itself", _to_itself, REPLICATION, seen_on=bucket_of),
        edit("only a part", in_the_first("rule", _for_a_part), REPLICATION, seen_on=_sides),
    ],
)
def storage_replicated(bucket: Resource) -> Iterator[str]:
    """Both directions are looked for from each side, so that neither can be forgotten."""
    targets = _whole(bucket)
    apart = [target for target in targets if bucket.region is not None and target.region != bucket.region]
    if not apart:
        found = f"only to {paths(targets)} in its own region" if targets else "nowhere"
        yield f"it is replicated as a whole {found}, not to another region"
    elif not any(bucket in _whole(target) for target in apart):
        yield f"{paths(apart)} is not replicated back to it"


def _whole(bucket: Resource) -> list[Resource]:
    """Where everything of a bucket is replicated to."""
    found = []
    for replication, each in replications(bucket):
        target = destination(replication, each)
        narrowed = [value for part in each.blocks("filter") for value in part.body.values() if value]
        if target is not None and not narrowed and not each.text("prefix"):
            found.append(target)
    return found
