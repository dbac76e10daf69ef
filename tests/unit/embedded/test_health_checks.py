"""Health checks as they are deployed: endpoints, calculated and inverted checks, alarms, and what names do then."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from embedded import control
from embedded.server.health_checks import Endpoint, Verdicts
from tests.unit.embedded.clouds import EAST, WEST, Cloud, unique
from tests.unit.embedded.functions import api_of, function
from tests.unit.embedded.postgres_client import eventually

FACTOR = 60
"""An interval of 30 s becomes half a second."""

SWITCHABLE = """
import os

def handler(event, context):
    path = event["path"]
    return {"statusCode": 503 if path in os.environ.get("DOWN", "").split(",") else 200, "body": "all is well"}
"""


def endpoint(*observed: bool, threshold: int = 3) -> Endpoint:
    seen = Endpoint()
    for passed in observed:
        seen.observe(passed, "seen", threshold)
    return seen


class TestAnEndpoint:
    def test_counts_as_healthy_until_enough_was_seen_of_it(self) -> None:
        assert endpoint().passing
        assert endpoint(False, False).passing

    def test_changes_after_as_many_observations_in_a_row_as_the_threshold_says(self) -> None:
        assert not endpoint(False, False, False).passing
        assert not endpoint(False, False, False, True, True).passing
        assert endpoint(False, False, False, True, True, True).passing

    def test_does_not_change_if_they_are_not_in_a_row(self) -> None:
        assert endpoint(False, False, True, False, False, True, False).passing

    def test_changes_at_once_with_a_threshold_of_one(self) -> None:
        assert not endpoint(False, threshold=1).passing


def verdict(
    configs: Mapping[str, Mapping[str, Any]], *, failing: tuple[str, ...] = (), alarm: str | None = None
) -> bool:
    """The status of the check ``it``."""
    verdicts = Verdicts(lambda _region, _name: alarm)
    for check in failing:
        verdicts.endpoints[check] = endpoint(False, False, False)
    return verdicts.healthy("it", configs)


def calculated(threshold: int, *children: str, **more: str) -> dict[str, dict[str, Any]]:
    it = {"Type": "CALCULATED", "ChildHealthChecks": list(children), "HealthThreshold": threshold, **more}
    return {"it": it, **{child: {"Type": "HTTPS"} for child in children}}


class TestACheck:
    def test_can_be_inverted(self) -> None:
        it = {"it": {"Type": "HTTPS", "Inverted": "true"}}
        assert not verdict(it)
        assert verdict(it, failing=("it",))

    def test_is_healthy_while_disabled_and_the_contrary_if_inverted(self) -> None:
        assert verdict({"it": {"Type": "HTTPS", "Disabled": "true"}}, failing=("it",))
        assert not verdict({"it": {"Type": "HTTPS", "Disabled": True, "Inverted": True}}, failing=("it",))

    def test_of_other_checks_needs_as_many_as_its_threshold(self) -> None:
        assert verdict(calculated(3, "a", "b", "c"))
        assert not verdict(calculated(3, "a", "b", "c"), failing=("b",))
        assert verdict(calculated(2, "a", "b", "c"), failing=("b",))
        assert not verdict(calculated(3, "a", "b", "c", Inverted="true"))

    def test_of_other_checks_with_threshold_zero_is_healthy_always_and_with_one_too_many_never(self) -> None:
        assert verdict(calculated(0, "a"), failing=("a",))
        assert not verdict(calculated(2, "a"))

    def test_that_does_not_exist_is_not_healthy(self) -> None:
        assert not verdict({})

    def test_the_standbys_switch_takes_the_primary_down_and_releases_when_the_standby_dies(self) -> None:
        """As deployed: the primary needs live, database, and that the standby's "I am active" fails."""
        configs = calculated(3, "live", "database", "switch")
        configs["switch"]["Inverted"] = "true"
        assert verdict(configs, failing=("switch",))
        assert not verdict(configs)
        assert not verdict(configs, failing=("switch", "database"))

    @pytest.mark.parametrize(
        ("alarm", "wish", "healthy"),
        [
            ("OK", "Unhealthy", True),
            ("ALARM", "Healthy", False),
            ("INSUFFICIENT_DATA", "Healthy", True),
            ("INSUFFICIENT_DATA", "Unhealthy", False),
            ("INSUFFICIENT_DATA", "LastKnownStatus", True),
            (None, "Unhealthy", False),
        ],
    )
    def test_of_an_alarm_follows_it_and_without_data_does_as_it_is_told(
        self, alarm: str | None, wish: str, healthy: bool
    ) -> None:
        it = {
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": EAST, "Name": "a"},
            "InsufficientDataHealthStatus": wish,
        }
        assert verdict({"it": it}, alarm=alarm) == healthy

    def test_of_an_alarm_keeps_its_last_status_by_default(self) -> None:
        states = iter(["ALARM", "INSUFFICIENT_DATA", None, "OK", "INSUFFICIENT_DATA"])
        verdicts = Verdicts(lambda _region, _name: next(states))
        it = {"it": {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": EAST, "Name": "a"}}}
        assert [verdicts.healthy("it", it) for _ in range(5)] == [False, False, False, True, True]


class Site:
    """Two regions' APIs, health checks and failover records as this platform deploys them."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.endpoint = cloud, cloud.emulator.endpoint
        self.route53 = cloud.client("route53")
        self.domain = f"{unique('pay')}.example"
        zone = self.route53.create_hosted_zone(Name=self.domain, CallerReference=unique("zone"))
        self.zone = zone["HostedZone"]["Id"].rsplit("/", 1)[-1]
        self.functions: dict[str, str] = {}
        self.targets: dict[str, str] = {}
        for region in (EAST, WEST):
            self.functions[region] = function(cloud, SWITCHABLE, region=region)
            name = api_of(cloud, self.functions[region], region=region, name=f"{region}.{self.domain}")
            described = cloud.client("apigateway", region).get_domain_name(domainName=name)
            self.targets[region] = described["regionalDomainName"]
            self.record(name, region)
        self.fail(WEST, "/health/active")
        switch = self.check(WEST, "active", Inverted=True)
        children = [self.check(EAST, "live"), self.check(EAST, "database"), switch]
        self.checks = dict(zip(("live", "database", "switch"), children, strict=True))
        self.checks["primary"] = self.made(
            {"Type": "CALCULATED", "ChildHealthChecks": children, "HealthThreshold": len(children)}
        )
        self.name = f"global.{self.domain}"
        self.record(self.name, EAST, Failover="PRIMARY", SetIdentifier=EAST, HealthCheckId=self.checks["primary"])
        self.record(self.name, WEST, Failover="SECONDARY", SetIdentifier=WEST)

    def check(self, region: str, question: str, **more: Any) -> str:
        return self.made(
            {
                "Type": "HTTPS",
                "FullyQualifiedDomainName": f"{region}.{self.domain}",
                "Port": 443,
                "ResourcePath": f"/health/{question}",
                "RequestInterval": 30,
                "FailureThreshold": 3,
                **more,
            }
        )

    def made(self, config: dict[str, Any]) -> str:
        made = self.route53.create_health_check(CallerReference=unique("check"), HealthCheckConfig=config)
        return str(made["HealthCheck"]["Id"])

    def record(self, name: str, region: str, **more: Any) -> None:
        alias = {"DNSName": self.targets[region], "HostedZoneId": "Z1", "EvaluateTargetHealth": False}
        change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": alias, **more}}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": [change]})

    def fail(self, region: str, *paths: str) -> None:
        """Let a region answer 503 to these paths, and to no others."""
        self.cloud.client("lambda", region).update_function_configuration(
            FunctionName=self.functions[region], Environment={"Variables": {"DOWN": ",".join(paths)}}
        )

    def healthy(self, name: str) -> bool:
        return control.checks(self.endpoint)[self.checks[name]].healthy

    def led_to(self) -> str | None:
        return control.resolve(self.endpoint, self.name).region

    def destroy(self) -> None:
        for check in self.checks.values():
            self.route53.delete_health_check(HealthCheckId=check)


@pytest.fixture(scope="module")
def built(closed_cloud: Cloud) -> Iterator[Site]:
    site = Site(closed_cloud)
    yield site
    site.destroy()


@pytest.fixture
def site(built: Site) -> Iterator[Site]:
    """The site, checked sixty times as fast as configured and found healthy."""
    control.start_checks(built.endpoint, FACTOR)
    eventually(lambda: built.healthy("primary"), answer=True)
    yield built
    for region in (EAST, WEST):
        control.restore(built.endpoint, region)
    control.stop_checks(built.endpoint)
    built.fail(EAST)
    built.fail(WEST, "/health/active")


class TestTheChecker:
    def test_does_nothing_until_it_is_started(self, built: Site) -> None:
        before = control.checks(built.endpoint)[built.checks["live"]]
        time.sleep(1)
        assert control.checks(built.endpoint)[built.checks["live"]] == before

    def test_tells_what_is_configured_and_what_it_saw(self, site: Site) -> None:
        seen = control.checks(site.endpoint)[site.checks["live"]]
        assert (seen.type, seen.interval, seen.threshold) == ("HTTPS", 30, 3)
        assert (seen.name, seen.path) == (f"{EAST}.{site.domain}", "/health/live")
        assert (seen.reason, seen.observations > 0) == ("Success: HTTP Status Code 200, OK.", True)

    def test_finds_a_new_inverted_check_unhealthy_until_enough_was_seen(self, site: Site) -> None:
        control.start_checks(site.endpoint, 1)
        assert not site.healthy("switch")
        assert site.led_to() == WEST

    def test_needs_threshold_times_interval_to_see_that_an_endpoint_fails(self, site: Site) -> None:
        site.fail(EAST, "/health/database")
        started = time.monotonic()
        eventually(lambda: site.healthy("database"), answer=False)
        assert time.monotonic() - started >= 2 * 30 / FACTOR
        assert not site.healthy("primary")

    def test_sees_a_dead_region_and_one_that_is_back(self, site: Site) -> None:
        control.kill(site.endpoint, EAST)
        eventually(lambda: site.healthy("live"), answer=False)
        assert "connection" in str(control.checks(site.endpoint)[site.checks["live"]].reason)
        control.restore(site.endpoint, EAST)
        eventually(lambda: site.healthy("live"), answer=True)

    def test_takes_an_answer_after_two_seconds_for_none(self, site: Site) -> None:
        control.slow_down(site.endpoint, EAST, 3)
        eventually(lambda: site.healthy("live"), answer=False)
        assert "in time" in str(control.checks(site.endpoint)[site.checks["live"]].reason)

    def test_goes_on_while_the_control_planes_are_lost(self, site: Site) -> None:
        control.lose_control_planes(site.endpoint)
        site.fail(EAST, "/health/live")
        eventually(site.led_to, WEST)

    def test_answers_the_api_s_question_for_observations(self, site: Site) -> None:
        seen = site.route53.get_health_check_status(HealthCheckId=site.checks["live"])["HealthCheckObservations"]
        assert [each["StatusReport"]["Status"] for each in seen] == ["Success: HTTP Status Code 200, OK."]
        with pytest.raises(site.route53.exceptions.InvalidInput):
            site.route53.get_health_check_status(HealthCheckId=site.checks["primary"])
        with pytest.raises(site.route53.exceptions.NoSuchHealthCheck):
            site.route53.get_health_check_status(HealthCheckId="00000000-0000-0000-0000-000000000000")

    @pytest.mark.parametrize("factor", ["0.5", "101", "fast"])
    def test_is_never_slower_than_aws_nor_too_fast_to_be_true(self, built: Site, factor: str) -> None:
        with pytest.raises(control.ControlError, match="from 1"):
            control.call(built.endpoint, "POST", f"checks/start/{factor}")

    def test_looks_for_a_string_where_it_is_told_to(self, site: Site) -> None:
        common = {"FullyQualifiedDomainName": f"{EAST}.{site.domain}", "ResourcePath": "/any", "FailureThreshold": 1}
        wanted = {
            text: site.made({"Type": "HTTPS_STR_MATCH", "SearchString": text, **common}) for text in ("well", "ill")
        }
        try:
            eventually(lambda: control.checks(site.endpoint)[wanted["ill"]].healthy, answer=False)
            eventually(lambda: control.checks(site.endpoint)[wanted["well"]].observations > 0, answer=True)
            assert control.checks(site.endpoint)[wanted["well"]].healthy
        finally:
            for check in wanted.values():
                site.route53.delete_health_check(HealthCheckId=check)


class TestTheSharedName:
    def test_leads_to_the_primary_and_may_be_kept_for_a_minute(self, site: Site) -> None:
        answer = control.resolve(site.endpoint, site.name)
        assert (answer.targets, answer.ttl, answer.region) == ((site.targets[EAST],), 60, EAST)

    def test_leads_to_the_standby_once_the_primary_is_dead(self, site: Site) -> None:
        control.kill(site.endpoint, EAST)
        eventually(site.led_to, WEST)

    def test_leads_to_the_standby_once_that_says_that_it_is_active_and_back_if_it_dies(self, site: Site) -> None:
        site.fail(WEST)
        eventually(site.led_to, WEST)
        assert site.healthy("live")
        control.kill(site.endpoint, WEST)
        eventually(site.led_to, EAST)

    def test_leads_to_the_standby_if_both_are_dead(self, site: Site) -> None:
        """It has no check: nothing brings the dead primary back."""
        control.kill(site.endpoint, EAST)
        control.kill(site.endpoint, WEST)
        eventually(site.led_to, WEST)

    def test_has_an_answer_for_its_own_region_s_name_whatever_happens(self, site: Site) -> None:
        control.kill(site.endpoint, EAST)
        assert control.resolve(site.endpoint, f"{EAST}.{site.domain}").region == EAST

    def test_that_is_unknown_has_none(self, site: Site) -> None:
        with pytest.raises(control.ControlError, match="no A record"):
            control.resolve(site.endpoint, f"nobody.{site.domain}")


def test_an_alarm_that_somebody_sets_does_not_move_its_check(closed_cloud: Cloud) -> None:
    """Route 53 reads the alarm's data, not its state."""
    cloudwatch, route53, name = closed_cloud.client("cloudwatch"), closed_cloud.client("route53"), unique("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    config = {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": {"Region": EAST, "Name": name},
        "InsufficientDataHealthStatus": "Healthy",
    }
    made = route53.create_health_check(CallerReference=name, HealthCheckConfig=config)["HealthCheck"]["Id"]
    try:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=json.dumps("by hand"))
        assert control.checks(closed_cloud.emulator.endpoint)[made].healthy
        cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "Errors", "Value": 0.0}])
        cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "Errors", "Value": 5.0}])
        assert not control.checks(closed_cloud.emulator.endpoint)[made].healthy
    finally:
        route53.delete_health_check(HealthCheckId=made)
