"""People hear of either region's failing checks."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.choices import is_choice
from policies.model.deployment import Resource
from policies.model.regions import HEALTH_METRICS
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.health._example import routing
from policies.rules.health._routing import (
    ALARM,
    CHECK,
    DATABASE,
    LIVENESS,
    RECORD,
    alarmed,
    asks,
    children,
    led_region,
    watched_region,
)


def _is_on_checks(alarm: Resource) -> bool:
    return alarm.text("namespace") == "AWS/Route53"


def _records(alarm: Resource) -> list[Resource]:
    """The failover records that lead to the region whose verdict an alarm is on."""
    check = alarm.deployment.target(alarm.stack, alarm.map("dimensions").get("HealthCheckId"))
    live = [c for c in (children(check) if check else []) if c.literal("resource_path") == LIVENESS]
    regions = {watched_region(c) for c in live}
    return [r for r in alarm.deployment.resources(RECORD) if is_choice(r) and led_region(r) in regions]


@rule(
    id="TAP_HEALTH_REGIONS_ALARMED",
    title="Failing checks of liveness and database of either region raise an alarm",
    risk="The standby has no check on its record, on purpose: if nobody hears that it is down, a failover leads to a "
    "region that does not work.",
    remediation=f"In {HEALTH_METRICS}, alarm on HealthCheckStatus below 1 of the region's calculated check, with an "
    "action.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "NIST-800-53:IR-4", "WA-REL:REL06-BP03", "WA-REL:REL11-BP06"],
    judges=kind(RECORD, where=is_choice),
    passes=[
        routing(),
        routing(alarm_west={"comparison_operator": "LessThanOrEqualToThreshold", "threshold": 0}),
    ],
    fails=[
        routing(alarm_west=None),
        routing(alarm_west={"provider": "aws.usw2"}),
        routing(alarm_west={"alarm_actions": []}),
        routing(alarm_west={"threshold": 0}),
        routing(alarm_west={"comparison_operator": "GreaterThanThreshold"}),
        routing(alarm_west={"dimensions": {"HealthCheckId": "${aws_route53_health_check.west_live.id}"}}),
        routing(alarm_west={"actions_enabled": False}),
    ],
    mutations=[
        remove("without the alarm", ALARM, where=_is_on_checks, seen_on=_records),
        put("threshold", 0, ALARM, where=_is_on_checks, seen_on=_records),
        put("comparison_operator", "GreaterThanThreshold", ALARM, where=_is_on_checks, seen_on=_records),
        put("metric_name", "HealthCheckPercentageHealthy", ALARM, where=_is_on_checks, seen_on=_records),
        put("statistic", "Maximum", ALARM, where=_is_on_checks, seen_on=_records),
        put("provider", "aws.usw2", ALARM, where=_is_on_checks, seen_on=_records),
        put("alarm_actions", [], ALARM, where=_is_on_checks, seen_on=_records),
        drop("dimensions", ALARM, where=_is_on_checks, seen_on=_records),
    ],
)
def regions_alarmed(record: Resource) -> Iterator[str]:
    """An alarm on a calculated check covers its children."""
    region, heard = led_region(record), alarmed(record.deployment)
    if region is None:
        yield "nobody can tell which region it leads to, so none whether its checks raise an alarm"
        return
    for path in (LIVENESS, DATABASE):
        if not any(asks(check, path, region) for check in heard if check.type == CHECK):
            yield f"it leads to {region}, where a failing {path} raises no alarm"
