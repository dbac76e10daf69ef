"""The peering joins the VPCs of the two regions, whose addresses do not overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._network import ACCEPTER, PEERING, accepters, connection, ranges
from policies.rules.topology._pairs import other_provider

_WEST: Final = {"provider": "aws.usw2"}
_VPCS: Final = {
    "aws_vpc": {"east": {"cidr_block": "10.20.0.0/16"}, "west": {**_WEST, "cidr_block": "10.30.0.0/16"}},
}
_PEER: Final = {"vpc_id": "${aws_vpc.east.id}", "peer_vpc_id": "${aws_vpc.west.id}", "peer_region": "us-west-2"}
_ACCEPTED: Final = {
    ACCEPTER: {"a": {**_WEST, "vpc_peering_connection_id": "${aws_vpc_peering_connection.p.id}", "auto_accept": True}}
}
_OVERLAPPING: Final = {"east": {"cidr_block": "10.20.0.0/16"}, "west": {**_WEST, "cidr_block": "10.20.128.0/20"}}


def _connection(accepter: Resource) -> list[Resource]:
    peering = connection(accepter)
    return [peering] if peering else []


def _of_vpc(vpc: Resource) -> list[Resource]:
    return vpc.users(PEERING)


def _both_sides_one(body: dict[str, Any], _: Resource) -> None:
    body["peer_vpc_id"] = body["vpc_id"]


@rule(
    id="TAP_TOPOLOGY_PEERING_SIDES",
    title="The peering joins the VPCs of the two regions, and their addresses do not overlap",
    risk="The global writer endpoint leads to the other region after a failover, and nothing leads there: functions "
    "cannot reach the database that now writes.",
    remediation="Peer the two regions' VPCs, with peer_region and an accepter of the peer's region, and ranges that do "
    "not overlap.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:1.2.1", "NIST-800-53:CP-8", "WA-REL:REL02-BP02", "WA-REL:REL02-BP05"],
    judges=kind(PEERING),
    passes=[{**_VPCS, PEERING: {"p": _PEER}, **_ACCEPTED}],
    fails=[
        {**_VPCS, PEERING: {"p": _PEER}},
        {**_VPCS, PEERING: {"p": {**_PEER, "peer_region": "us-east-1"}}, **_ACCEPTED},
        {**_VPCS, PEERING: {"p": {**_PEER, "peer_vpc_id": "${aws_vpc.east.id}"}}, **_ACCEPTED},
        {**_VPCS, PEERING: {"p": {**_PEER, "peer_vpc_id": "vpc-0123456789abcdef0"}}, **_ACCEPTED},
        {**_VPCS, PEERING: {"p": {**_PEER, "provider": "aws.usw2"}}, **_ACCEPTED},
        {"aws_vpc": _OVERLAPPING, PEERING: {"p": _PEER}, **_ACCEPTED},
        {"aws_vpc": {"east": {"cidr_block": "${var.range}"}, "west": _WEST}, PEERING: {"p": _PEER}, **_ACCEPTED},
    ],
    mutations=[
        put("peer_region", "us-east-1"),
        drop("peer_region"),
        edit("a VPC with itself", _both_sides_one),
        put("vpc_id", "vpc-0123456789abcdef0"),
        edit("the provider of the other region", other_provider()),
        remove("without its accepter", ACCEPTER, seen_on=_connection),
        put("auto_accept", False, ACCEPTER, seen_on=_connection),
        edit("an accepter in the other region", other_provider(), ACCEPTER, seen_on=_connection),
        put("cidr_block", "10.0.0.0/8", "aws_vpc", seen_on=_of_vpc),
        drop("cidr_block", "aws_vpc", seen_on=_of_vpc),
    ],
)
def peering_sides(peering: Resource) -> Iterator[str]:
    """Both VPCs must be seen, because what nobody can see nobody can compare."""
    sides = {name: peering.target(name) for name in ("vpc_id", "peer_vpc_id")}
    for name, vpc in sides.items():
        if vpc is None or vpc.type != "aws_vpc":
            yield f"{name} is {peering.get(name)}, which leads to no VPC here"
    here, there = sides["vpc_id"], sides["peer_vpc_id"]
    if here is None or there is None:
        return
    if peering.region != here.region:
        yield f"it is made in {peering.region}, its VPC in {here.region}"
    if there.region is None or peering.deployment.peer(here.region) != there.region:
        yield f"it joins {here.region} with {there.region}, not the two regions"
    if peering.literal("peer_region") != there.region:
        yield f"peer_region is {peering.get('peer_region')}, the peer's VPC is in {there.region}"
    if not any(a.region == there.region and a.flag("auto_accept") is True for a in accepters(peering)):
        yield f"nobody accepts it in {there.region}"
    yield from _overlaps(here, there)


def _overlaps(here: Resource, there: Resource) -> Iterator[str]:
    ours, theirs = ranges(here), ranges(there)
    for vpc, found in ((here, ours), (there, theirs)):
        if not found:
            yield f"cidr_block of {vpc.path} is {vpc.get('cidr_block')}, so that nobody can tell whether ranges overlap"
    for own in ours:
        for other in theirs:
            if own.overlaps(other):
                yield f"{own} of {here.path} and {other} of {there.path} overlap"
