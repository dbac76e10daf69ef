"""Where things are: regions and their roles, availability zones, and the address plan."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Final, Literal

GLOBAL_SUFFIX: Final = "global"
"""The region suffix of what spans both regions."""

HEALTH_METRICS_REGION: Final = "us-east-1"
"""The one region that receives ``AWS/Route53`` metrics.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


@dataclass(frozen=True)
class Region:
    """An AWS region and the three availability zones used in it.

    Zones are named by id, because zone *names* are shuffled per account
    (https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html); ``use1-az3`` is left out, because it
    lacks current instance types and Lambda in a VPC.
    """

    name: str
    suffix: str
    zone_ids: tuple[str, str, str]


REGIONS: Final = MappingProxyType(
    {
        region.name: region
        for region in (
            Region("us-east-1", "use1", ("use1-az1", "use1-az2", "use1-az4")),
            Region("us-east-2", "use2", ("use2-az1", "use2-az2", "use2-az3")),
            Region("us-west-2", "usw2", ("usw2-az1", "usw2-az2", "usw2-az3")),
        )
    }
)

SUPPORTED_PAIRS: Final = frozenset(frozenset(pair) for pair in (("us-east-1", "us-west-2"), ("us-east-1", "us-east-2")))
"""Region pairs this platform is built for; either side may be the primary."""

RoleName = Literal["primary", "secondary"]


@dataclass(frozen=True)
class Role:
    """What a region is deployed as. All differences between the two regions are data in here."""

    name: RoleName
    region: Region
    peer: Region
    initial_state: Literal["active", "standby"]
    creates_database: bool
    """The primary creates the database and its master user; the other side joins as a reader."""

    @property
    def settles_at_first(self) -> bool:
        """Whether its consumers are on after the first deployment; from then on the failover workflow says so."""
        return self.initial_state == "active"

    @property
    def is_primary(self) -> bool:
        """Whether this is the region that settles payments after the first deployment."""
        return self.name == "primary"


def roles(primary: str, standby: str) -> tuple[Role, Role]:
    """The two roles of a deployment, primary first."""
    home, peer = REGIONS[primary], REGIONS[standby]
    return (
        Role("primary", home, peer, initial_state="active", creates_database=True),
        Role("secondary", peer, home, initial_state="standby", creates_database=False),
    )


TIERS: Final = ("public", "private", "isolated")
Tier = Literal["public", "private", "isolated"]


@dataclass(frozen=True)
class AddressPlan:
    """One region's VPC, cut into sixteen blocks: four per tier, of which three hold a subnet each.

    A tier is thereby one contiguous quarter of the VPC, so that the other region's rules can name it in one CIDR.
    """

    vpc: IPv4Network

    def tier(self, tier: Tier) -> IPv4Network:
        """The quarter of the VPC that belongs to ``tier``."""
        return list(self.vpc.subnets(prefixlen_diff=2))[TIERS.index(tier)]

    def subnet(self, tier: Tier, zone: int) -> IPv4Network:
        """The subnet of ``tier`` in the zone with this index (0 to 2)."""
        return list(self.tier(tier).subnets(prefixlen_diff=2))[zone]
