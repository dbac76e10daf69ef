"""The guard of the consumer and the probe of the peer, read from the synthesized Terraform."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.app import Deployment

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
PEERS = {"primary": "usw2", "secondary": "use1"}
both_regions = pytest.mark.parametrize("stack", REGIONS)


def function(deployment: Deployment, stack: str, name: str) -> dict[str, Any]:
    return deployment[stack].all("aws_lambda_function")[f"{name}/function/function"]


def alarm(deployment: Deployment, stack: str, metric: str) -> dict[str, Any]:
    (found,) = (
        each
        for each in deployment[stack].all("aws_cloudwatch_metric_alarm").values()
        if (each["namespace"], each["metric_name"]) == ("tap", metric)
    )
    return found


@both_regions
@pytest.mark.parametrize(("name", "rule"), [("guard", "guard-consumer"), ("probe", "probe-peer")])
def test_each_runs_every_minute_and_ends_before_the_next(
    deployment: Deployment, stack: str, name: str, rule: str
) -> None:
    assert deployment[stack].all("aws_cloudwatch_event_rule")[f"{rule}/rule"]["schedule_expression"] == "rate(1 minute)"
    arn = deployment[stack].all("aws_cloudwatch_event_target")[f"{rule}/target"]["arn"]
    assert arn.endswith(f":function:{function(deployment, stack, name)['function_name']}")
    assert function(deployment, stack, name)["timeout"] < 60


@both_regions
class TestTheGuard:
    def test_may_switch_the_consumer_of_its_region_and_no_other(self, deployment: Deployment, stack: str) -> None:
        policy = deployment[stack].all("aws_iam_role_policy")["guard/function/policy"]["policy"]
        (switch,) = (it for it in json.loads(policy)["Statement"] if "lambda:UpdateEventSourceMapping" in it["Action"])
        assert switch["Action"] == ["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"]
        assert deployment.target(stack, switch["Resource"]).path == "queue/mapping"
        variables = function(deployment, stack, "guard")["environment"]["variables"]
        assert deployment.target(stack, variables["CONSUMER_MAPPING"]).path == "queue/mapping"

    def test_reaches_lambda_through_an_endpoint_that_lets_nothing_else_through(
        self, deployment: Deployment, stack: str
    ) -> None:
        endpoint = deployment[stack].all("aws_vpc_endpoint")["network/lambda/endpoint"]
        (statement,) = json.loads(endpoint["policy"])["Statement"]
        assert statement["Action"] == ["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"]
        (resource,) = statement["Resource"]
        assert deployment.target(stack, resource).path == "queue/mapping"

    def test_keeps_the_mirror_of_its_region_through_an_endpoint_that_lets_nothing_else_through(
        self, deployment: Deployment, stack: str
    ) -> None:
        mirror = deployment[stack].all("aws_ssm_parameter")["parameters/active-region"]
        variables = function(deployment, stack, "guard")["environment"]["variables"]
        assert variables["ACTIVE_REGION_PARAMETER"] == mirror["name"]
        holders = (
            deployment[stack].all("aws_iam_role_policy")["guard/function/policy"],
            deployment[stack].all("aws_vpc_endpoint")["network/ssm/endpoint"],
        )
        for holder in holders:
            (keep,) = (it for it in json.loads(holder["policy"])["Statement"] if "ssm:PutParameter" in it["Action"])
            assert keep["Action"] == ["ssm:GetParameter", "ssm:PutParameter"]
            (arn,) = [keep["Resource"]] if isinstance(keep["Resource"], str) else keep["Resource"]
            assert arn == f"arn:aws:ssm:{REGIONS[stack]}:000000000000:parameter/{mirror['name']}"

    def test_is_heard_when_it_had_to_act_and_when_it_falls_silent(self, deployment: Deployment, stack: str) -> None:
        found = alarm(deployment, stack, "ConsumerDiffers")
        assert (found["threshold"], found["statistic"]) == (0, "Maximum")
        assert found["treat_missing_data"] == "missing"
        assert found["insufficient_data_actions"] == found["alarm_actions"]


@both_regions
class TestTheProbe:
    def test_asks_the_other_region_by_its_public_name(self, deployment: Deployment, stack: str) -> None:
        variables = function(deployment, stack, "probe")["environment"]["variables"]
        assert variables["PEER_HOST"] == f"{PEERS[stack]}.dev.tap.example"

    def test_may_nothing_but_write_its_log(self, deployment: Deployment, stack: str) -> None:
        policy = deployment[stack].all("aws_iam_role_policy")["probe/function/policy"]["policy"]
        services = {
            action.partition(":")[0]
            for it in json.loads(policy)["Statement"]
            if it["Effect"] == "Allow"
            for action in it["Action"]
        }
        assert services == {"ec2", "logs", "xray"}

    def test_reaches_the_internet_over_https_and_nothing_else_does(self, deployment: Deployment, stack: str) -> None:
        (group,) = function(deployment, stack, "probe")["vpc_config"]["security_group_ids"]
        rules = deployment[stack].all("aws_vpc_security_group_egress_rule")
        own = [it for it in rules.values() if it["security_group_id"] == group]
        assert [(it["cidr_ipv4"], it["from_port"], it["to_port"]) for it in own] == [("0.0.0.0/0", 443, 443)]
        members = {
            path
            for path, body in deployment[stack].all("aws_lambda_function").items()
            if group in body["vpc_config"]["security_group_ids"]
        }
        assert members == {"probe/function/function"}
        world = {path.partition("/")[0] for path, it in rules.items() if it.get("cidr_ipv4") == "0.0.0.0/0"}
        assert world == {f"{name}-security-group" for name in ("probe", "canary", "notifier")}

    def test_three_failures_in_four_minutes_raise_the_alarm_and_so_does_silence(
        self, deployment: Deployment, stack: str
    ) -> None:
        found = alarm(deployment, stack, "PeerHealthy")
        assert (found["comparison_operator"], found["threshold"]) == ("LessThanThreshold", 1)
        assert (found["period"], found["datapoints_to_alarm"], found["evaluation_periods"]) == (60, 3, 4)
        assert found["treat_missing_data"] == "breaching"
