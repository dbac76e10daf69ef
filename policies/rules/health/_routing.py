"""Where names lead, what checks ask, and what a verdict is made of, as several rules look at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Deployment, Resource
from policies.model.regions import HEALTH_METRICS
from policies.rules.health.check_interval import asks_an_endpoint

RECORD: Final = "aws_route53_record"
CHECK: Final = "aws_route53_health_check"
ALARM: Final = "aws_cloudwatch_metric_alarm"

LIVENESS: Final = "/health/live"
DATABASE: Final = "/health/database"
SWITCH: Final = "/health/active"
"""What a region's ingress answers: whether its functions run, whether its database does, whether it is the active one.

The last is the switch: the standby's is watched *inverted*, so that the primary counts as down once the standby says
that it has taken over.
"""

ENTRANCES: Final = frozenset(
    {
        "aws_alb", "aws_api_gateway_domain_name", "aws_apigatewayv2_domain_name", "aws_cloudfront_distribution",
        "aws_eip", "aws_elb", "aws_globalaccelerator_accelerator", "aws_lb",
    }
)  # fmt: skip
"""What takes requests from the internet."""

_POLICIES: Final = (
    "cidr_routing_policy", "failover_routing_policy", "geolocation_routing_policy", "geoproximity_routing_policy",
    "latency_routing_policy", "weighted_routing_policy",
)  # fmt: skip


def is_alias(record: Resource) -> bool:
    """Whether it leads to a resource of AWS by itself."""
    return "alias" in record


def entrance(record: Resource) -> Resource | None:
    """The resource that a record leads to; None if it cannot be seen, or if it is several."""
    if is_alias(record):
        return record.deployment.target(record.stack, record.block("alias").get("name"))
    found = record.targets("records")
    return found[0] if len(found) == 1 else None


def led_region(record: Resource) -> str | None:
    """The region that a record leads to."""
    found = entrance(record)
    return found.region if found else None


def zone_of(record: Resource) -> str | None:
    """What tells its hosted zone from others: the zone's own resource, or its id."""
    zone = record.target("zone_id")
    return zone.path if zone else record.literal("zone_id")


def full_name(record: Resource) -> str | None:
    """The name that it answers for, as a client writes it; None if only AWS knows it."""
    name = record.literal("name")
    if name is None:
        return None
    name = name.rstrip(".").lower()
    zone = record.target("zone_id")
    suffix = (zone.literal("name") if zone else None) or ""
    suffix = suffix.rstrip(".").lower()
    within = not suffix or name == suffix or name.endswith(f".{suffix}")
    return name if within else f"{name}.{suffix}".lstrip(".")


def regional_names(deployment: Deployment) -> dict[str, str]:
    """By name: the region that it always leads to, because its record has no routing policy."""
    known: dict[str, str] | None = deployment.__dict__.get("_regional_names")
    if known is None:
        found: dict[str, set[str]] = defaultdict(set)
        for name, region in _regional_names(deployment):
            found[name].add(region)
        known = {name: next(iter(regions)) for name, regions in found.items() if len(regions) == 1}
        deployment.__dict__["_regional_names"] = known
    return known


def _regional_names(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for record in deployment.resources(RECORD):
        if any(policy in record for policy in _POLICIES):
            continue
        name, found = full_name(record), entrance(record)
        if name and found and found.region:
            yield name, found.region


def asked_name(check: Resource) -> str | None:
    """The name that a check asks; None if it asks an address, or if only AWS knows it."""
    record = check.target("fqdn")
    if record is not None and record.type == RECORD:
        return full_name(record)
    name = check.literal("fqdn")
    return name.rstrip(".").lower() if name else None


def watched_region(check: Resource) -> str | None:
    """The region that a check asks, by a name that always leads there."""
    return regional_names(check.deployment).get(asked_name(check) or "")


def asks(check: Resource, path: str, region: str | None, *, inverted: bool = False) -> bool:
    """Whether a check asks a region for ``path``, and counts a yes as healthy (or as unhealthy, if ``inverted``)."""
    return (
        region is not None
        and asks_an_endpoint(check)
        and check.literal("resource_path") == path
        and bool(check.flag("invert_healthcheck")) is inverted
        and not check.flag("disabled")
        and watched_region(check) == region
    )


def children(check: Resource) -> list[Resource]:
    """The checks that a calculated one is made of."""
    return [child for child in check.targets("child_healthchecks") if child.type == CHECK]


def alarmed(deployment: Deployment) -> list[Resource]:
    """The checks that raise an alarm when they fail, by themselves or as a part of a calculated one."""
    known: list[Resource] | None = deployment.__dict__.get("_alarmed_checks")
    if known is None:
        heard = [c for a in deployment.resources(ALARM) if _rings_when_unhealthy(a) for c in _measured(a)]
        known = deployment.__dict__["_alarmed_checks"] = [*heard, *(c for check in heard for c in children(check))]
    return known


def _measured(alarm: Resource) -> list[Resource]:
    check = alarm.deployment.target(alarm.stack, alarm.map("dimensions").get("HealthCheckId"))
    return [check] if check is not None and check.type == CHECK else []


def _rings_when_unhealthy(alarm: Resource) -> bool:
    """``HealthCheckStatus`` is 1 while a check is healthy and 0 while not, and exists in one region.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
    """
    threshold = alarm.number("threshold")
    below = {"LessThanThreshold": (0, 1, False), "LessThanOrEqualToThreshold": (0, 1, True)}
    bounds = below.get(alarm.text("comparison_operator") or "")
    if threshold is None or bounds is None:
        return False
    low, high, with_low = bounds
    return (
        (low <= threshold < high if with_low else low < threshold <= high)
        and alarm.text("namespace") == "AWS/Route53"
        and alarm.text("metric_name") == "HealthCheckStatus"
        and alarm.text("statistic") in {"Minimum", "Average"}
        and alarm.region == HEALTH_METRICS
        and alarm.flag("actions_enabled") is not False
        and bool(alarm.items("alarm_actions"))
    )
