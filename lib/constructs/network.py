"""A region's network: one VPC over three zones, its ways in and out, and the record of what passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.nat_gateway import NatGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.endpoint import ServiceEndpoint
from lib.constructs.flow_logs import FlowLogs
from lib.constructs.security_group import SecurityGroup
from lib.topology import AddressPlan, Tier

ANYWHERE = "0.0.0.0/0"


class Network(Construct):
    """A VPC with a public, a private and an isolated subnet in each of the region's three zones.

    Private subnets reach the internet through NAT, isolated ones do not. S3, DynamoDB, Secrets Manager, SQS, SNS,
    Lambda and Parameter Store are reached through endpoints, which allow nothing until an ``allow_…`` method grants a
    use.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        plan: AddressPlan,
        key_arn: str,
        nat: Literal["per-zone", "single"],
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, id_)
        self._at = at
        self._plan = plan
        self._vpc = Vpc(
            self,
            "vpc",
            cidr_block=str(plan.vpc),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=at.tags("vpc"),
            provider=at.provider,
        )
        # Taken over from AWS without rules, so that whatever is started without a group of its own is cut off.
        DefaultSecurityGroup(
            self,
            "default-security-group",
            vpc_id=self._vpc.id,
            ingress=[],
            egress=[],
            tags=at.tags("default"),
            provider=at.provider,
        )
        public = self._subnets("public")
        private = self._subnets("private")
        isolated = self._subnets("isolated")
        gateway = self._open_to_internet(public)
        gateways = self._nat_gateways(public if nat == "per-zone" else public[:1], after=gateway)
        private_tables = self._private_tables(private, gateways)
        isolated_table = self._table("isolated", isolated)

        self.vpc_id: str = self._vpc.id
        self.internet_gateway = gateway
        self.public_subnet_ids: list[str] = [subnet.id for subnet in public]
        self.private_subnet_ids: list[str] = [subnet.id for subnet in private]
        self.isolated_subnet_ids: list[str] = [subnet.id for subnet in isolated]
        self.private_route_table_ids: list[str] = [table.id for table in private_tables]
        self.isolated_route_table_ids: list[str] = [isolated_table.id]

        self._dynamodb = self._gateway_endpoint("dynamodb")
        self._s3 = self._gateway_endpoint("s3")
        self.endpoint_security_group = SecurityGroup(
            self,
            "endpoint-security-group",
            at=at,
            resource="endpoints",
            vpc_id=self.vpc_id,
            description="Interface endpoints of AWS services",
        )
        self._secrets = self._interface_endpoint("secretsmanager")
        self._queues = self._interface_endpoint("sqs")
        self._topics = self._interface_endpoint("sns")
        self._functions = self._interface_endpoint("lambda")
        self._parameters = self._interface_endpoint("ssm")
        FlowLogs(self, "flow-logs", at=at, vpc_id=self.vpc_id, key_arn=key_arn, retention_days=log_retention_days)

    @property
    def endpoint_security_group_id(self) -> str:
        """The security group of the interface endpoints."""
        return self.endpoint_security_group.id

    @property
    def dynamodb_prefix_list_id(self) -> str:
        """DynamoDB's addresses in this region, for rules of security groups."""
        return self._dynamodb.prefix_list_id

    @property
    def s3_prefix_list_id(self) -> str:
        """S3's addresses in this region, for rules of security groups."""
        return self._s3.prefix_list_id

    def allow_dynamodb(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact tables and indexes through the endpoint."""
        self._dynamodb.allow(*actions, on=on)

    def allow_s3(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact buckets and objects through the endpoint."""
        self._s3.allow(*actions, on=on)

    def allow_secrets(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact secrets through the endpoint."""
        self._secrets.allow(*actions, on=on)

    def allow_queues(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact queues through the endpoint."""
        self._queues.allow(*actions, on=on)

    def allow_topics(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact topics through the endpoint."""
        self._topics.allow(*actions, on=on)

    def allow_functions(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact functions and their event source mappings through the endpoint."""
        self._functions.allow(*actions, on=on)

    def allow_parameters(self, *actions: str, on: Sequence[str]) -> None:
        """Let this account do ``actions`` on exact parameters through the endpoint."""
        self._parameters.allow(*actions, on=on)

    def _subnets(self, tier: Tier) -> list[Subnet]:
        return [
            Subnet(
                self,
                f"{tier}-{_zone(zone_id)}",
                vpc_id=self._vpc.id,
                cidr_block=str(self._plan.subnet(tier, index)),
                availability_zone_id=zone_id,
                # Only NAT gateways live in public subnets, and they bring their own addresses.
                map_public_ip_on_launch=False,
                tags=self._at.tags(f"{tier}-{_zone(zone_id)}"),
                provider=self._at.provider,
            )
            for index, zone_id in enumerate(self._at.region.zone_ids)
        ]

    def _table(self, name: str, subnets: Sequence[Subnet]) -> RouteTable:
        """A route table for ``subnets``."""
        table = RouteTable(
            self,
            f"{name}-routes",
            vpc_id=self._vpc.id,
            tags=self._at.tags(f"{name}-routes"),
            provider=self._at.provider,
        )
        for subnet in subnets:
            RouteTableAssociation(
                self,
                f"{subnet.node.id}-routes-association",
                subnet_id=subnet.id,
                route_table_id=table.id,
                provider=self._at.provider,
            )
        return table

    def _open_to_internet(self, subnets: Sequence[Subnet]) -> InternetGateway:
        gateway = InternetGateway(
            self,
            "internet-gateway",
            vpc_id=self._vpc.id,
            tags=self._at.tags("internet-gateway"),
            provider=self._at.provider,
        )
        Route(
            self,
            "public-to-internet",
            route_table_id=self._table("public", subnets).id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            provider=self._at.provider,
        )
        return gateway

    def _nat_gateways(self, subnets: Sequence[Subnet], *, after: InternetGateway) -> list[NatGateway]:
        gateways = []
        for subnet in subnets:
            name = f"nat-{subnet.node.id.removeprefix('public-')}"
            address = Eip(
                self,
                f"{name}-address",
                domain="vpc",
                tags=self._at.tags(name),
                depends_on=[after],
                provider=self._at.provider,
            )
            gateways.append(
                NatGateway(
                    self,
                    name,
                    subnet_id=subnet.id,
                    allocation_id=address.allocation_id,
                    tags=self._at.tags(name),
                    # It has no way out before the VPC is attached to the internet gateway.
                    depends_on=[after],
                    provider=self._at.provider,
                )
            )
        return gateways

    def _private_tables(self, subnets: Sequence[Subnet], gateways: Sequence[NatGateway]) -> list[RouteTable]:
        """A route table per zone, so that with a NAT gateway per zone the loss of one zone stays in that zone."""
        tables = []
        for index, subnet in enumerate(subnets):
            table = self._table(subnet.node.id, [subnet])
            Route(
                self,
                f"{subnet.node.id}-to-internet",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateways[index % len(gateways)].id,
                provider=self._at.provider,
            )
            tables.append(table)
        return tables

    def _gateway_endpoint(self, service: str) -> ServiceEndpoint:
        return ServiceEndpoint(
            self,
            service,
            at=self._at,
            service=service,
            vpc_id=self.vpc_id,
            route_table_ids=[*self.private_route_table_ids, *self.isolated_route_table_ids],
        )

    def _interface_endpoint(self, service: str) -> ServiceEndpoint:
        return ServiceEndpoint(
            self,
            service,
            at=self._at,
            service=service,
            vpc_id=self.vpc_id,
            subnet_ids=self.private_subnet_ids,
            security_group_id=self.endpoint_security_group.id,
        )


def _zone(zone_id: str) -> str:
    """The zone's part of a name that carries the region already: ``az1`` of ``use1-az1``."""
    return zone_id.rpartition("-")[2]
