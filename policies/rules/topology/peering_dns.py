"""Names of either region's VPC resolve to private addresses in the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._network import OPTIONS, PEERING, accepters, connection, options
from policies.rules.topology._pairs import other_provider

_OPTION: Final = "allow_remote_vpc_dns_resolution"
_NEEDED: Final = ("enable_dns_support", "enable_dns_hostnames")
"""Without these a VPC resolves no private names, whatever its peering allows.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html
"""

_ON: Final = {_OPTION: True}
_WEST: Final = {"provider": "aws.usw2"}
_DNS: Final = {"enable_dns_support": True, "enable_dns_hostnames": True}
_VPCS: Final = {"aws_vpc": {"east": _DNS, "west": {**_WEST, **_DNS}}}
_PEER: Final = {PEERING: {"p": {"vpc_id": "${aws_vpc.east.id}", "peer_vpc_id": "${aws_vpc.west.id}"}}}
_ID: Final = {"vpc_peering_connection_id": "${aws_vpc_peering_connection.p.id}"}
_EAST_OPTIONS: Final = {**_ID, "requester": _ON}
_WEST_OPTIONS: Final = {**_WEST, **_ID, "accepter": _ON}


def _of_options(resource: Resource) -> list[Resource]:
    peering = connection(resource.target("vpc_peering_connection_id"))
    return [peering] if peering else []


def _of_vpc(vpc: Resource) -> list[Resource]:
    return vpc.users(PEERING)


@rule(
    id="TAP_TOPOLOGY_PEERING_DNS",
    title="Either side of the peering resolves the other's names to private addresses",
    risk="After a failover the writer endpoint's name resolves to an address that cannot be reached from the other "
    "region.",
    remediation=f"Set {_OPTION} = true for the requester in its region and for the accepter in its own, and DNS "
    "support and hostnames on both VPCs.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:1.2.1", "NIST-800-53:SC-22", "NIST-800-53:CP-8", "WA-REL:REL02-BP02"],
    judges=kind(PEERING),
    passes=[
        {**_VPCS, **_PEER, OPTIONS: {"east": _EAST_OPTIONS, "west": _WEST_OPTIONS}},
        {
            **_VPCS,
            PEERING: {"p": {**_PEER[PEERING]["p"], "requester": _ON}},
            "aws_vpc_peering_connection_accepter": {"a": {**_WEST, **_ID, "accepter": [_ON]}},
        },
    ],
    fails=[
        {**_VPCS, **_PEER},
        {**_VPCS, **_PEER, OPTIONS: {"east": _EAST_OPTIONS}},
        {**_VPCS, **_PEER, OPTIONS: {"east": _EAST_OPTIONS, "west": {**_WEST_OPTIONS, "accepter": {_OPTION: False}}}},
        {**_VPCS, **_PEER, OPTIONS: {"east": _EAST_OPTIONS, "same": {**_WEST_OPTIONS, "provider": "aws.use1"}}},
        {
            "aws_vpc": {"east": _DNS, "west": {**_WEST, "enable_dns_support": True}},
            **_PEER,
            OPTIONS: {"east": _EAST_OPTIONS, "west": _WEST_OPTIONS},
        },
    ],
    mutations=[
        remove("without the options of a side", OPTIONS, seen_on=_of_options),
        put(f"requester.{_OPTION}", False, OPTIONS, seen_on=_of_options),
        put(f"accepter.{_OPTION}", False, OPTIONS, seen_on=_of_options),
        edit("options in the other region", other_provider(), OPTIONS, seen_on=_of_options),
        drop("enable_dns_hostnames", "aws_vpc", seen_on=_of_vpc),
        put("enable_dns_support", False, "aws_vpc", seen_on=_of_vpc),
        drop("vpc_peering_connection_id", OPTIONS, seen_on=_of_options),
    ],
)
def peering_dns(peering: Resource) -> Iterator[str]:
    """Between regions each side can set its own option only, so that each must be made in its own region."""
    found = options(peering)
    for side, name, inline in (
        ("requester", "vpc_id", [peering]),
        ("accepter", "peer_vpc_id", accepters(peering)),
    ):
        vpc = peering.target(name)
        if vpc is None:
            yield f"{name} is {peering.get(name)}, which leads to no VPC here"
            continue
        if not any(_allows(each.block(side)) for each in (*found, *inline) if each.region == vpc.region):
            yield f"{_OPTION} of the {side} is not set in {vpc.region}"
        for needed in _NEEDED:
            if vpc.flag(needed) is not True:
                yield f"{needed} of {vpc.path} is {vpc.get(needed)}"


def _allows(side: Block) -> bool:
    return side.flag(_OPTION) is True
