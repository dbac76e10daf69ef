"""The firewall before each region's ingress, read from the synthesized Terraform."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.app import Deployment

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
both_regions = pytest.mark.parametrize("stack", REGIONS)
OUR_HEALTH_PATHS = "/health/"


def rules(deployment: Deployment, stack: str) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in deployment[stack].one("aws_wafv2_web_acl")["rule"]}


def group(deployment: Deployment, stack: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = rules(deployment, stack)[name]["statement"]["managed_rule_group_statement"]
    return found


def limit(deployment: Deployment, stack: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = rules(deployment, stack)[name]["statement"]["rate_based_statement"]
    return found


@both_regions
class TestTheFirewall:
    def test_stands_before_the_stage_of_its_region(self, deployment: Deployment, stack: str) -> None:
        association = deployment[stack].one("aws_wafv2_web_acl_association")
        assert deployment.target(stack, association["web_acl_arn"]).type == "aws_wafv2_web_acl"
        assert deployment.target(stack, association["resource_arn"]).path == "ingress/stage"

    def test_refuses_known_attacks_and_addresses_of_ill_repute(self, deployment: Deployment, stack: str) -> None:
        known = [name for name, rule in rules(deployment, stack).items() if rule.get("override_action") == {"none": {}}]
        assert known == [
            "AWSManagedRulesAmazonIpReputationList",
            "AWSManagedRulesAnonymousIpList",
            "AWSManagedRulesKnownBadInputsRuleSet",
            "AWSManagedRulesCommonRuleSet",
        ]

    def test_refuses_no_payment_for_its_size_or_its_words(self, deployment: Deployment, stack: str) -> None:
        counted = group(deployment, stack, "AWSManagedRulesCommonRuleSet")["rule_action_override"]
        assert {it["name"] for it in counted if it["action_to_use"] == {"count": {}}} == {
            "SizeRestrictions_BODY",
            "CrossSiteScripting_BODY",
            "EC2MetaDataSSRF_BODY",
            "GenericLFI_BODY",
            "GenericRFI_BODY",
            "NoUserAgent_HEADER",
        }

    @pytest.mark.parametrize("name", ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesAnonymousIpList"])
    def test_judges_no_health_check_by_its_address(self, deployment: Deployment, stack: str, name: str) -> None:
        looked_at = group(deployment, stack, name)["scope_down_statement"]["not_statement"]["statement"]
        left_out = looked_at["byte_match_statement"]
        assert (left_out["positional_constraint"], left_out["search_string"]) == ("STARTS_WITH", OUR_HEALTH_PATHS)

    def test_lets_one_sender_send_all_that_the_region_takes(self, deployment: Deployment, stack: str) -> None:
        settings = deployment[stack].one("aws_api_gateway_method_settings")["settings"]
        everybody = limit(deployment, stack, "every-address")
        assert everybody["limit"] == settings["throttling_rate_limit"] * everybody["evaluation_window_sec"]
        assert "scope_down_statement" not in everybody

    def test_lets_health_checkers_ask_without_a_signature(self, deployment: Deployment, stack: str) -> None:
        checks = [
            check.body for check in deployment.resources("aws_route53_health_check") if check.body["type"] == "HTTPS"
        ]
        unsigned = limit(deployment, stack, "unsigned")
        asked = len(checks) * unsigned["evaluation_window_sec"] / min(check["request_interval"] for check in checks)
        # A checker's address is asked for by no more than our own checks; a hundred times as much is still let through.
        assert unsigned["limit"] >= 100 * asked
        assert unsigned["limit"] < limit(deployment, stack, "every-address")["limit"]

    def test_tells_who_sends_too_much_when_to_come_again(self, deployment: Deployment, stack: str) -> None:
        for name in ("unsigned", "every-address"):
            response = rules(deployment, stack)[name]["action"]["block"]["custom_response"]
            assert response["response_code"] == 429
            assert response["response_header"] == [{"name": "Retry-After", "value": "60"}]

    def test_keeps_what_it_refused_without_signatures(self, deployment: Deployment, stack: str) -> None:
        logging = deployment[stack].one("aws_wafv2_web_acl_logging_configuration")
        group_ = deployment.target(stack, logging["log_destination_configs"][0])
        assert group_.body["name"].startswith("aws-waf-logs-tap-firewall-")
        assert deployment.key_region(stack, group_.body["kms_key_id"]) == REGIONS[stack]
        assert logging["redacted_fields"] == [{"single_header": {"name": "tap-signature"}}]
        assert logging["logging_filter"]["default_behavior"] == "DROP"

    def test_shows_no_sample_because_those_hold_signatures(self, deployment: Deployment, stack: str) -> None:
        acl = deployment[stack].one("aws_wafv2_web_acl")
        visible = [acl["visibility_config"], *(rule["visibility_config"] for rule in acl["rule"])]
        assert not any(it["sampled_requests_enabled"] for it in visible)

    def test_raises_an_alarm_when_it_refuses_many(self, deployment: Deployment, stack: str) -> None:
        alarm = deployment[stack].all("aws_cloudwatch_metric_alarm")["firewall/alarm-firewall-blocked"]
        acl = deployment[stack].one("aws_wafv2_web_acl")
        assert alarm["dimensions"] == {
            "WebACL": acl["visibility_config"]["metric_name"],
            "Region": REGIONS[stack],
            "Rule": "ALL",
        }
