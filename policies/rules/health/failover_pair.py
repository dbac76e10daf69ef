"""The shared name has a PRIMARY and a SECONDARY record, which lead to the two regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.health._example import alias, routing
from policies.rules.health._routing import (
    RECORD,
    entrance,
    failover_type,
    full_name,
    is_failover,
    led_region,
    other_type,
    zone_of,
)


def _others(record: Resource) -> list[Resource]:
    """The other failover records of the same name and kind."""
    return [
        other
        for other in record.deployment.resources(RECORD)
        if other is not record
        and is_failover(other)
        and full_name(other) == full_name(record)
        and other.literal("type") == record.literal("type")
        and zone_of(other) == zone_of(record)
    ]


def _others_target(body: dict[str, Any], record: Resource) -> None:
    # As it is written there, for both records are in one stack.
    (other,) = _others(record)
    body["alias"] = dict(other.block("alias").body)


def _others_identifier(body: dict[str, Any], record: Resource) -> None:
    (other,) = _others(record)
    body["set_identifier"] = other.get("set_identifier")


def _other_type(body: dict[str, Any], record: Resource) -> None:
    body["failover_routing_policy"] = {"type": other_type(record)}


@rule(
    id="TAP_HEALTH_FAILOVER_PAIR",
    title="The shared name has one PRIMARY and one SECONDARY record, which lead to the two regions",
    risk="A failover has nowhere to lead to: there is no second record, it is one for another name, or it leads to the "
    "region that has just failed.",
    remediation="Make both records of the same zone, name and type, with different set_identifier; let PRIMARY lead to "
    "the primary region's ingress and SECONDARY to the standby's.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SC-22", "NIST-800-53:CP-7", "WA-REL:REL11-BP02", "WA-REL:REL13-BP02"],
    judges=kind(RECORD, where=is_failover),
    passes=[routing()],
    fails=[
        routing(record_secondary=None),
        routing(record_secondary={"name": "other.tap.example"}),
        routing(record_secondary={"type": "AAAA"}),
        routing(record_secondary={"zone_id": "Z0123456789"}),
        routing(record_secondary={"alias": alias("pay_east")}),
        routing(record_secondary={"set_identifier": "primary"}),
        routing(record_secondary={"set_identifier": None}),
        routing(record_secondary={"failover_routing_policy": {"type": "PRIMARY"}}),
        routing(record_primary={"alias": alias("pay_west")}, record_secondary={"alias": alias("pay_east")}),
        routing(record_primary={"alias": {"name": "${var.target}"}}),
    ],
    mutations=[
        remove("without the other record", RECORD, where=is_failover, seen_on=_others),
        edit("both lead to one region", _others_target),
        edit("both of one type", _other_type),
        edit("both of one identifier", _others_identifier),
        drop("set_identifier"),
        put("name", "other.tap.example"),
        put("type", "AAAA"),
        put("zone_id", "Z0123456789"),
        put("alias.name", "${var.target}"),
        put("alias.name", "d-0123456789.execute-api.us-east-1.amazonaws.com"),
        drop("failover_routing_policy", seen_on=_others),
    ],
)
def failover_pair(record: Resource) -> Iterator[str]:
    """What a record leads to is followed to the resource, and its region is what counts."""
    own, wanted, deployment = failover_type(record), other_type(record), record.deployment
    home = {"PRIMARY": deployment.primary, "SECONDARY": deployment.standby}.get(own or "")
    if own not in {"PRIMARY", "SECONDARY"}:
        yield f"failover_routing_policy.type is {own}, neither PRIMARY nor SECONDARY"
    others = _others(record)
    if [failover_type(other) for other in others] != [wanted]:
        told = ", ".join(str(failover_type(other)) for other in others) or "none"
        yield f"other failover records of {record.get('name')}, its type and zone: {told}; there must be one {wanted}"
    if not record.literal("set_identifier"):
        yield f"set_identifier is {record.get('set_identifier')}"
    for other in others:
        if other.literal("set_identifier") == record.literal("set_identifier"):
            yield f"set_identifier {record.get('set_identifier')} is also that of {other.path}"
        if led_region(other) == led_region(record):
            yield f"it leads to {led_region(record)}, as {other.path} does"
    if entrance(record) is None:
        yield "nobody can tell what it leads to"
    elif home is None or led_region(record) != home:
        yield f"{own} leads to {led_region(record)}, not to {home}"
