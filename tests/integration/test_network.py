"""Each region's network, and the link between the two."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.integration import entrance
from tests.integration.platform import Platform, Region

ANYWHERE = {"0.0.0.0/0", "::/0"}
REACHING_OUT = ("probe", "canary", "notifier")
"""Functions that have to reach the world, each with a security group of its own."""


def ways_out(platform: Platform, region: Region) -> set[str]:
    """The names of the security groups that lead out, over HTTPS."""
    suffix = region.host.partition(".")[0]
    return {platform.settings.naming.name(function, suffix) for function in REACHING_OUT}


def ways_in(platform: Platform, region: Region) -> set[str]:
    """The names of the security groups that the world reaches, over HTTPS: an API has none."""
    suffix = region.host.partition(".")[0]
    return set() if entrance.is_api(platform) else {platform.settings.naming.name("ingress", suffix)}


Found = dict[str, Any]


class Vpc:
    """A region's VPC as EC2 describes it; a subnet's tier is told by where its default route leads."""

    def __init__(self, platform: Platform, region: Region) -> None:
        ec2 = platform.client("ec2", region)
        here = [{"Name": "vpc-id", "Values": [region.outputs["vpc_id"]]}]
        self.cidr = IPv4Network(ec2.describe_vpcs(VpcIds=[region.outputs["vpc_id"]])["Vpcs"][0]["CidrBlock"])
        self.subnets: list[Found] = ec2.describe_subnets(Filters=here)["Subnets"]
        self.tables: list[Found] = ec2.describe_route_tables(Filters=here)["RouteTables"]
        gateways = ec2.describe_nat_gateways(Filters=here)["NatGateways"]
        self.nat = {gateway["NatGatewayId"]: gateway for gateway in gateways if gateway["State"] == "available"}
        self.groups: list[Found] = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        self.endpoints: list[Found] = ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]
        self.flow_logs: list[Found] = ec2.describe_flow_logs(
            Filters=[{"Name": "resource-id", "Values": [region.outputs["vpc_id"]]}]
        )["FlowLogs"]

    def table_of(self, subnet: Found) -> Found:
        """The route table that applies to a subnet: its own, else the VPC's main one."""
        for table in self.tables:
            if any(a.get("SubnetId") == subnet["SubnetId"] for a in table["Associations"]):
                return table
        return next(t for t in self.tables if any(a.get("Main") for a in t["Associations"]))

    def default_route(self, subnet: Found) -> Found:
        """Where a subnet sends what it knows no other way for; empty if nowhere."""
        routes = self.table_of(subnet)["Routes"]
        return next((route for route in routes if route.get("DestinationCidrBlock") in ANYWHERE), {})

    def tier(self, name: str) -> list[Found]:
        """The subnets of a tier."""
        return [subnet for subnet in self.subnets if self._tier_of(subnet) == name]

    def _tier_of(self, subnet: Found) -> str:
        route = self.default_route(subnet)
        if route.get("NatGatewayId"):
            return "private"
        return "public" if str(route.get("GatewayId", "")).startswith("igw-") else "isolated"


@pytest.fixture
def vpc(platform: Platform, region: Region) -> Vpc:
    """The network of each region in turn."""
    return Vpc(platform, region)


class TestSubnets:
    """Three tiers over three zones."""

    @pytest.mark.parametrize("tier", ["public", "private", "isolated"])
    def test_each_tier_has_a_subnet_in_each_of_three_zones(self, vpc: Vpc, tier: str) -> None:
        assert len(vpc.tier(tier)) == 3
        assert len({subnet["AvailabilityZoneId"] for subnet in vpc.tier(tier)}) == 3

    def test_all_tiers_are_in_the_same_zones(self, vpc: Vpc) -> None:
        zones = {tier: {s["AvailabilityZoneId"] for s in vpc.tier(tier)} for tier in ("public", "private", "isolated")}

        assert zones["public"] == zones["private"] == zones["isolated"]

    def test_nothing_gets_a_public_address_by_itself(self, vpc: Vpc) -> None:
        assert not [subnet["SubnetId"] for subnet in vpc.subnets if subnet["MapPublicIpOnLaunch"]]

    def test_the_two_regions_ranges_do_not_overlap(self, platform: Platform) -> None:
        home, peer = (Vpc(platform, region).cidr for region in platform.regions.values())

        assert not home.overlaps(peer)


class TestNat:
    """The private subnets' way out."""

    def test_there_is_one_per_zone_in_a_public_subnet(self, platform: Platform, vpc: Vpc) -> None:
        public = {subnet["SubnetId"]: subnet["AvailabilityZoneId"] for subnet in vpc.tier("public")}
        zones = {public[gateway["SubnetId"]] for gateway in vpc.nat.values()}

        assert len(vpc.nat) == len(zones) == (3 if platform.settings.nat == "per-zone" else 1)

    def test_private_subnets_leave_through_their_own_zone(self, platform: Platform, vpc: Vpc) -> None:
        public = {subnet["SubnetId"]: subnet["AvailabilityZoneId"] for subnet in vpc.subnets}
        for subnet in vpc.tier("private"):
            gateway = vpc.nat[vpc.default_route(subnet)["NatGatewayId"]]
            if platform.settings.nat == "per-zone":
                assert public[gateway["SubnetId"]] == subnet["AvailabilityZoneId"]


class TestPeering:
    """The private link between the regions."""

    def test_it_is_active_between_the_two_networks(self, platform: Platform, region: Region) -> None:
        (link,) = platform.client("ec2", region).describe_vpc_peering_connections(
            VpcPeeringConnectionIds=[platform.routing["peering_id"]]
        )["VpcPeeringConnections"]
        ends = {link[end]["VpcId"] for end in ("RequesterVpcInfo", "AccepterVpcInfo")}

        assert link["Status"]["Code"] == "active"
        assert ends == {each.outputs["vpc_id"] for each in platform.regions.values()}

    def test_each_side_resolves_the_others_names(self, platform: Platform, region: Region) -> None:
        (link,) = platform.client("ec2", region).describe_vpc_peering_connections(
            VpcPeeringConnectionIds=[platform.routing["peering_id"]]
        )["VpcPeeringConnections"]
        mine = next(link[end] for end in ("RequesterVpcInfo", "AccepterVpcInfo") if link[end]["Region"] == region.name)

        assert mine["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True

    @pytest.mark.parametrize("tier", ["private", "isolated"])
    def test_every_private_and_isolated_subnet_has_a_route_to_the_other_region(
        self, platform: Platform, vpc: Vpc, peer: Region, tier: str
    ) -> None:
        other = str(Vpc(platform, peer).cidr)
        for subnet in vpc.tier(tier):
            routes = {route.get("DestinationCidrBlock"): route for route in vpc.table_of(subnet)["Routes"]}

            assert routes[other]["VpcPeeringConnectionId"] == platform.routing["peering_id"]
            assert routes[other]["State"] == "active"

    def test_public_subnets_have_none(self, vpc: Vpc) -> None:
        for subnet in vpc.tier("public"):
            assert not [r for r in vpc.table_of(subnet)["Routes"] if r.get("VpcPeeringConnectionId")]


class TestAccess:
    """What may talk to what."""

    def test_the_default_security_group_allows_nothing(self, vpc: Vpc) -> None:
        (default,) = (group for group in vpc.groups if group["GroupName"] == "default")

        assert default["IpPermissions"] == []
        assert default["IpPermissionsEgress"] == []

    @pytest.mark.parametrize("direction", ["IpPermissions", "IpPermissionsEgress"])
    def test_the_load_balancers_security_group_alone_is_open_to_the_world_and_few_reach_it(
        self, platform: Platform, region: Region, vpc: Vpc, direction: str
    ) -> None:
        ways = {"IpPermissions": ways_in, "IpPermissionsEgress": ways_out}[direction](platform, region)
        for group in vpc.groups:
            for permission in group[direction]:
                ranges = {r["CidrIp"] for r in permission["IpRanges"]} | {
                    r["CidrIpv6"] for r in permission["Ipv6Ranges"]
                }
                is_way = group["GroupName"] in ways
                assert not is_way or permission["ToPort"] == 443, f"{group['GroupName']}: {permission}"
                assert is_way or not ranges & ANYWHERE, f"{group['GroupName']}: {permission}"
                assert permission["FromPort"] == permission["ToPort"], f"{group['GroupName']}: {permission}"
                assert permission["IpProtocol"] == "tcp", f"{group['GroupName']}: {permission}"

    def test_inside_a_region_groups_name_groups(self, vpc: Vpc) -> None:
        """Address ranges are for the world and for the other region, whose groups cannot be named."""
        for group in vpc.groups:
            for permission in (*group["IpPermissions"], *group["IpPermissionsEgress"]):
                for each in permission["IpRanges"]:
                    beyond = each["CidrIp"] in ANYWHERE or not IPv4Network(each["CidrIp"]).overlaps(vpc.cidr)
                    assert beyond, f"{group['GroupName']}: {permission}"

    def test_aws_services_are_reached_through_endpoints(self, vpc: Vpc, region: Region) -> None:
        kinds = {e["ServiceName"].rpartition(".")[2]: e["VpcEndpointType"] for e in vpc.endpoints}

        assert kinds == {
            "s3": "Gateway",
            "dynamodb": "Gateway",
            **dict.fromkeys(("secretsmanager", "sqs", "sns", "lambda", "ssm"), "Interface"),
        }
        assert all(endpoint["State"] == "available" for endpoint in vpc.endpoints)
        assert all(region.name in endpoint["ServiceName"] for endpoint in vpc.endpoints)

    def test_gateway_endpoints_serve_every_private_and_isolated_subnet(self, vpc: Vpc) -> None:
        tables = {vpc.table_of(subnet)["RouteTableId"] for tier in ("private", "isolated") for subnet in vpc.tier(tier)}
        for endpoint in vpc.endpoints:
            if endpoint["VpcEndpointType"] == "Gateway":
                assert set(endpoint["RouteTableIds"]) == tables

    def test_interface_endpoints_answer_under_the_services_own_name_in_every_zone(self, vpc: Vpc) -> None:
        private = {subnet["SubnetId"] for subnet in vpc.tier("private")}
        for endpoint in vpc.endpoints:
            if endpoint["VpcEndpointType"] == "Interface":
                assert set(endpoint["SubnetIds"]) == private
                assert endpoint["PrivateDnsEnabled"] is True

    def test_endpoints_let_nothing_through_but_what_is_named(self, vpc: Vpc) -> None:
        for endpoint in vpc.endpoints:
            for statement in json.loads(endpoint["PolicyDocument"])["Statement"]:
                if statement["Effect"] == "Allow":
                    # Objects have names of their own below a named prefix.
                    named = json.dumps([statement["Action"], statement["Resource"]]).replace("/payments/*", "")
                    assert "*" not in named, endpoint["ServiceName"]
                    assert "Condition" in statement, "the account is the condition"

    def test_all_traffic_is_logged(self, vpc: Vpc) -> None:
        (log,) = vpc.flow_logs

        assert log["FlowLogStatus"] == "ACTIVE"
        assert log["TrafficType"] == "ALL"
        assert log["LogGroupName"].startswith("/aws/vpc/flow-logs/")
