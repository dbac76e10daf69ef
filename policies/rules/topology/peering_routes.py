"""Every route table that is not public leads to the other region's VPC."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._network import PEERING, ROUTE, TABLES, is_public, network, peerings, ranges, routes
from policies.rules.topology._pairs import other_provider

_WEST: Final = {"provider": "aws.usw2"}
_VPCS: Final = {
    "aws_vpc": {"east": {"cidr_block": "10.20.0.0/16"}, "west": {**_WEST, "cidr_block": "10.30.0.0/16"}},
}
_PEER: Final = {PEERING: {"p": {"vpc_id": "${aws_vpc.east.id}", "peer_vpc_id": "${aws_vpc.west.id}"}}}
_TABLES: Final = {
    "aws_route_table": {
        "east": {"vpc_id": "${aws_vpc.east.id}"},
        "west": {**_WEST, "vpc_id": "${aws_vpc.west.id}"},
    }
}
_THROUGH: Final = {"vpc_peering_connection_id": "${aws_vpc_peering_connection.p.id}"}
_TO_WEST: Final = {
    **_THROUGH, "route_table_id": "${aws_route_table.east.id}", "destination_cidr_block": "10.30.0.0/16",
}  # fmt: skip
_TO_EAST: Final = {
    **_WEST, **_THROUGH, "route_table_id": "${aws_route_table.west.id}", "destination_cidr_block": "10.20.0.0/16",
}  # fmt: skip
_NETWORKS: Final = {**_VPCS, **_PEER, **_TABLES}


def _leads_over(route: Resource) -> bool:
    return "vpc_peering_connection_id" in route


def _table(route: Resource) -> list[Resource]:
    table = route.target("route_table_id")
    return [table] if table else []


@rule(
    id="TAP_TOPOLOGY_PEERING_ROUTES",
    title="Every route table that is not public leads to the other region through the peering",
    risk="One zone, or one tier, cannot reach the database that writes after a failover: requests fail or not, "
    "depending on the zone they happen to meet.",
    remediation="Add an aws_route for the other VPC's whole range through the peering connection to each private and "
    "isolated table, on both sides.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:1.2.1", "NIST-800-53:CP-8", "NIST-800-53:CP-8(2)", "WA-REL:REL02-BP02"],
    judges=kind(*TABLES),
    passes=[
        {**_NETWORKS, ROUTE: {"to_west": _TO_WEST, "to_east": _TO_EAST}},
        {
            "aws_vpc": {"east": {}},
            "aws_internet_gateway": {"door": {}},
            "aws_route_table": {
                "public": {
                    "vpc_id": "${aws_vpc.east.id}",
                    "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": "${aws_internet_gateway.door.id}"}],
                }
            },
        },
    ],
    fails=[
        {**_NETWORKS, ROUTE: {"to_west": _TO_WEST}},
        {**_NETWORKS, ROUTE: {"to_west": {**_TO_WEST, "destination_cidr_block": "10.30.0.0/20"}, "to_east": _TO_EAST}},
        {**_NETWORKS, ROUTE: {"to_west": {**_TO_WEST, "provider": "aws.usw2"}, "to_east": _TO_EAST}},
        {**_NETWORKS, ROUTE: {"to_west": {**_TO_WEST, "vpc_peering_connection_id": "pcx-1"}, "to_east": _TO_EAST}},
        {**_VPCS, **_TABLES},
    ],
    mutations=[
        remove("without a peering route", ROUTE, seen_on=_table, where=_leads_over),
        drop("vpc_peering_connection_id", ROUTE, seen_on=_table, where=_leads_over),
        put("destination_cidr_block", "10.99.0.0/16", ROUTE, seen_on=_table, where=_leads_over),
        put("destination_cidr_block", "${var.other}", ROUTE, seen_on=_table, where=_leads_over),
        drop("route_table_id", ROUTE, seen_on=_table, where=_leads_over),
        edit("a route in the other region", other_provider(), ROUTE, seen_on=_table, where=_leads_over),
        remove(
            "without the peering",
            PEERING,
            seen_on=lambda peering: [table for table in peering.deployment.resources(*TABLES) if not is_public(table)],
        ),
        drop("vpc_id", *TABLES, where=lambda table: not is_public(table)),
    ],
)
def peering_routes(table: Resource) -> Iterator[str]:
    """A route must cover the other VPC's whole range, and be made in the table's own region."""
    if is_public(table):
        return
    vpc = _vpc(table)
    if vpc is None:
        yield f"vpc_id is {table.get('vpc_id')}, which leads to no VPC here"
        return
    peer = table.deployment.peer(vpc.region)
    others = [(peering, other) for peering, other in peerings(vpc) if other is not None and other.region == peer]
    if not others:
        yield f"no peering connection joins its VPC {vpc.path} with one in {peer}"
    for peering, other in others:
        through = [network(route.destination) for route in routes(table) if route.peering is peering]
        for wanted in ranges(other):
            if not any(_covers(route, wanted) for route in through):
                yield f"no route leads to {wanted}, which is {other.path}, through the peering"
        if not ranges(other):
            yield f"nobody can tell which range {other.path} has, so none whether a route leads there"


def _covers(route: IPv4Network | None, wanted: IPv4Network) -> bool:
    return route is not None and wanted.subnet_of(route)


def _vpc(table: Resource) -> Resource | None:
    """The VPC of a table; the default table is known through the VPC that it came with."""
    found = table.target("vpc_id") or table.target("default_route_table_id")
    return found if found is not None and found.type in {"aws_vpc", "aws_default_vpc"} else None
