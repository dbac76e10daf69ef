"""A region's network, read from its synthesized Terraform."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pytest
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.rds_cluster import RdsCluster

from lib.constructs.network import Network
from lib.constructs.security_group import SecurityGroup
from lib.topology import AddressPlan
from tests.unit.lab import Body, Lab, Synthesized, reference, synthesize

VPC = IPv4Network("10.20.0.0/16")
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/sessions"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:payments"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:signing-AbCdEf"


def add_network(lab: Lab, nat: Literal["per-zone", "single"] = "per-zone") -> Network:
    key = KmsKey(lab, "key", provider=lab.primary.provider)
    return Network(
        lab, "network", at=lab.primary, plan=AddressPlan(VPC), key_arn=key.arn, nat=nat, log_retention_days=365
    )


def add_connected_network(lab: Lab) -> None:
    """A network with functions that use it, and a database whose port only AWS knows."""
    network = add_network(lab)
    functions = SecurityGroup(
        lab, "functions", at=lab.primary, resource="functions", vpc_id=network.vpc_id, description="Functions"
    )
    database = SecurityGroup(
        lab, "ledger", at=lab.primary, resource="ledger", vpc_id=network.vpc_id, description="Database"
    )
    cluster = RdsCluster(lab, "cluster", engine="aurora-postgresql", provider=lab.primary.provider)
    functions.connect(network.endpoint_security_group, 443)
    functions.connect(database, cluster.port, "Functions to the ledger")
    functions.allow_to_prefix_list(network.dynamodb_prefix_list_id, 443, peer="dynamodb")
    functions.allow_to_range("10.30.128.0/18", cluster.port, peer="other-ledger")
    database.allow_from_range("10.30.64.0/18", cluster.port, peer="other-functions")
    network.allow_dynamodb("dynamodb:PutItem", "dynamodb:GetItem", on=[TABLE])
    network.allow_dynamodb("dynamodb:GetItem", "dynamodb:PutItem", on=[TABLE])
    network.allow_secrets("secretsmanager:GetSecretValue", on=[SECRET])
    network.allow_queues("sqs:SendMessage", on=[QUEUE])


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("closed"), add_network)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("connected"), add_connected_network)


@pytest.fixture(scope="module")
def single_nat(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("single"), lambda lab: add_network(lab, "single"))


def subnets(stack: Synthesized, tier: str) -> dict[str, Body]:
    return {path: body for path, body in stack.all("aws_subnet").items() if path.startswith(f"network/{tier}-")}


def table_of(stack: Synthesized, subnet: Body) -> str:
    """The reference to the route table of ``subnet``, which must have exactly one."""
    (table,) = [
        association["route_table_id"]
        for association in stack.all("aws_route_table_association").values()
        if association["subnet_id"] == reference("aws_subnet", subnet)
    ]
    return str(table)


def routes_of(stack: Synthesized, table: str) -> list[Body]:
    return [route for route in stack.all("aws_route").values() if route["route_table_id"] == table]


def statements(policy: str) -> list[dict[str, Any]]:
    decoded: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return decoded


class TestSubnets:
    @pytest.mark.parametrize("tier", ["public", "private", "isolated"])
    def test_every_tier_is_in_three_zones_named_by_id(self, network: Synthesized, tier: str) -> None:
        bodies = list(subnets(network, tier).values())
        assert [body["availability_zone_id"] for body in bodies] == ["use1-az1", "use1-az2", "use1-az4"]
        assert not any("availability_zone" in body for body in bodies)

    def test_they_do_not_overlap_and_lie_in_the_vpc(self, network: Synthesized) -> None:
        ranges = [IPv4Network(body["cidr_block"]) for body in network.all("aws_subnet").values()]
        assert len(ranges) == 9
        assert all(range_.subnet_of(VPC) for range_ in ranges)
        assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))

    def test_none_hands_out_public_addresses(self, network: Synthesized) -> None:
        assert not any(body["map_public_ip_on_launch"] for body in network.all("aws_subnet").values())


class TestWaysOut:
    def test_public_subnets_reach_the_internet_directly(self, network: Synthesized) -> None:
        gateway = reference("aws_internet_gateway", network.one("aws_internet_gateway"))
        for subnet in subnets(network, "public").values():
            (route,) = routes_of(network, table_of(network, subnet))
            assert (route["destination_cidr_block"], route["gateway_id"]) == ("0.0.0.0/0", gateway)

    def test_each_zone_has_a_nat_gateway_of_its_own(self, network: Synthesized) -> None:
        nats = network.all("aws_nat_gateway")
        assert len(nats) == len(network.all("aws_eip")) == 3
        public = {reference("aws_subnet", body): body for body in subnets(network, "public").values()}
        for subnet in subnets(network, "private").values():
            (route,) = routes_of(network, table_of(network, subnet))
            (nat,) = [nat for nat in nats.values() if reference("aws_nat_gateway", nat) == route["nat_gateway_id"]]
            assert public[nat["subnet_id"]]["availability_zone_id"] == subnet["availability_zone_id"]

    def test_a_single_nat_gateway_serves_all_zones(self, single_nat: Synthesized) -> None:
        nat = reference("aws_nat_gateway", single_nat.one("aws_nat_gateway"))
        assert len(single_nat.all("aws_eip")) == 1
        tables = {table_of(single_nat, subnet) for subnet in subnets(single_nat, "private").values()}
        assert len(tables) == 3
        assert [routes_of(single_nat, table)[0]["nat_gateway_id"] for table in tables] == [nat] * 3

    def test_isolated_subnets_have_none(self, network: Synthesized) -> None:
        for subnet in subnets(network, "isolated").values():
            assert routes_of(network, table_of(network, subnet)) == []


class TestEndpoints:
    @pytest.mark.parametrize("service", ["dynamodb", "s3"])
    def test_gateway_endpoints_serve_private_and_isolated_subnets(self, network: Synthesized, service: str) -> None:
        endpoint = network.all("aws_vpc_endpoint")[f"network/{service}/endpoint"]
        inner = [*subnets(network, "private").values(), *subnets(network, "isolated").values()]
        assert endpoint["vpc_endpoint_type"] == "Gateway"
        assert endpoint["service_name"] == f"com.amazonaws.us-east-1.{service}"
        assert set(endpoint["route_table_ids"]) == {table_of(network, subnet) for subnet in inner}

    @pytest.mark.parametrize("service", ["secretsmanager", "sqs", "sns", "lambda", "ssm"])
    def test_interface_endpoints_are_reached_in_every_zone_under_the_services_own_name(
        self, network: Synthesized, service: str
    ) -> None:
        endpoint = network.all("aws_vpc_endpoint")[f"network/{service}/endpoint"]
        group = network.all("aws_security_group")["network/endpoint-security-group/group"]
        assert endpoint["vpc_endpoint_type"] == "Interface"
        assert endpoint["private_dns_enabled"] is True
        assert endpoint["subnet_ids"] == [
            reference("aws_subnet", body) for body in subnets(network, "private").values()
        ]
        assert endpoint["security_group_ids"] == [reference("aws_security_group", group)]

    @pytest.mark.parametrize("service", ["dynamodb", "s3", "secretsmanager", "sqs", "sns", "lambda", "ssm"])
    def test_without_a_grant_they_allow_nothing(self, closed: Synthesized, service: str) -> None:
        (statement,) = statements(closed.all("aws_vpc_endpoint")[f"network/{service}/endpoint"]["policy"])
        assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")

    def test_a_grant_opens_exactly_what_it_names_for_this_account(self, network: Synthesized) -> None:
        endpoints = network.all("aws_vpc_endpoint")
        assert statements(endpoints["network/secretsmanager/endpoint"]["policy"]) == [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [SECRET],
                "Condition": {"StringEquals": {"aws:PrincipalAccount": "000000000000"}},
            }
        ]
        (queues,) = statements(endpoints["network/sqs/endpoint"]["policy"])
        assert (queues["Action"], queues["Resource"]) == (["sqs:SendMessage"], [QUEUE])
        assert [s["Effect"] for s in statements(endpoints["network/s3/endpoint"]["policy"])] == ["Deny"]

    def test_the_same_grant_twice_is_written_once(self, network: Synthesized) -> None:
        (statement,) = statements(network.all("aws_vpc_endpoint")["network/dynamodb/endpoint"]["policy"])
        assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:PutItem"]
        assert statement["Resource"] == [TABLE]


class TestFlowLogs:
    def test_all_traffic_goes_to_an_encrypted_group_with_a_retention(self, network: Synthesized) -> None:
        log, group = network.one("aws_flow_log"), network.one("aws_cloudwatch_log_group")
        assert log["traffic_type"] == "ALL"
        assert log["log_destination"] == reference("aws_cloudwatch_log_group", group, "arn")
        assert group["name"] == "/aws/vpc/flow-logs/tap-vpc-use1-dev"
        assert group["kms_key_id"] == reference("aws_kms_key", network.one("aws_kms_key"), "arn")
        assert group["retention_in_days"] == 365

    def test_the_role_may_write_that_group_only(self, network: Synthesized) -> None:
        group = reference("aws_cloudwatch_log_group", network.one("aws_cloudwatch_log_group"), "arn")
        granted = statements(network.one("aws_iam_role_policy")["policy"])
        listing = [statement for statement in granted if statement["Resource"] == "*"]
        assert [statement["Action"] for statement in listing] == [["logs:DescribeLogGroups"]]
        assert {statement["Resource"] for statement in granted} == {"*", group, f"{group}:*"}
        assert not any("*" in action for statement in granted for action in statement["Action"])

    def test_only_flow_logs_of_this_account_and_region_may_use_the_role(self, network: Synthesized) -> None:
        (statement,) = statements(network.one("aws_iam_role")["assume_role_policy"])
        assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "000000000000"},
            "ArnLike": {"aws:SourceArn": "arn:aws:ec2:us-east-1:000000000000:vpc-flow-log/*"},
        }


class TestSecurityGroups:
    def test_the_default_one_allows_nothing(self, network: Synthesized) -> None:
        default = network.one("aws_default_security_group")
        assert default["ingress"] == default["egress"] == []

    def test_a_connection_is_a_rule_on_both_sides(self, network: Synthesized) -> None:
        functions = network.all("aws_security_group")["functions/group"]
        ledger = network.all("aws_security_group")["ledger/group"]
        egress = network.all("aws_vpc_security_group_egress_rule")["functions/to-ledger"]
        ingress = network.all("aws_vpc_security_group_ingress_rule")["ledger/from-functions"]
        assert egress["security_group_id"] == ingress["referenced_security_group_id"]
        assert egress["security_group_id"] == reference("aws_security_group", functions)
        assert ingress["security_group_id"] == egress["referenced_security_group_id"]
        assert ingress["security_group_id"] == reference("aws_security_group", ledger)

    def test_a_port_that_only_aws_knows_stays_a_reference(self, network: Synthesized) -> None:
        port = reference("aws_rds_cluster", network.one("aws_rds_cluster"), "port")
        rule = network.all("aws_vpc_security_group_egress_rule")["functions/to-ledger"]
        assert (rule["from_port"], rule["to_port"]) == (port, port)

    def test_only_the_other_region_is_named_by_its_addresses(self, network: Synthesized) -> None:
        rules = {
            **network.all("aws_vpc_security_group_egress_rule"),
            **network.all("aws_vpc_security_group_ingress_rule"),
        }
        named = {path: rule["cidr_ipv4"] for path, rule in rules.items() if "cidr_ipv4" in rule}
        assert named == {"functions/to-other-ledger": "10.30.128.0/18", "ledger/from-other-functions": "10.30.64.0/18"}

    def test_every_rule_says_what_it_is_for(self, network: Synthesized) -> None:
        egress = network.all("aws_vpc_security_group_egress_rule")
        assert egress["functions/to-ledger"]["description"] == "Functions to the ledger"
        assert egress["functions/to-endpoints-443"]["description"] == "functions to endpoints"


def test_every_name_ends_in_region_and_suffix(tmp_path: Path) -> None:
    stack = synthesize(tmp_path, add_connected_network, environment_suffix="pr7")
    for _, path, body in stack.everything():
        names = [body["tags"]["Name"]] if "tags" in body else []
        names += [body["name"]] if "name" in body else []
        assert all(name.endswith("-use1-pr7") for name in names), path
    assert len({body["tags"]["Name"] for body in stack.all("aws_subnet").values()}) == 9
