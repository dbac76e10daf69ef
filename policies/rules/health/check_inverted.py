"""Only the switch is inverted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule
from policies.rules.health._example import routing
from policies.rules.health._routing import CHECK, SWITCH, watched_region
from policies.rules.health.check_interval import asks_an_endpoint


def _is_inverted(check: Resource) -> bool:
    return check.flag("invert_healthcheck") is True


def _name_of_the_primary(body: dict[str, Any], check: Resource) -> bool:
    others = [c for c in check.deployment.resources(CHECK) if watched_region(c) == check.deployment.primary]
    body["fqdn"] = others[0].get("fqdn") if others else None
    return bool(others)


@rule(
    id="TAP_HEALTH_CHECK_INVERTED",
    title="Only the switch is inverted: the check of whether the standby is active",
    risk="An inverted check of anything else leads payments away from what works and towards what does not.",
    remediation=f"Leave invert_healthcheck out, but for the check of {SWITCH} under the standby's own name.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SI-17",
        "WA-REL:REL11-BP02",
        "WA-REL:REL11-BP04",
    ],
    judges=kind(CHECK),
    passes=[routing(), {CHECK: {"plain": {"type": "HTTPS"}}}],
    fails=[
        routing(check_east_live={"invert_healthcheck": True}),
        routing(check_east={"invert_healthcheck": True}),
        routing(check_switch={"resource_path": "/health/live"}),
        routing(check_switch={"fqdn": "use1.tap.example"}),
        routing(check_switch={"invert_healthcheck": False}),
        routing(check_switch={"invert_healthcheck": "${var.inverted}"}),
    ],
    mutations=[
        put("invert_healthcheck", True, where=lambda check: not _is_inverted(check)),
        put("invert_healthcheck", False, where=_is_inverted),
        put("invert_healthcheck", "${var.inverted}"),
        put("resource_path", "/health/live", where=_is_inverted),
        edit("the switch of the primary itself", _name_of_the_primary, where=_is_inverted),
    ],
)
def check_inverted(check: Resource) -> Iterator[str]:
    """And the switch itself must be: asked straight, it takes the primary down as long as the standby stands by."""
    inverted = check.flag("invert_healthcheck") if "invert_healthcheck" in check else False
    if inverted is None:
        yield f"invert_healthcheck is {check.get('invert_healthcheck')}, which nobody can tell"
        return
    path, region, standby = check.literal("resource_path"), watched_region(check), check.deployment.standby
    is_switch = asks_an_endpoint(check) and path == SWITCH and region is not None and region == standby
    if inverted and not is_switch:
        yield f"it is inverted and asks {region or 'no region'} for {path}; only {SWITCH} of {standby} is inverted"
    if is_switch and not inverted:
        yield f"it asks {standby} for {SWITCH} and is not inverted, so that it is unhealthy while all is well"
