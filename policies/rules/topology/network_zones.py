"""Both networks have three zones in every tier, and as many ways out as each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.model.regions import named_in, short, zones_in
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._network import TABLES, has_nat, is_public

ZONES: Final = 3
"""So that the loss of one leaves two, as Aurora's storage does.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.StorageReliability.html
"""

_SUBNET: Final = "aws_subnet"
_ASSOCIATION: Final = "aws_route_table_association"
_NAT: Final = "aws_nat_gateway"
_NO_TABLE: Final = "without a route table"
_WEST: Final = {"provider": "aws.usw2"}


def _three(region: str, **provider: str) -> dict[str, dict[str, dict[str, str]]]:
    """A VPC with one tier in three zones."""
    here = short(region)
    vpc, table = f"${{aws_vpc.net_{here}.id}}", f"${{aws_route_table.t_{here}.id}}"
    subnets = {f"{letter}_{here}": {"vpc_id": vpc, "availability_zone": f"{region}{letter}"} for letter in "abc"}
    associations = {name: {"subnet_id": f"${{aws_subnet.{name}.id}}", "route_table_id": table} for name in subnets}
    return {
        "aws_vpc": {f"net_{here}": {**provider}},
        "aws_route_table": {f"t_{here}": {**provider, "vpc_id": vpc}},
        _SUBNET: {name: {**provider, **body} for name, body in subnets.items()},
        _ASSOCIATION: {name: {**provider, **body} for name, body in associations.items()},
    }


_EAST: Final = _three("us-east-1")
_OTHER: Final = _three("us-west-2", **_WEST)
_BOTH: Final = {type_: {**_EAST[type_], **_OTHER[type_]} for type_ in _EAST}


def _without(type_: str, name: str) -> dict[str, dict[str, dict[str, str]]]:
    return {**_BOTH, type_: {key: body for key, body in _BOTH[type_].items() if key != name}}


def _own_vpc(subnet: Resource) -> list[Resource]:
    vpc = subnet.target("vpc_id")
    return [vpc] if vpc else []


def _vpc_of_subnet(resource: Resource) -> list[Resource]:
    subnet = resource.target("subnet_id")
    return _own_vpc(subnet) if subnet else []


@rule(
    id="TAP_TOPOLOGY_NETWORK_ZONES",
    title="Both networks have three zones in each tier, the same subnets and the same ways out",
    risk="The region that takes over loses the database or its functions with a single zone, or has fewer addresses "
    "and ways out than the load needs.",
    remediation="Give each tier of each VPC a subnet in three zones of its region, a route table for each subnet, and "
    "both regions the same number of NAT gateways.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:1.2.1", "NIST-800-53:CP-7", "NIST-800-53:SC-36", "WA-REL:REL02-BP03", "WA-REL:REL10-BP01"],
    judges=kind("aws_vpc"),
    passes=[_BOTH],
    fails=[
        {"aws_vpc": {"empty": {}}},
        _EAST,
        _without(_SUBNET, "c_usw2"),
        _without(_ASSOCIATION, "c_usw2"),
        {
            **_BOTH,
            _SUBNET: {**_BOTH[_SUBNET], "c_use1": {**_BOTH[_SUBNET]["c_use1"], "availability_zone": "us-east-1a"}},
        },
        {
            **_BOTH,
            _SUBNET: {**_BOTH[_SUBNET], "c_use1": {**_BOTH[_SUBNET]["c_use1"], "availability_zone": "us-west-2c"}},
        },
        {**_BOTH, _NAT: {"only_east": {"subnet_id": "${aws_subnet.a_use1.id}"}}},
    ],
    mutations=[
        remove("with one subnet less", _SUBNET, seen_on=_own_vpc),
        drop("availability_zone_id", _SUBNET, seen_on=_own_vpc),
        put("availability_zone_id", "use1-az1", _SUBNET, seen_on=_own_vpc),
        put("availability_zone_id", "usw2-az1", _SUBNET, seen_on=_own_vpc),
        remove("with a subnet of no table", _ASSOCIATION, seen_on=_vpc_of_subnet),
        remove("with one way out less", _NAT, seen_on=_vpc_of_subnet),
    ],
)
def network_zones(vpc: Resource) -> Iterator[str]:
    """Tiers follow from the routes: public through an internet gateway, private through NAT, isolated otherwise."""
    tiers, peer = _tiers(vpc), vpc.deployment.peer(vpc.region)
    if not tiers:
        yield "it has no subnets"
    for tier, subnets in tiers.items():
        zones = [_zone(subnet) for subnet in subnets]
        if len({zone for zone in zones if zone}) < ZONES:
            yield f"its {tier} subnets are in the zones {', '.join(map(str, zones))}, fewer than {ZONES}"
        for subnet, zone in zip(subnets, zones, strict=True):
            if zone and not _is_of(zone, vpc.region):
                yield f"{subnet.path} is in the zone {zone}, which is none of {vpc.region}"
    for subnet in tiers.get(_NO_TABLE, ()):
        yield f"{subnet.path} has no route table of its own, so that it gets the VPC's default"
    twin = vpc.twin
    if twin is None:
        yield f"no VPC in {peer} corresponds to it"
        return
    ours, theirs = _counts(tiers, vpc), _counts(_tiers(twin), twin)
    for what in sorted(ours.keys() | theirs.keys()):
        if ours.get(what) != theirs.get(what):
            yield f"it has {ours.get(what, 0)} {what}, {twin.path} in {twin.region} has {theirs.get(what, 0)}"


def _counts(tiers: dict[str, list[Resource]], vpc: Resource) -> dict[str, int]:
    gateways = {nat.key for subnets in tiers.values() for subnet in subnets for nat in subnet.users(_NAT)}
    counts = {f"{tier} subnets": len(subnets) for tier, subnets in tiers.items()}
    return counts | {"NAT gateways": len(gateways), "route tables": len(vpc.users(*TABLES))}


def _tiers(vpc: Resource) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    for subnet in vpc.users(_SUBNET):
        if subnet.target("vpc_id") is vpc:
            found[_tier(subnet)].append(subnet)
    return dict(found)


def _tier(subnet: Resource) -> str:
    for association in subnet.users(_ASSOCIATION):
        table = association.target("route_table_id")
        if association.target("subnet_id") is subnet and table is not None and table.type in TABLES:
            return "public" if is_public(table) else "private" if has_nat(table) else "isolated"
    return _NO_TABLE


def _zone(subnet: Resource) -> str | None:
    """The zone as written: what only AWS can tell may be any, but differs where the expression does."""
    return (
        subnet.literal("availability_zone_id")
        or subnet.literal("availability_zone")
        or (subnet.text("availability_zone_id") or subnet.text("availability_zone"))
    )


def _is_of(zone: str, region: str | None) -> bool:
    names, ids = named_in(zone), zones_in(zone)
    if not names and not ids:
        return True
    return names == {region} or (region is not None and ids == {short(region)})
