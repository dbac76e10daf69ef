"""A record that leads payments while all is well follows its region's health, and the standby's switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.choices import leads_normally
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.health._example import id_of, routing, weighted
from policies.rules.health._routing import (
    CHECK,
    DATABASE,
    LIVENESS,
    RECORD,
    SWITCH,
    asks,
    children,
    led_region,
    watched_region,
)
from policies.rules.health.check_interval import asks_an_endpoint


def _primary_records(check: Resource) -> list[Resource]:
    """The records that lead normally and follow a check, by itself or as part of a calculated one."""
    records = [r for c in (check, *check.users(CHECK)) for r in c.users(RECORD)]
    return [record for record in records if leads_normally(record)]


def _is_followed(check: Resource) -> bool:
    return bool(_primary_records(check))


def _is_child(check: Resource) -> bool:
    return _is_followed(check) and asks_an_endpoint(check)


def _without_child(number: int) -> Any:
    def change(body: dict[str, Any], _: Resource) -> bool:
        listed = body.get("child_healthchecks")
        if not isinstance(listed, list):
            return False
        body["child_healthchecks"] = [*listed[:number], *listed[number + 1 :]]
        return True

    return change


def _follows_another(body: dict[str, Any], record: Resource) -> bool:
    """Another check than its verdict: each of the others would be wrong."""
    verdict = record.target("health_check_id")
    others = [check for check in record.stack.resources.values() if check.type == CHECK and check is not verdict]
    body["health_check_id"] = f"${{{others[0].local_address}.id}}" if others else None
    return bool(others)


def _of_the_standby_too(body: dict[str, Any], check: Resource) -> bool:
    """A child more: the standby's liveness, asked straight."""
    listed = body.get("child_healthchecks")
    own = {child.key for child in children(check)}
    more = [
        other for other in check.stack.resources.values()
        if other.type == CHECK and other.key not in own and other.literal("resource_path") == LIVENESS
    ]  # fmt: skip
    if not isinstance(listed, list) or not more:
        return False
    body["child_healthchecks"] = [*listed, f"${{{more[0].local_address}.id}}"]
    return True


@rule(
    id="TAP_HEALTH_PRIMARY_VERDICT",
    title="A record that leads payments while all is well follows its region's liveness and database, and the "
    "primary's the standby's switch",
    risk="Payments stay with a region that cannot take them; or nobody can lead them away without Route 53's control "
    "plane, which is in the region that has failed.",
    remediation=f"Give the record a CALCULATED check of its region's {LIVENESS} and {DATABASE}, and of the standby's "
    f"{SWITCH}, inverted; and of nothing else of the standby.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SC-24",
        "WA-REL:REL11-BP02",
        "WA-REL:REL11-BP04",
    ],
    judges=kind(RECORD, where=leads_normally),
    passes=[
        routing(),
        weighted(),
        weighted(
            record_secondary={"weighted_routing_policy": {"weight": 100}, "health_check_id": id_of("west")},
        ),
    ],
    fails=[
        routing(record_primary={"health_check_id": None}),
        weighted(record_primary={"health_check_id": None}),
        weighted(record_secondary={"weighted_routing_policy": {"weight": 1}}),
        routing(record_primary={"health_check_id": id_of("east_live")}),
        routing(record_primary={"health_check_id": id_of("west")}),
        routing(record_primary={"health_check_id": "${var.check}"}),
        routing(check_east={"child_healthchecks": [id_of("east_live"), id_of("east_database")]}),
        routing(check_east={"child_healthchecks": [id_of("east_live"), id_of("switch")]}),
        routing(check_east={"child_healthchecks": [id_of("east_database"), id_of("switch")]}),
        routing(check_switch={"invert_healthcheck": False}),
        routing(check_switch={"fqdn": "use1.tap.example"}),
        routing(
            check_east={
                "child_healthchecks": [*map(id_of, ("east_live", "east_database", "switch", "west_live"))],
                "child_health_threshold": 4,
            }
        ),
    ],
    mutations=[
        drop("health_check_id"),
        put("health_check_id", "${var.check}"),
        edit("follows another check", _follows_another),
        edit("without the first child", _without_child(0), CHECK, where=_is_followed, seen_on=_primary_records),
        edit("without the second child", _without_child(1), CHECK, where=_is_followed, seen_on=_primary_records),
        edit("without the third child", _without_child(2), CHECK, where=_is_followed, seen_on=_primary_records),
        edit("of the standby too", _of_the_standby_too, CHECK, where=_is_followed, seen_on=_primary_records),
        remove("without a check", CHECK, where=_is_followed, seen_on=_primary_records),
        put("type", "HTTPS", CHECK, where=lambda c: _is_followed(c) and not _is_child(c), seen_on=_primary_records),
        put("resource_path", "/", CHECK, where=_is_child, seen_on=_primary_records),
        put("fqdn", "elsewhere.example", CHECK, where=_is_child, seen_on=_primary_records),
        put("disabled", True, CHECK, where=_is_child, seen_on=_primary_records),
        edit(
            "inverted the other way",
            lambda body, _: body.update(invert_healthcheck=not body["invert_healthcheck"]),
            CHECK,
            where=_is_child,
            seen_on=_primary_records,
        ),
    ],
)
def primary_verdict(record: Resource) -> Iterator[str]:
    """Children that watch the standby otherwise than by the switch would lead payments to a standby that is down."""
    verdict, region = record.target("health_check_id"), led_region(record)
    if verdict is None or verdict.type != CHECK or verdict.text("type") != "CALCULATED":
        yield f"health_check_id is {record.get('health_check_id')}, which leads to no calculated check here"
        return
    other, parts = record.deployment.peer(region), children(verdict)
    for path in (LIVENESS, DATABASE):
        if not any(asks(part, path, region) for part in parts):
            yield f"its check {verdict.path} has no part that asks {region} for {path}"
    # A standby that takes its share of payments all the time needs nobody to switch it on.
    switched = region != record.deployment.standby
    if switched and not any(asks(part, SWITCH, other, inverted=True) for part in parts):
        yield f"its check {verdict.path} has no switch: an inverted check of {SWITCH} in {other}"
    for part in parts:
        if watched_region(part) != region and not asks(part, SWITCH, other, inverted=True):
            yield f"its check {verdict.path} depends on {part.path}, which does not watch {region}"
