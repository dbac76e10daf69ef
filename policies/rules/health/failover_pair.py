"""The shared name has two records to choose between, which lead to the two regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.choices import failover_type, is_choice, is_last_resort, is_weighted, leads_normally, weight
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.health._example import alias, routing, weighted
from policies.rules.health._routing import RECORD, entrance, full_name, led_region, zone_of


def _others(record: Resource) -> list[Resource]:
    """The other records of the same name and kind between which Route 53 chooses."""
    return [
        other
        for other in record.deployment.resources(RECORD)
        if other is not record
        and is_choice(other)
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
    other = "SECONDARY" if failover_type(record) == "PRIMARY" else "PRIMARY"
    body["failover_routing_policy"] = {"type": other}


@rule(
    id="TAP_HEALTH_FAILOVER_PAIR",
    title="The shared name has a PRIMARY and a SECONDARY record, or two weighted ones, which lead to the two regions",
    risk="A failover has nowhere to lead to: there is no second record, it is one for another name, or it leads to the "
    "region that has just failed.",
    remediation="Make both records of the same zone, name and type, with different set_identifier; let PRIMARY lead to "
    "the primary region's ingress and SECONDARY, or the one of weight 0, to the standby's.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SC-22", "NIST-800-53:CP-7", "WA-REL:REL11-BP02", "WA-REL:REL13-BP02"],
    judges=kind(RECORD, where=is_choice),
    passes=[routing(), weighted(), weighted(record_secondary={"weighted_routing_policy": {"weight": "50"}})],
    fails=[
        weighted(record_secondary={"weighted_routing_policy": {"weight": "${var.weight}"}}),
        weighted(record_secondary={"alias": alias("pay_east")}),
        weighted(record_primary={"weighted_routing_policy": {"weight": 0}}),
        weighted(
            record_primary={"weighted_routing_policy": {"weight": 0}},
            record_secondary={"weighted_routing_policy": {"weight": 100}},
        ),
        routing(record_secondary={"failover_routing_policy": None, "weighted_routing_policy": {"weight": 0}}),
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
        remove("without the other record", RECORD, where=is_choice, seen_on=_others),
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
    others = _others(record)
    yield from _of_one_kind(record, others)
    if not record.literal("set_identifier"):
        yield f"set_identifier is {record.get('set_identifier')}"
    for other in others:
        if other.literal("set_identifier") == record.literal("set_identifier"):
            yield f"set_identifier {record.get('set_identifier')} is also that of {other.path}"
        if led_region(other) == led_region(record):
            yield f"it leads to {led_region(record)}, as {other.path} does"
    yield from _misled(record)


def _of_one_kind(record: Resource, others: list[Resource]) -> Iterator[str]:
    """Whether there is one other record, of the kind that makes a pair with it."""
    if is_weighted(record):
        if weight(record) is None:
            yield f"its weight is {record.block('weighted_routing_policy').get('weight')}"
        if len(others) != 1 or not is_weighted(others[0]):
            yield f"there are {len(others)} other records of its name, type and zone; there must be one weighted"
        elif not leads_normally(record) and not leads_normally(others[0]):
            yield "neither record has a weight, which to Route 53 means that both have the same"
        return
    own = failover_type(record)
    wanted = "SECONDARY" if own == "PRIMARY" else "PRIMARY"
    if own not in {"PRIMARY", "SECONDARY"}:
        yield f"failover_routing_policy.type is {own}, neither PRIMARY nor SECONDARY"
    if [failover_type(other) for other in others] != [wanted]:
        told = ", ".join(str(failover_type(other)) for other in others) or "none"
        yield f"other failover records of {record.get('name')}, its type and zone: {told}; there must be one {wanted}"


def _misled(record: Resource) -> Iterator[str]:
    """Whether it leads to a region that can be told, and to that of its role: the last resort is the standby."""
    deployment, region = record.deployment, led_region(record)
    if entrance(record) is None:
        yield "nobody can tell what it leads to"
        return
    home = deployment.standby if is_last_resort(record) else deployment.primary
    shares = is_weighted(record) and leads_normally(record)
    if region is None or home is None or (region not in {home, deployment.standby} if shares else region != home):
        called = "weight" if is_weighted(record) else failover_type(record)
        yield f"{called} leads to {region}, not to {home}"
