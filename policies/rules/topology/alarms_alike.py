"""An alarm rings in either region at the same point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, rule
from policies.rules.topology._pairs import apart, belongs_in_both, each, twinned

_WEST: Final = {"provider": "aws.usw2"}
_ERRORS: Final = {
    "alarm_name": "errors-use1",
    "metric_name": "Errors",
    "threshold": 0,
    "treat_missing_data": "breaching",
}
_ERRORS_WEST: Final = {**_ERRORS, **_WEST, "alarm_name": "errors-usw2"}
_LAG: Final = {"namespace": "AWS/RDS", "dimensions": {"SourceRegion": "us-west-2"}}
_LAG_WEST: Final = {**_WEST, "namespace": "AWS/RDS", "dimensions": {"SourceRegion": "us-east-1"}}


def _of_the_other_region(body: dict[str, Any], alarm: Resource) -> bool:
    """Each dimension that names a region names the other one."""
    peer, here = alarm.deployment.peer(alarm.region), alarm.region
    dimensions = body.get("dimensions")
    if not isinstance(dimensions, dict) or not peer or not here:
        return False
    exchange = {peer: here, here: peer}
    body["dimensions"] = {name: exchange.get(value, value) for name, value in dimensions.items()}
    return True


@rule(
    id="TAP_TOPOLOGY_ALARMS_ALIKE",
    title="Alarms have the same metric, threshold and actions in both regions",
    risk="After a failover the same trouble goes unheard, or is heard later: nobody compares the two sides' alarms by "
    "hand.",
    remediation="Give both alarms the same threshold, periods, statistic and treatment of missing data, and actions on "
    "their own region's topic.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "WA-REL:REL11-BP01", "WA-REL:REL13-BP04"],
    judges=twinned("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"),
    passes=[
        {"aws_cloudwatch_metric_alarm": {"a": _ERRORS, "b": _ERRORS_WEST}},
        {"aws_cloudwatch_metric_alarm": {"lag_use1": _LAG, "lag_usw2": _LAG_WEST}},
    ],
    fails=[
        {"aws_cloudwatch_metric_alarm": {"a": _ERRORS, "b": {**_ERRORS_WEST, "threshold": 10}}},
        {"aws_cloudwatch_metric_alarm": {"a": _ERRORS, "b": {**_ERRORS_WEST, "treat_missing_data": "notBreaching"}}},
        {"aws_cloudwatch_metric_alarm": {"a": {**_ERRORS, "alarm_actions": ["arn"]}, "b": _ERRORS_WEST}},
        {"aws_cloudwatch_metric_alarm": {"lag_use1": _LAG, "lag_usw2": {**_LAG_WEST, **_LAG, **_WEST}}},
    ],
    mutations=[
        edit("a higher threshold", each("threshold", lambda value: value + 1), where=belongs_in_both),
        put("evaluation_periods", 60, where=belongs_in_both),
        put("statistic", "SampleCount", where=belongs_in_both),
        put("treat_missing_data", "ignore", where=belongs_in_both),
        put("alarm_actions", [], where=belongs_in_both),
        drop("alarm_actions", where=belongs_in_both),
        put("actions_enabled", value=False, where=belongs_in_both),
        edit("the other region's dimension", _of_the_other_region, where=belongs_in_both),
    ],
)
def alarms_alike(alarm: Resource) -> Iterator[str]:
    """All attributes; those on what AWS reports to one region only have no twin, so are not judged."""
    if belongs_in_both(alarm):
        yield from apart(alarm)
