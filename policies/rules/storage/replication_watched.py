"""Somebody is told when replication lags or fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, Metric, metrics, watch
from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import (
    BUCKET,
    ENABLED,
    REPLICATION,
    bucket_of,
    destination,
    pair,
    settings,
)

LATENCY: Final = ("AWS/S3", "ReplicationLatency")
FAILED: Final = ("AWS/S3", "OperationsFailedReplication")
"""The first is reported where the destination is, the second where the source is.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
"""

PROMISED_SECONDS: Final = 900


def _is_about_replication(alarm: Resource) -> bool:
    return any(metric.is_called(*LATENCY) or metric.is_called(*FAILED) for metric in metrics(alarm))


def _is_about_latency(alarm: Resource) -> bool:
    return any(metric.is_called(*LATENCY) for metric in metrics(alarm))


def _watched(alarm: Resource) -> list[Resource]:
    sources = [b for m in metrics(alarm) for b in watch(alarm.deployment).named(m, "SourceBucket")]
    return [replication for bucket in sources for replication in settings(bucket, REPLICATION)]


def _another_rule(body: dict[str, Any], _: Resource) -> None:
    body["dimensions"] = {**body["dimensions"], "RuleId": "another"}


def _the_other_way(body: dict[str, Any], _: Resource) -> None:
    named = body["dimensions"]
    body["dimensions"] = {
        **named,
        "SourceBucket": named["DestinationBucket"],
        "DestinationBucket": named["SourceBucket"],
    }


def _alarm(name: tuple[str, str], source: str, target: str, region: str, **body: Any) -> dict[str, Any]:
    return {
        "provider": f"aws.{region}",
        "namespace": name[0],
        "metric_name": name[1],
        "threshold": 900 if name == LATENCY else 0,
        "dimensions": {
            "SourceBucket": f"receipts-{source}",
            "DestinationBucket": f"receipts-{target}",
            "RuleId": "everything",
        },
        **body,
    }


def _alarms(**changes: dict[str, Any] | None) -> dict[str, Any]:
    every = {
        "late_there": _alarm(LATENCY, "home", "there", "usw2"),
        "late_home": _alarm(LATENCY, "there", "home", "use1"),
        "failed_home": _alarm(FAILED, "home", "there", "use1"),
        "failed_there": _alarm(FAILED, "there", "home", "usw2"),
    }
    found = {name: changes.get(name, body) for name, body in every.items()}
    return {**pair(), ALARM: {name: body for name, body in found.items() if body is not None}}


@rule(
    id="TAP_STORAGE_REPLICATION_WATCHED",
    title="Slow and failed replication of buckets is alarmed on, in the region that reports it",
    risk="What fails to replicate stays behind for good, without a sign; watched in the wrong region it is never seen.",
    remediation=f"Alarm on ReplicationLatency above {PROMISED_SECONDS} s or less in the destination's region and on "
    "OperationsFailedReplication in the source's, by SourceBucket, DestinationBucket and RuleId.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "NIST-800-53:CP-9", "WA-REL:REL11-BP01"],
    judges=kind(REPLICATION),
    passes=[_alarms()],
    fails=[
        pair(),
        _alarms(late_there=None),
        _alarms(failed_home=None),
        _alarms(late_there=_alarm(LATENCY, "home", "there", "use1")),
        _alarms(failed_home=_alarm(FAILED, "home", "there", "usw2")),
        _alarms(late_there=_alarm(LATENCY, "home", "there", "usw2", threshold=901)),
        _alarms(late_there=_alarm(LATENCY, "home", "there", "usw2", threshold="${var.seconds}")),
        {**_alarms(), BUCKET: {"there": {"bucket": "receipts-there", "provider": "aws.usw2"}}},
    ],
    mutations=[
        remove("no alarm on it", ALARM, where=_is_about_replication, seen_on=_watched),
        put("metric_name", "BytesPendingReplication", ALARM, where=_is_about_replication, seen_on=_watched),
        put("threshold", PROMISED_SECONDS + 1, ALARM, where=_is_about_latency, seen_on=_watched),
        edit("another rule", _another_rule, ALARM, where=_is_about_replication, seen_on=_watched),
        edit("the other way round", _the_other_way, ALARM, where=_is_about_replication, seen_on=_watched),
    ],
)
def storage_replication_watched(replication: Resource) -> Iterator[str]:
    """An alarm counts for one rule of one direction."""
    sources = bucket_of(replication)
    if not sources:
        yield f"it is for {replication.get('bucket')}, which is no bucket that is deployed here"
    for source in sources:
        for each in replication.blocks("rule"):
            target = destination(replication, each)
            if each.text("status") == ENABLED and target is not None:
                yield from _unwatched(source, target, each)


def _unwatched(source: Resource, target: Resource, rule: Block) -> Iterator[str]:
    watching = watch(source.deployment)

    def is_about(metric: Metric, name: tuple[str, str], place: str | None) -> bool:
        return (
            metric.is_called(*name)
            and metric.alarm.region == place
            and source in watching.named(metric, "SourceBucket")
            and target in watching.named(metric, "DestinationBucket")
            and metric.dimension("RuleId") == rule.text("id")
        )

    found = {*watching.on(source), *watching.on(target)}
    late = [metric.alarm.number("threshold") for metric in found if is_about(metric, LATENCY, target.region)]
    if not any(seconds is not None and seconds <= PROMISED_SECONDS for seconds in late):
        yield f"no alarm in {target.region} on {LATENCY[1]} to {target.path} above {PROMISED_SECONDS} s or less"
    if not any(is_about(metric, FAILED, source.region) for metric in found):
        yield f"no alarm in {source.region} on {FAILED[1]} to {target.path}"
