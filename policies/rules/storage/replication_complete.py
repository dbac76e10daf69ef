"""Replication carries over everything, in a time that S3 answers for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._keys import key_fault
from policies.rules.storage._buckets import ENABLED, REPLICATION, destination, pair, rule_to

_CRITERIA: Final = "source_selection_criteria"
SWITCHES: Final = {
    "delete_marker_replication.status": "what is deleted here stays there",
    f"{_CRITERIA}.replica_modifications.status": "what is changed of a replica does not come back",
    f"{_CRITERIA}.sse_kms_encrypted_objects.status": "nothing that a KMS key encrypts is replicated",
    "destination.replication_time.status": "S3 promises no time",
    "destination.metrics.status": "nobody can see how far behind it is",
}
MINUTES: Final = ("destination.replication_time.time.minutes", "destination.metrics.event_threshold.minutes")
PROMISED: Final = 15
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"""

_KEY: Final = "destination.encryption_configuration.replica_kms_key_id"


def _without(path: str) -> dict[str, Any]:
    """A rule from which the block of a switch is left out."""
    changed = rule_to("there")
    *parents, block, _ = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    del place[block]
    return changed


def _own_key(body: dict[str, Any], replication: Resource) -> bool:
    """The key of the source's region, which encrypts what is replicated the other way."""
    twin = replication.twin or _opposite(replication)
    key = twin.block("rule").block("destination").block("encryption_configuration").get("replica_kms_key_id")
    for each in body.get("rule", []):
        each["destination"]["encryption_configuration"] = {"replica_kms_key_id": key}
    return key is not None


def _opposite(replication: Resource) -> Resource:
    """The replication of the bucket that it replicates to."""
    target = destination(replication, replication.block("rule"))
    others = [] if target is None else target.users(REPLICATION)
    return next((other for other in others if other is not replication), replication)


@rule(
    id="TAP_STORAGE_REPLICATION_COMPLETE",
    title="Replication carries over deletions and changes too, within 15 minutes, under the other region's key",
    risk="After a failover objects are back that were deleted, changes are missing, or nobody can say how much is.",
    remediation="Enable replication_time and metrics with 15 minutes, delete_marker_replication with a filter, "
    "replica_modifications and sse_kms_encrypted_objects; name a replica_kms_key_id of the destination's region.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-9", "NIST-800-53:CP-6(2)", "WA-REL:REL13-BP02"],
    judges=kind(REPLICATION),
    passes=[pair()],
    fails=[
        *(pair(replication={"rule": [_without(path)]}) for path in SWITCHES),
        pair(replication={"rule": [rule_to("there", filter=None, prefix="")]}),
        pair(replication={"rule": [rule_to("there", delete_marker_replication={"status": "Disabled"})]}),
        pair(
            replication={
                "rule": [
                    rule_to(
                        "there",
                        destination={
                            **rule_to("there")["destination"],
                            "encryption_configuration": {"replica_kms_key_id": "${aws_kms_key.home.arn}"},
                        },
                    )
                ]
            }
        ),
        pair(replication={"rule": []}),
    ],
    mutations=[
        *(put(f"rule.{path}", "Disabled") for path in SWITCHES),
        *(put(f"rule.{path}", 30) for path in MINUTES),
        drop("rule.filter"),
        drop("rule.destination.encryption_configuration"),
        edit("under the key of its own region", _own_key),
    ],
)
def storage_replication_complete(replication: Resource) -> Iterator[str]:
    """Without a filter a rule is one of S3's first version, which knows few of these."""
    rules = [each for each in replication.blocks("rule") if each.text("status") == ENABLED]
    if not rules:
        yield "none of its rules is enabled"
    for each in rules:
        if "filter" not in each:
            yield "its rule has no filter, so that S3 reads it as one of the first version"
        for path, meaning in SWITCHES.items():
            block, attribute = each.at(path)
            if block.text(attribute) != ENABLED:
                yield f"{path} is {block.get(attribute)}, not {ENABLED}: {meaning}"
        for path in MINUTES:
            block, attribute = each.at(path)
            if block.number(attribute) != PROMISED:
                yield f"{path} is {block.get(attribute)}, not {PROMISED}"
        yield from _key_faults(replication, each)


def _key_faults(replication: Resource, rule: Block) -> Iterator[str]:
    target = destination(replication, rule)
    if target is None:
        yield f"it replicates to {rule.block('destination').get('bucket')}, which is no bucket that is deployed here"
        return
    block, attribute = rule.at(_KEY)
    fault = key_fault(replication, block.get(attribute), target.region)
    if fault:
        yield f"{attribute}: {fault}"
