"""A calculated health check needs all of its children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.health._example import id_of, routing
from policies.rules.health._routing import CHECK, children


def _is_calculated(check: Resource) -> bool:
    return check.text("type") == "CALCULATED"


def _parents(check: Resource) -> list[Resource]:
    return [user for user in check.users(CHECK) if _is_calculated(user)]


def _one_too_few(body: dict[str, Any], _: Resource) -> None:
    body["child_health_threshold"] = len(body["child_healthchecks"]) - 1


def _one_too_many(body: dict[str, Any], _: Resource) -> None:
    body["child_health_threshold"] = len(body["child_healthchecks"]) + 1


def _first_twice(body: dict[str, Any], _: Resource) -> None:
    body["child_healthchecks"] = [body["child_healthchecks"][0], *body["child_healthchecks"][:-1]]


@rule(
    id="TAP_HEALTH_CHECK_CALCULATED",
    title="Calculated health checks are healthy only if all of their children are",
    risk="With a lower threshold a region stays in service without its database, or the switch cannot be thrown; with "
    "a higher one it is never healthy. With threshold 0 it is never unhealthy.",
    remediation="Set child_health_threshold to the number of child_healthchecks, each of which is a check of this "
    "deployment.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SI-13",
        "WA-REL:REL11-BP01",
        "WA-REL:REL11-BP02",
    ],
    judges=kind(CHECK, where=_is_calculated),
    passes=[routing()],
    fails=[
        routing(check_east={"child_health_threshold": 2}),
        routing(check_east={"child_health_threshold": 4}),
        routing(check_east={"child_health_threshold": None}),
        routing(check_east={"child_health_threshold": "${var.threshold}"}),
        routing(check_east={"child_healthchecks": [], "child_health_threshold": 0}),
        routing(check_east={"child_healthchecks": [id_of("east_live"), id_of("gone")], "child_health_threshold": 2}),
        routing(check_east={"child_healthchecks": [id_of("east_live")] * 2, "child_health_threshold": 2}),
        routing(check_east={"child_healthchecks": ["0a1b2c3d-4e5f"], "child_health_threshold": 1}),
    ],
    mutations=[
        edit("one too few", _one_too_few),
        edit("one too many", _one_too_many),
        put("child_health_threshold", 0),
        put("child_health_threshold", "${var.threshold}"),
        drop("child_health_threshold"),
        put("child_healthchecks", []),
        drop("child_healthchecks"),
        edit("a child twice", _first_twice),
        put("disabled", value=True),
        remove("without one of the children", CHECK, seen_on=_parents),
    ],
)
def check_calculated(check: Resource) -> Iterator[str]:
    """Each child counts once, so that one which is listed twice or is not there makes the threshold another one.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
    """
    listed, found = check.items("child_healthchecks"), children(check)
    if not listed:
        yield "it has no child_healthchecks, so that nothing can make it unhealthy"
    elif len(found) != len(listed):
        yield f"of its {len(listed)} child_healthchecks {len(found)} are different checks of this deployment"
    if check.number("child_health_threshold") != len(listed):
        yield f"child_health_threshold is {check.get('child_health_threshold')}, it has {len(listed)} children"
    if "disabled" in check and check.flag("disabled") is not False:
        yield f"disabled is {check.get('disabled')}: a check that does not judge counts as healthy"
