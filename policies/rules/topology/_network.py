"""Route tables and peerings, as several rules look at them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from policies.model.deployment import Resource
from policies.model.values import Block

TABLES: Final = ("aws_route_table", "aws_default_route_table")
PEERING: Final = "aws_vpc_peering_connection"
ACCEPTER: Final = "aws_vpc_peering_connection_accepter"
OPTIONS: Final = "aws_vpc_peering_connection_options"
ROUTE: Final = "aws_route"
ANYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})


class Route:
    """A route of a table: a resource of its own, or a block in the table, of which the attributes have other names."""

    def __init__(self, place: Resource, block: Block, destination: str) -> None:
        self._place, self._block, self._destination = place, block, destination

    @property
    def destination(self) -> str | None:
        """The range that it is for; None if only AWS knows it."""
        names = (self._destination, "destination_ipv6_cidr_block", "ipv6_cidr_block")
        value = next((self._block.get(name) for name in names if name in self._block), None)
        return self._place.deployment.literal(self._place.stack, value)

    def through(self, name: str) -> Resource | None:
        """What an attribute such as ``nat_gateway_id`` leads to."""
        return self._place.deployment.target(self._place.stack, self._block.get(name))

    @property
    def peering(self) -> Resource | None:
        """The peering connection that it leads through."""
        return connection(self.through("vpc_peering_connection_id"))


def routes(table: Resource) -> Iterator[Route]:
    """The routes of a table. One that is made in another region than the table does not exist there, so is left out."""
    for block in table.blocks("route"):
        yield Route(table, block, "cidr_block")
    for route in table.users(ROUTE):
        if route.region == table.region and route.target("route_table_id") is table:
            yield Route(route, route, "destination_cidr_block")


def connection(peering: Resource | None) -> Resource | None:
    """The peering connection that a connection or its accepter stands for."""
    if peering is not None and peering.type == ACCEPTER:
        peering = peering.target("vpc_peering_connection_id")
    return peering if peering is not None and peering.type == PEERING else None


def is_public(table: Resource) -> bool:
    """Whether it has a way to the internet through an internet gateway, so that nothing private is behind it."""
    return any(
        route.destination in ANYWHERE and _is(route.through("gateway_id"), "aws_internet_gateway")
        for route in routes(table)
    )


def has_nat(table: Resource) -> bool:
    """Whether it has a way out through a NAT gateway."""
    return any(
        route.destination in ANYWHERE and _is(route.through("nat_gateway_id"), "aws_nat_gateway")
        for route in routes(table)
    )


def ranges(vpc: Resource | None) -> list[IPv4Network]:
    """The address ranges of a VPC that the configuration tells."""
    if vpc is None:
        return []
    more = [user for user in vpc.users("aws_vpc_ipv4_cidr_block_association") if user.target("vpc_id") is vpc]
    found = (network(block.literal("cidr_block")) for block in (vpc, *more))
    return [each for each in found if each is not None]


def network(text: str | None) -> IPv4Network | None:
    """An address range, None if it is none."""
    try:
        return IPv4Network(text or "", strict=False) if text else None
    except ValueError:
        return None


def peerings(vpc: Resource) -> list[tuple[Resource, Resource | None]]:
    """The peering connections of a VPC, each with the VPC on the other side."""
    found = []
    for peering in vpc.users(PEERING):
        sides = (peering.target("vpc_id"), peering.target("peer_vpc_id"))
        if vpc in sides:
            found.append((peering, sides[1 - sides.index(vpc)]))
    return found


def accepters(peering: Resource) -> list[Resource]:
    """The accepters of a peering connection."""
    return [user for user in peering.users(ACCEPTER) if user.target("vpc_peering_connection_id") is peering]


def options(peering: Resource) -> list[Resource]:
    """The options that are set on a peering connection, by itself or by way of its accepter."""
    users = {user.key: user for end in (peering, *accepters(peering)) for user in end.users(OPTIONS)}
    return [user for user in users.values() if connection(user.target("vpc_peering_connection_id")) is peering]


def _is(resource: Resource | None, type_: str) -> bool:
    return resource is not None and resource.type == type_
