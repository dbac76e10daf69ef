"""The alarm on the ledger's replication lag is as strict as was promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, metrics
from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

LAG: Final = ("AWS/RDS", "AuroraGlobalDBReplicationLag")
LIMIT_MS: Final = 1000
RISES: Final = frozenset({"GreaterThanThreshold", "GreaterThanOrEqualToThreshold"})
STATISTICS: Final = frozenset({"Maximum", "Average"})
PERIOD_SECONDS: Final = 60
"""Aurora reports once a minute; a longer period notices later and averages a stall away."""


def _is_lag_alarm(alarm: Resource) -> bool:
    return any(metric.is_called(*LAG) for metric in metrics(alarm))


def _lag(**body: Any) -> dict[str, Any]:
    alarm = {
        "namespace": LAG[0],
        "metric_name": LAG[1],
        "dimensions": {"DBClusterIdentifier": "ledger", "SourceRegion": "us-west-2"},
        "statistic": "Maximum",
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 1000,
        "period": 60,
    }
    return {ALARM: {"lag": {**alarm, **body}}}


@rule(
    id="TAP_ALARM_REPLICATION_LAG",
    title="Alarms on the lag of a global database rise at 1,000 ms or less",
    risk="The lag is what a failover loses; an alarm that waits for more lets the promised recovery point be missed.",
    remediation=(
        "Alarm on Maximum or Average of AuroraGlobalDBReplicationLag, every 60 s, GreaterThanThreshold 1000 or less, "
        "by DBClusterIdentifier."
    ),
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-6(2)", "NIST-800-53:SI-4", "WA-REL:REL13-BP01"],
    judges=kind(ALARM, where=_is_lag_alarm),
    passes=[_lag(), _lag(threshold=500, statistic="Average", comparison_operator="GreaterThanOrEqualToThreshold")],
    fails=[
        _lag(threshold=1001),
        _lag(threshold=0, comparison_operator="LessThanThreshold"),
        _lag(threshold="${var.threshold}"),
        _lag(statistic="Minimum"),
        _lag(statistic=None, extended_statistic="p50"),
        _lag(period=300),
        _lag(dimensions={"SourceRegion": "us-west-2"}),
        {
            ALARM: {
                "lag": {
                    "threshold": 1000,
                    "comparison_operator": "GreaterThanThreshold",
                    "metric_query": [
                        {"id": "half", "expression": "lag / 2", "return_data": True},
                        {"id": "lag", "metric": {"namespace": LAG[0], "metric_name": LAG[1], "period": 60}},
                    ],
                }
            }
        },
    ],
    mutations=[
        put("threshold", 1001),
        put("threshold", 60_000),
        put("comparison_operator", "LessThanThreshold"),
        put("statistic", "Minimum"),
        put("period", 300),
        drop("dimensions.DBClusterIdentifier"),
        drop("threshold"),
    ],
)
def alarm_replication_lag(alarm: Resource) -> Iterator[str]:
    """An expression over the lag is not the lag, so that its threshold says nothing."""
    threshold = Block({"threshold": alarm.literal("threshold")}).number("threshold")
    if threshold is None or threshold > LIMIT_MS:
        yield f"threshold is {alarm.get('threshold')} ms, more than {LIMIT_MS} ms or unknown"
    if alarm.text("comparison_operator") not in RISES:
        yield f"comparison_operator is {alarm.get('comparison_operator')}, not one of {', '.join(sorted(RISES))}"
    for metric in metrics(alarm):
        if not metric.is_called(*LAG):
            continue
        if "metric_name" not in alarm:
            yield "the lag is part of an expression: what the threshold limits is not known"
        if metric.statistic not in STATISTICS:
            yield f"the statistic is {metric.statistic}, not one of {', '.join(sorted(STATISTICS))}"
        if metric.period is None or metric.period > PERIOD_SECONDS:
            yield f"the period is {metric.period} s, not {PERIOD_SECONDS}"
        if "DBClusterIdentifier" not in metric.dimensions:
            yield "DBClusterIdentifier is not among its dimensions: it is not known whose lag it is"
