"""Nothing stays where it costs most, and nothing stays unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import (
    BUCKET,
    ENABLED,
    LIFECYCLE,
    aged,
    bucket_of,
    holds_data,
    in_the_first,
    pair,
    settings,
)

ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
ARCHIVED_DAYS = 90


def _data_bucket(lifecycle: Resource) -> list[Resource]:
    return [bucket for bucket in bucket_of(lifecycle) if holds_data(bucket)]


def _later(rule: dict[str, Any], _: Resource) -> bool:
    if not rule.get("transition"):
        return False
    rule["transition"] = [{**each, "days": ARCHIVED_DAYS + 1} for each in rule["transition"]]
    return True


def _elsewhere(rule: dict[str, Any], _: Resource) -> bool:
    if not rule.get("transition"):
        return False
    rule["transition"] = [{**each, "storage_class": "STANDARD_IA"} for each in rule["transition"]]
    return True


@rule(
    id="TAP_STORAGE_LIFECYCLE",
    title="Buckets move what they hold to Glacier after 90 days, or delete it, and clear away what nobody sees",
    risk="Old objects cost as much as new ones for ever; old versions and broken-off uploads grow unseen.",
    remediation=f"Add an enabled rule for the whole bucket with a transition to GLACIER after {ARCHIVED_DAYS} days or "
    "fewer, or an expiration; with noncurrent_version_expiration and abort_incomplete_multipart_upload.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12", "NIST-800-53:AU-11", "WA-REL:REL09-BP01"],
    judges=kind(BUCKET),
    passes=[
        pair(),
        pair(lifecycle={"rule": [aged(filter=None, transition=None, expiration=[{"days": 365}])]}),
    ],
    fails=[
        pair(lifecycle=None),
        pair(lifecycle={"rule": [aged(status="Disabled")]}),
        pair(lifecycle={"rule": [aged(filter=[{"prefix": "old/"}])]}),
        pair(lifecycle={"rule": [aged(transition=[{"days": 91, "storage_class": "GLACIER"}])]}),
        pair(lifecycle={"rule": [aged(transition=[{"days": 30, "storage_class": "STANDARD_IA"}])]}),
        pair(lifecycle={"rule": [aged(transition=None)]}),
        pair(lifecycle={"rule": [aged(noncurrent_version_expiration=None)]}),
        pair(lifecycle={"rule": [aged(abort_incomplete_multipart_upload=None)]}),
        pair(lifecycle={"rule": [aged(transition=[{"days": "${var.days}", "storage_class": "GLACIER"}])]}),
    ],
    mutations=[
        remove("without a lifecycle", LIFECYCLE, seen_on=bucket_of),
        put("rule.status", "Disabled", LIFECYCLE, seen_on=bucket_of),
        put("rule.filter", [{"prefix": "old/"}], LIFECYCLE, seen_on=bucket_of),
        drop("rule.noncurrent_version_expiration", LIFECYCLE, seen_on=bucket_of),
        drop("rule.abort_incomplete_multipart_upload", LIFECYCLE, seen_on=bucket_of),
        edit("moved later", in_the_first("rule", _later), LIFECYCLE, seen_on=_data_bucket),
        edit("moved to what is not an archive", in_the_first("rule", _elsewhere), LIFECYCLE, seen_on=_data_bucket),
    ],
)
def storage_lifecycle(bucket: Resource) -> Iterator[str]:
    """A rule for a part of the bucket says nothing of the rest."""
    rules = [
        each
        for lifecycle in settings(bucket, LIFECYCLE)
        for each in lifecycle.blocks("rule")
        if each.text("status") == ENABLED and _is_for_all(each)
    ]
    if not any(_ends(each) for each in rules):
        archives = " or ".join(ARCHIVES)
        yield f"no rule for all of it moves objects to {archives} within {ARCHIVED_DAYS} days, or deletes them"
    if not any(each.block("noncurrent_version_expiration").number("noncurrent_days") for each in rules):
        yield "no rule for all of it deletes versions that are no longer current"
    if not any(each.block("abort_incomplete_multipart_upload").number("days_after_initiation") for each in rules):
        yield "no rule for all of it clears away broken-off uploads"


def _is_for_all(rule: Block) -> bool:
    narrowed = {name: value for part in rule.blocks("filter") for name, value in part.body.items() if value}
    return not narrowed and not rule.text("prefix")


def _ends(rule: Block) -> bool:
    moved = [each for each in rule.blocks("transition") if each.get("storage_class") in ARCHIVES]
    days = [number for each in moved if (number := each.number("days")) is not None]
    return any(number <= ARCHIVED_DAYS for number in days) or rule.block("expiration").number("days") is not None
