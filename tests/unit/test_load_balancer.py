"""The load balancer as a region's way in, and weights instead of failover, read from the synthesized Terraform."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib.constructs.openapi import operations
from tests.unit.app import ROOT, Deployment, synthesize

REGIONS = {"primary": "us-east-1", "secondary": "us-east-2"}
both_regions = pytest.mark.parametrize("stack", REGIONS)
DOCUMENT = json.loads((ROOT / "lambda" / "openapi.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesize(
        tmp_path_factory.mktemp("balanced"),
        ingress="load-balancer",
        routing="weighted",
        standby_region="us-east-2",
        aurora_capacity="serverless-v2",
        nat="single",
    )


def balancer(deployment: Deployment, stack: str) -> dict[str, Any]:
    return deployment[stack].one("aws_lb")


@both_regions
class TestTheLoadBalancer:
    def test_is_in_the_public_subnets_of_three_zones(self, balanced: Deployment, stack: str) -> None:
        found = balancer(balanced, stack)
        subnets = [balanced.target(stack, subnet).path for subnet in found["subnets"]]
        assert found["internal"] is False
        assert len(subnets) == 3
        assert all(path.startswith("network/public-") for path in subnets)

    def test_takes_https_only_in_tls_1_2_or_later(self, balanced: Deployment, stack: str) -> None:
        listener = balanced[stack].one("aws_lb_listener")
        assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
        assert listener["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
        (opened,) = [
            rule for path, rule in balanced[stack].all("aws_vpc_security_group_ingress_rule").items()
            if path.startswith("ingress/")
        ]  # fmt: skip
        assert (opened["cidr_ipv4"], opened["from_port"], opened["to_port"]) == ("0.0.0.0/0", 443, 443)

    def test_reaches_nothing_in_the_network(self, balanced: Deployment, stack: str) -> None:
        assert not [
            path for path in balanced[stack].all("aws_vpc_security_group_egress_rule") if path.startswith("ingress/")
        ]

    def test_shows_the_certificate_of_either_name(self, balanced: Deployment, stack: str) -> None:
        listener = balanced[stack].one("aws_lb_listener")
        more = balanced[stack].one("aws_lb_listener_certificate")
        shown = [balanced.target(stack, it["certificate_arn"]).path for it in (listener, more)]
        suffix = {"us-east-1": "use1", "us-east-2": "use2"}[REGIONS[stack]]
        assert shown == [
            f"certificates/failover-{suffix}/validation",
            f"certificates/regional-{suffix}/validation",
        ]

    def test_drops_what_is_no_proper_http(self, balanced: Deployment, stack: str) -> None:
        found = balancer(balanced, stack)
        assert found["drop_invalid_header_fields"] is True
        assert found["desync_mitigation_mode"] == "strictest"
        assert found["enable_waf_fail_open"] is False

    def test_can_be_destroyed(self, balanced: Deployment, stack: str) -> None:
        assert balancer(balanced, stack)["enable_deletion_protection"] is False
        logs = balanced.target(stack, balancer(balanced, stack)["access_logs"]["bucket"])
        assert logs.body["force_destroy"] is True

    def test_writes_down_who_asked_for_what(self, balanced: Deployment, stack: str) -> None:
        assert balancer(balanced, stack)["access_logs"]["enabled"] is True
        policy = json.loads(balanced[stack].all("aws_s3_bucket_policy")["ingress/access-logs/policy"]["policy"])
        (delivery,) = [it for it in policy["Statement"] if it["Effect"] == "Allow"]
        assert delivery["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
        assert delivery["Action"] == ["s3:PutObject"]
        assert delivery["Resource"].endswith("/AWSLogs/000000000000/*")

    def test_stands_behind_the_firewall(self, balanced: Deployment, stack: str) -> None:
        association = balanced[stack].one("aws_wafv2_web_acl_association")
        assert balanced.target(stack, association["resource_arn"]).type == "aws_lb"

    def test_raises_an_alarm_when_it_cannot_answer(self, balanced: Deployment, stack: str) -> None:
        alarms = balanced[stack].all("aws_cloudwatch_metric_alarm").values()
        watched = {it["metric_name"] for it in alarms if it["namespace"] == "AWS/ApplicationELB"}
        assert watched == {"HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "RejectedConnectionCount"}

    def test_there_is_no_api_beside_it(self, balanced: Deployment, stack: str) -> None:
        assert not [type_ for type_, _, _ in balanced[stack].everything() if type_.startswith("aws_api_gateway_")]


@both_regions
class TestItsRules:
    def test_follow_the_api_document_path_by_path(self, balanced: Deployment, stack: str) -> None:
        found = {}
        for rule in balanced[stack].all("aws_lb_listener_rule").values():
            path, method = rule["condition"]
            found[path["path_pattern"]["values"][0], method["http_request_method"]["values"][0]] = rule
        assert set(found) == {(path.replace("{id}", "*"), method.upper()) for path, method, _ in operations(DOCUMENT)}

    def test_lead_each_operation_to_its_function(self, balanced: Deployment, stack: str) -> None:
        attached = {
            balanced.target(stack, it["target_group_arn"]).address: balanced.target(stack, it["target_id"]).path
            for it in balanced[stack].all("aws_lb_target_group_attachment").values()
        }
        led = {
            path.partition("/")[2]: attached[balanced.target(stack, rule["action"][0]["target_group_arn"]).address]
            for path, rule in balanced[stack].all("aws_lb_listener_rule").items()
        }
        assert led == {
            "acceptPayment": "webhook/function/function",
            "readPayment": "payments/function/function",
            "listPayments": "payments/function/function",
            "live": "health-live/function/function",
            "active": "health-live/function/function",
            "database": "health-database/function/function",
        }

    def test_refuse_everything_else(self, balanced: Deployment, stack: str) -> None:
        (action,) = balanced[stack].one("aws_lb_listener")["default_action"]
        refusal = action["fixed_response"]
        assert refusal["status_code"] == "404"
        assert json.loads(refusal["message_body"]) == {"type": "about:blank", "title": "Not Found", "status": 404}

    def test_hand_over_headers_that_were_sent_twice(self, balanced: Deployment, stack: str) -> None:
        groups = balanced[stack].all("aws_lb_target_group").values()
        assert [(it["target_type"], it["lambda_multi_value_headers_enabled"]) for it in groups] == [
            ("lambda", True)
        ] * 4

    def test_each_function_may_be_invoked_by_its_own_target_group(self, balanced: Deployment, stack: str) -> None:
        permissions = {
            path: it for path, it in balanced[stack].all("aws_lambda_permission").items() if "load-balancer" in path
        }
        assert len(permissions) == 4
        for path, it in permissions.items():
            assert it["principal"] == "elasticloadbalancing.amazonaws.com"
            group = balanced.target(stack, it["source_arn"])
            assert group.path == f"ingress/{path.partition('/')[0]}-targets"


class TestWeights:
    def test_all_payments_go_to_the_primary_as_long_as_it_is_healthy(self, balanced: Deployment) -> None:
        records = balanced["routing"].all("aws_route53_record")
        primary, standby = records["records/primary"], records["records/secondary"]
        assert primary["weighted_routing_policy"] == {"weight": 100}
        assert balanced.target("routing", primary["health_check_id"]).path == "health/use1"
        assert standby["weighted_routing_policy"] == {"weight": 0}
        # Once the primary is unhealthy the standby is the last resort, whatever anybody thinks of it.
        assert "health_check_id" not in standby

    def test_both_names_of_a_region_lead_to_its_load_balancer(self, balanced: Deployment) -> None:
        for record in balanced.resources("aws_route53_record"):
            if "alias" in record.body:
                assert balanced.target(record.stack, record.body["alias"]["name"]).type == "aws_lb"
                assert record.body["alias"]["evaluate_target_health"] is False


@both_regions
def test_the_ledgers_instances_grow_with_what_they_have_to_do(balanced: Deployment, stack: str) -> None:
    cluster = balanced[stack].one("aws_rds_cluster")
    assert cluster["serverlessv2_scaling_configuration"] == {"min_capacity": 8, "max_capacity": 64}
    instances = balanced[stack].all("aws_rds_cluster_instance").values()
    assert {it["instance_class"] for it in instances} == {"db.serverless"}
