"""What replication has not yet carried over stays below what was promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.budgets import (
    LEDGER_LAG,
    RECOVERS_TO_A_POINT,
    SESSIONS_LAG,
    is_bucket_replication,
    is_global_table,
    is_ledger_member,
    sums_of,
)
from policies.model.alarms import ALARM, metrics, watch
from policies.model.deployment import Resource
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule

REPLICATION: Final = "aws_s3_bucket_replication_configuration"


def _is_replicated(resource: Resource) -> bool:
    return is_ledger_member(resource) or is_global_table(resource) or is_bucket_replication(resource)


def _is_lag_alarm(alarm: Resource) -> bool:
    return any(metric.is_called(*lag) for metric in metrics(alarm) for lag in (LEDGER_LAG, SESSIONS_LAG))


def _watched(alarm: Resource) -> list[Resource]:
    """The resources whose lag an alarm reads."""
    everything = alarm.deployment.resources(*RECOVERS_TO_A_POINT)
    watching = watch(alarm.deployment)
    return [resource for resource in everything if any(metric.alarm is alarm for metric in watching.on(resource))]


def _lag(namespace: str, name: str, milliseconds: float, **dimensions: str) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "metric_name": name,
        "dimensions": dimensions,
        "threshold": milliseconds,
        "comparison_operator": "GreaterThanThreshold",
        "period": 60,
        "evaluation_periods": 3,
    }


def _ledger(milliseconds: float, **body: Any) -> dict[str, Any]:
    return {
        "aws_rds_cluster": {"member": {"cluster_identifier": "ledger", "global_cluster_identifier": "all"}},
        ALARM: {"lag": {**_lag(*LEDGER_LAG, milliseconds, DBClusterIdentifier="ledger"), **body}},
    }


def _sessions(milliseconds: float) -> dict[str, Any]:
    return {
        "aws_dynamodb_table": {"sessions": {"name": "sessions", "replica": [{"region_name": "us-west-2"}]}},
        ALARM: {
            "home": _lag(*SESSIONS_LAG, 5000, TableName="sessions", ReceivingRegion="us-west-2"),
            "back": {
                **_lag(*SESSIONS_LAG, milliseconds, TableName="sessions", ReceivingRegion="us-east-1"),
                "provider": "aws.usw2",
            },
        },
    }


def _receipts(**control: Any) -> dict[str, Any]:
    destination = {"bucket": "${aws_s3_bucket.there.arn}", "replication_time": control} if control else {}
    return {
        "aws_s3_bucket_replication_configuration": {
            "receipts": {"rule": [{"status": "Enabled", "destination": destination}]}
        }
    }


@rule(
    id="TAP_BUDGET_RECOVERY_POINT",
    title="What is not yet replicated stays below the recovery point that was promised, or somebody is told",
    risk="A lag that nothing limits and nobody hears of is lost with the region.",
    remediation="Alarm on a lag below the budget in every direction of replication; use S3's replication time control.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-6(2)", "NIST-800-53:CP-9", "WA-REL:REL13-BP01"],
    judges=kind(*RECOVERS_TO_A_POINT, where=_is_replicated),
    passes=[
        _ledger(1000),
        _sessions(60_000),
        _receipts(status="Enabled", time={"minutes": 15}),
    ],
    fails=[
        _ledger(60_001),
        _ledger(1000, comparison_operator="LessThanThreshold"),
        _ledger(1000, provider="aws.usw2"),
        _ledger(1000, threshold="${var.threshold}"),
        {"aws_rds_cluster": {"alone": {"cluster_identifier": "ledger", "global_cluster_identifier": "all"}}},
        _sessions(60_001),
        {**_sessions(5000), "output": {"recovery_budgets": {"value": {"sessions_rpo": 4}}}},
        _receipts(),
        _receipts(status="Disabled", time={"minutes": 15}),
        {"aws_s3_bucket_replication_configuration": {"idle": {"rule": [{"status": "Disabled"}]}}},
        _receipts(status="Enabled", time={"minutes": 30}),
    ],
    mutations=[
        put("threshold", 60_001, ALARM, where=_is_lag_alarm, seen_on=_watched),
        put("comparison_operator", "LessThanThreshold", ALARM, where=_is_lag_alarm, seen_on=_watched),
        put("metric_name", "CPUUtilization", ALARM, where=_is_lag_alarm, seen_on=_watched),
        put("rule.status", "Disabled", REPLICATION),
        put("rule.destination.replication_time.status", "Disabled", REPLICATION),
        put("rule.destination.replication_time.time.minutes", 30, REPLICATION),
        drop("rule.destination.replication_time", REPLICATION),
        remove("no alarm on the lag", ALARM, where=_is_lag_alarm, seen_on=_watched),
    ],
)
def recovery_point(resource: Resource) -> Iterator[str]:
    """Only a lag that an alarm, or S3's own promise, limits is known; what is not known is no promise."""
    for found in sums_of(resource):
        if not found.within_budget:
            yield str(found)
