"""The private link between the two regions' networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.vpc_peering_connection import VpcPeeringConnection
from cdktf_cdktf_provider_aws.vpc_peering_connection_accepter import VpcPeeringConnectionAccepterA
from cdktf_cdktf_provider_aws.vpc_peering_connection_options import (
    VpcPeeringConnectionOptions,
    VpcPeeringConnectionOptionsAccepter,
    VpcPeeringConnectionOptionsRequester,
)
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.topology import AddressPlan


@dataclass(frozen=True)
class PeeringSide:
    """One network of a peering; ``route_table_ids`` are all tables whose subnets shall reach the other side."""

    at: RegionContext
    vpc_id: str
    plan: AddressPlan
    route_table_ids: Sequence[str]


class Peering(Construct):
    """A peering connection with DNS resolution and routes in both directions."""

    def __init__(self, scope: Construct, id_: str, *, requester: PeeringSide, accepter: PeeringSide) -> None:
        super().__init__(scope, id_)
        connection = VpcPeeringConnection(
            self,
            "connection",
            vpc_id=requester.vpc_id,
            peer_vpc_id=accepter.vpc_id,
            peer_region=accepter.at.region.name,
            # Between regions only the other side can accept.
            auto_accept=False,
            tags=requester.at.tags("peering"),
            provider=requester.at.provider,
        )
        accepted = VpcPeeringConnectionAccepterA(
            self,
            "accepter",
            vpc_peering_connection_id=connection.id,
            auto_accept=True,
            tags=accepter.at.tags("peering"),
            provider=accepter.at.provider,
        )
        # The accepter's id is the connection's, but known only once it is active: options and routes wait for that.
        self.id: str = accepted.id
        # Each side may set its own options only.
        VpcPeeringConnectionOptions(
            self,
            "requester-options",
            vpc_peering_connection_id=self.id,
            requester=VpcPeeringConnectionOptionsRequester(allow_remote_vpc_dns_resolution=True),
            provider=requester.at.provider,
        )
        VpcPeeringConnectionOptions(
            self,
            "accepter-options",
            vpc_peering_connection_id=self.id,
            accepter=VpcPeeringConnectionOptionsAccepter(allow_remote_vpc_dns_resolution=True),
            provider=accepter.at.provider,
        )
        self._route(requester, to=accepter)
        self._route(accepter, to=requester)

    def _route(self, side: PeeringSide, *, to: PeeringSide) -> None:
        for index, table_id in enumerate(side.route_table_ids):
            Route(
                self,
                f"{side.at.region.suffix}-{index}",
                route_table_id=table_id,
                destination_cidr_block=str(to.plan.vpc),
                vpc_peering_connection_id=self.id,
                provider=side.at.provider,
            )
