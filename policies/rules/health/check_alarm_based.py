"""A health check that follows an alarm says what no data means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.health._routing import ALARM, CHECK

STATUS: Final = "insufficient_data_health_status"
_CHOICES: Final = frozenset({"Healthy", "LastKnownStatus", "Unhealthy"})
_ON_ALARM: Final = {
    "type": "CLOUDWATCH_METRIC",
    "cloudwatch_alarm_name": "${aws_cloudwatch_metric_alarm.lag.alarm_name}",
    "cloudwatch_alarm_region": "us-east-1",
    STATUS: "Unhealthy",
}
_LAG: Final = {ALARM: {"lag": {"alarm_name": "lag-use1"}}}


def _follows(status: str | None, region: str = "us-east-1") -> Any:
    """An edit: the check follows an alarm of the deployment instead of asking by itself."""

    def change(body: dict[str, Any], check: Resource) -> bool:
        alarms = [alarm for alarm in check.deployment.resources(ALARM) if alarm.region == "us-east-1"]
        if not alarms:
            return False
        body.update(
            type="CLOUDWATCH_METRIC", cloudwatch_alarm_name=alarms[0].get("alarm_name"), cloudwatch_alarm_region=region
        )
        body.update({STATUS: status} if status else {})
        return True

    return change


@rule(
    id="TAP_HEALTH_CHECK_ALARM_BASED",
    title="Health checks that follow an alarm say what it means to have no data, and which alarm it is",
    risk="An alarm without data leaves the check as it was, for ever: a region that reports nothing any more, because "
    "it is gone, counts as healthy.",
    remediation=f"Ask an endpoint instead; or set {STATUS} on purpose, and name an alarm of this deployment in the "
    "region where it is.",
    severity=Severity.HIGH,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SI-17",
        "WA-REL:REL11-BP01",
        "WA-REL:REL11-BP02",
    ],
    judges=kind(CHECK),
    passes=[{**_LAG, CHECK: {"follows": _ON_ALARM, "asks": {"type": "HTTPS"}}}],
    fails=[
        {**_LAG, CHECK: {"by_accident": {**_ON_ALARM, STATUS: None}}},
        {**_LAG, CHECK: {"unknown": {**_ON_ALARM, STATUS: "${var.status}"}}},
        {**_LAG, CHECK: {"elsewhere": {**_ON_ALARM, "cloudwatch_alarm_region": "us-west-2"}}},
        {CHECK: {"nothing": {**_ON_ALARM, "cloudwatch_alarm_name": "somebody-elses"}}},
        {CHECK: {"no_type": {}}},
    ],
    mutations=[
        edit("follows an alarm and says nothing of missing data", _follows(None)),
        edit("follows an alarm, with a status that is none", _follows("Whatever")),
        edit("follows an alarm in the wrong region", _follows("Unhealthy", "us-west-2")),
    ],
)
def check_alarm_based(check: Resource) -> Iterator[str]:
    """Judges every check, so that one cannot slip in unnoticed; those that follow no alarm pass.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
    """
    if check.text("type") is None:
        yield f"type is {check.get('type')}, so that nobody can tell what it follows"
    if check.text("type") != "CLOUDWATCH_METRIC":
        return
    if check.text(STATUS) not in _CHOICES:
        yield f"{STATUS} is {check.get(STATUS)}: with no data the last known status stays, which nobody decided"
    name, region = check.literal("cloudwatch_alarm_name"), check.literal("cloudwatch_alarm_region")
    alarms = [alarm for alarm in check.deployment.resources(ALARM) if name and alarm.literal("alarm_name") == name]
    if not any(alarm.region == region for alarm in alarms):
        where = ", ".join(str(alarm.region) for alarm in alarms) or "no region"
        yield f"it follows {check.get('cloudwatch_alarm_name')} in {region}; an alarm of this name is in {where}"
