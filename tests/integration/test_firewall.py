"""The firewall before each region's ingress, as it is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.platform import Platform, Region

MANAGED = {
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesAnonymousIpList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
}


@pytest.fixture
def web_acl(platform: Platform, region: Region) -> dict[str, Any]:
    """What stands before the region's ingress."""
    waf = platform.client("wafv2", region)
    found: dict[str, Any] = waf.get_web_acl_for_resource(ResourceArn=region.outputs["entrance_arn"])["WebACL"]
    return found


def test_it_stands_before_the_ingress_of_its_region(region: Region, web_acl: dict[str, Any]) -> None:
    assert web_acl["ARN"].split(":")[3] == region.name


def test_it_refuses_known_attacks(web_acl: dict[str, Any]) -> None:
    managed = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]: rule["OverrideAction"]
        for rule in web_acl["Rules"]
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert managed == {name: {"None": {}} for name in MANAGED}


def test_it_holds_every_address_to_what_a_region_takes(web_acl: dict[str, Any]) -> None:
    rates = {
        rule["Name"]: rule["Statement"]["RateBasedStatement"]["Limit"]
        for rule in web_acl["Rules"]
        if "RateBasedStatement" in rule["Statement"]
    }
    assert rates == {"unsigned": 1_000, "every-address": 600_000}


def test_what_it_refuses_is_logged_without_signatures(
    platform: Platform, region: Region, web_acl: dict[str, Any]
) -> None:
    logging = platform.client("wafv2", region).get_logging_configuration(ResourceArn=web_acl["ARN"])
    found = logging["LoggingConfiguration"]
    (group,) = found["LogDestinationConfigs"]
    assert ":log-group:aws-waf-logs-" in group
    assert found["RedactedFields"] == [{"SingleHeader": {"Name": "tap-signature"}}]
