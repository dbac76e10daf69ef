"""Health checks and records, as Route 53 has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import entrance
from tests.integration.platform import Platform, Region

INTERVAL_SECONDS = 30
FAILURE_THRESHOLD = 3


def suffix(region: Region) -> str:
    return region.host.partition(".")[0]


def health_check(platform: Platform, name: str) -> dict[str, Any]:
    id_ = platform.routing["health_check_ids"][name]
    found = platform.client("route53", platform.primary).get_health_check(HealthCheckId=id_)
    configuration: dict[str, Any] = found["HealthCheck"]["HealthCheckConfig"]
    return configuration


def records(platform: Platform, name: str, type_: str = "A") -> list[dict[str, Any]]:
    pages = platform.client("route53", platform.primary).get_paginator("list_resource_record_sets")
    return [
        record
        for page in pages.paginate(HostedZoneId=platform.shared["zone_id"])
        for record in page["ResourceRecordSets"]
        if record["Name"] == f"{name}." and record["Type"] == type_
    ]


class TestHealthChecks:
    """Both regions are checked from outside, by their own names."""

    @pytest.mark.parametrize("question", ["live", "database"])
    def test_each_region_is_asked_every_30_seconds(self, platform: Platform, region: Region, question: str) -> None:
        check = health_check(platform, f"{suffix(region)}-{question}")

        assert check["Type"] == "HTTPS"
        assert check["FullyQualifiedDomainName"] == region.host
        assert check["ResourcePath"] == f"/health/{question}"
        assert check["Port"] == 443
        assert check["RequestInterval"] == INTERVAL_SECONDS
        assert check["FailureThreshold"] == FAILURE_THRESHOLD
        assert check["EnableSNI"], "one address serves more than one name"
        assert not check.get("Inverted", False)

    def test_the_switch_is_the_standbys_own_word_turned_round(self, platform: Platform) -> None:
        check = health_check(platform, f"{suffix(platform.standby)}-active")

        assert check["Inverted"], "an active standby must make the primary count as down"
        assert check["FullyQualifiedDomainName"] == platform.standby.host
        assert check["ResourcePath"] == "/health/active"
        assert check["RequestInterval"] == INTERVAL_SECONDS
        assert check["FailureThreshold"] == FAILURE_THRESHOLD

    def test_the_primary_is_healthy_only_if_live_with_a_database_and_not_switched_away(
        self, platform: Platform
    ) -> None:
        ids = platform.routing["health_check_ids"]
        home, standby = suffix(platform.primary), suffix(platform.standby)

        check = health_check(platform, home)

        assert check["Type"] == "CALCULATED"
        wanted = {ids[f"{home}-live"], ids[f"{home}-database"], ids[f"{standby}-active"]}
        assert set(check["ChildHealthChecks"]) == wanted
        assert check["HealthThreshold"] == len(wanted)

    def test_the_standby_is_healthy_only_if_live_with_a_database(self, platform: Platform) -> None:
        ids, standby = platform.routing["health_check_ids"], suffix(platform.standby)

        check = health_check(platform, standby)

        assert check["Type"] == "CALCULATED"
        assert set(check["ChildHealthChecks"]) == {ids[f"{standby}-live"], ids[f"{standby}-database"]}
        assert check["HealthThreshold"] == 2

    def test_no_check_is_disabled(self, platform: Platform) -> None:
        for name in platform.routing["health_check_ids"]:
            assert not health_check(platform, name).get("Disabled", False), name


class TestRecords:
    """The shared name leads to the primary while it is healthy, and otherwise to the standby."""

    @pytest.mark.only_with(routing="failover")
    def test_the_shared_name_has_a_primary_and_a_secondary(self, platform: Platform) -> None:
        found = records(platform, platform.shared["failover_name"])

        assert sorted(record["Failover"] for record in found) == ["PRIMARY", "SECONDARY"]

    @pytest.mark.only_with(routing="failover")
    def test_the_primary_record_depends_on_the_primarys_check(self, platform: Platform) -> None:
        (record,) = (r for r in records(platform, platform.shared["failover_name"]) if r["Failover"] == "PRIMARY")

        assert record["HealthCheckId"] == platform.routing["health_check_ids"][suffix(platform.primary)]

    @pytest.mark.only_with(routing="failover")
    def test_the_secondary_record_depends_on_no_check(self, platform: Platform) -> None:
        """Were it unhealthy too, Route 53 would answer with the dead primary."""
        (record,) = (r for r in records(platform, platform.shared["failover_name"]) if r["Failover"] == "SECONDARY")

        assert "HealthCheckId" not in record
        assert record["AliasTarget"]["EvaluateTargetHealth"] is False

    def test_each_record_leads_to_its_own_region(self, platform: Platform) -> None:
        name = platform.shared["failover_name"]
        targets = {r["SetIdentifier"]: r["AliasTarget"]["DNSName"].rstrip(".") for r in records(platform, name)}

        assert targets == {
            region.name: entrance.address(platform, region, name) for region in platform.regions.values()
        }
        assert len(set(targets.values())) == 2

    def test_each_regions_own_name_leads_to_that_region_unconditionally(
        self, platform: Platform, region: Region
    ) -> None:
        (record,) = records(platform, region.host)

        assert record["AliasTarget"]["DNSName"].rstrip(".") == entrance.address(platform, region, region.host)
        assert "Failover" not in record
        assert "HealthCheckId" not in record
