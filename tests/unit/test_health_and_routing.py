"""Which region answers, and why: health checks, failover records, zone and certificates as synthesized."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.constructs.certificate import Certificates
from lib.constructs.dns import Zone
from lib.constructs.health import HealthChecks
from lib.constructs.routing import AliasTarget, RegionalRecord, SharedName, Side
from tests.unit.lab import Body, Lab, Synthesized, reference, synthesize

NAMES = {"us-east-1": "use1.dev.tap.example", "us-west-2": "usw2.dev.tap.example"}
SHARED_NAME = "global.dev.tap.example"
HERE = AliasTarget("d-1.execute-api.us-east-1.amazonaws.com", "Z1")
THERE = AliasTarget("d-2.execute-api.us-west-2.amazonaws.com", "Z2")


def add_routing(lab: Lab) -> None:
    zone = Zone(lab, "zone", at=lab.primary, domain="dev.tap.example")
    Certificates(
        lab,
        "certificates",
        regions=(lab.primary, lab.standby),
        failover_name=SHARED_NAME,
        regional_names=NAMES,
        zone_id=zone.zone_id,
    )
    checks = HealthChecks(lab, "health", primary=lab.primary, standby=lab.standby, regional_names=NAMES)
    sides = (Side(lab.primary, HERE, checks.primary_id), Side(lab.standby, THERE, checks.standby_id))
    SharedName(lab, "failover", zone_id=zone.zone_id, name=SHARED_NAME).fail_over(*sides)
    SharedName(lab, "weighted", zone_id=zone.zone_id, name="all.dev.tap.example").weigh(*sides, (100, 0))
    SharedName(lab, "split", zone_id=zone.zone_id, name="split.dev.tap.example").weigh(*sides, (70, 30))
    RegionalRecord(
        lab, "regional", at=lab.standby, zone_id=zone.zone_id, name=NAMES[lab.standby.region.name], target=THERE
    )
    lab.outputs({"health_check_ids": checks.ids})


@pytest.fixture(scope="module")
def routing(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("routing"), add_routing)


def check(stack: Synthesized, name: str) -> Body:
    return stack.all("aws_route53_health_check")[f"health/{name}"]


def check_id(stack: Synthesized, name: str) -> str:
    return reference("aws_route53_health_check", check(stack, name))


class TestHealthChecks:
    @pytest.mark.parametrize("question", ["live", "database"])
    @pytest.mark.parametrize(("suffix", "name"), [("use1", NAMES["us-east-1"]), ("usw2", NAMES["us-west-2"])])
    def test_both_regions_are_asked_by_their_own_names(
        self, routing: Synthesized, suffix: str, name: str, question: str
    ) -> None:
        body = check(routing, f"{suffix}-{question}")
        assert (body["type"], body["fqdn"], body["port"]) == ("HTTPS", name, 443)
        assert body["resource_path"] == f"/health/{question}"
        assert body["invert_healthcheck"] is False
        assert body["enable_sni"] is True

    def test_every_endpoint_is_asked_every_thirty_seconds(self, routing: Synthesized) -> None:
        endpoints = [body for body in routing.all("aws_route53_health_check").values() if body["type"] == "HTTPS"]
        assert len(endpoints) == 5
        assert [(body["request_interval"], body["failure_threshold"]) for body in endpoints] == [(30, 3)] * 5

    def test_the_switch_is_unhealthy_while_the_standby_is_active(self, routing: Synthesized) -> None:
        body = check(routing, "usw2-active")
        assert (body["fqdn"], body["resource_path"]) == (NAMES["us-west-2"], "/health/active")
        assert body["invert_healthcheck"] is True

    def test_the_primary_is_healthy_only_if_all_its_checks_and_the_switch_are(self, routing: Synthesized) -> None:
        body = check(routing, "use1")
        assert body["type"] == "CALCULATED"
        assert set(body["child_healthchecks"]) == {
            check_id(routing, name) for name in ("use1-live", "use1-database", "usw2-active")
        }
        assert body["child_health_threshold"] == 3

    def test_the_standbys_verdict_does_not_depend_on_who_is_active(self, routing: Synthesized) -> None:
        body = check(routing, "usw2")
        assert set(body["child_healthchecks"]) == {check_id(routing, name) for name in ("usw2-live", "usw2-database")}
        assert body["child_health_threshold"] == 2

    def test_all_ids_are_known_by_name(self, routing: Synthesized) -> None:
        ids = routing.content["output"]["health_check_ids"]["value"]
        assert ids == {
            name: check_id(routing, name)
            for name in ("use1-live", "use1-database", "use1", "usw2-live", "usw2-database", "usw2-active", "usw2")
        }

    def test_swapped_roles_give_the_mirrored_checks(self, tmp_path: Path) -> None:
        stack = synthesize(tmp_path, add_routing, primary_region="us-west-2", standby_region="us-east-1")
        assert check(stack, "use1-active")["fqdn"] == NAMES["us-east-1"]
        assert check_id(stack, "use1-active") in check(stack, "usw2")["child_healthchecks"]


class TestFailoverRecords:
    def test_the_primary_answers_while_its_verdict_is_healthy(self, routing: Synthesized) -> None:
        record = routing.all("aws_route53_record")["failover/primary"]
        assert record["failover_routing_policy"] == {"type": "PRIMARY"}
        assert (record["name"], record["set_identifier"]) == (SHARED_NAME, "us-east-1")
        assert record["health_check_id"] == check_id(routing, "use1")
        assert record["alias"]["name"] == HERE.dns_name

    def test_the_secondary_has_no_check_that_could_send_traffic_back_to_a_dead_primary(
        self, routing: Synthesized
    ) -> None:
        record = routing.all("aws_route53_record")["failover/secondary"]
        assert record["failover_routing_policy"] == {"type": "SECONDARY"}
        assert (record["name"], record["set_identifier"]) == (SHARED_NAME, "us-west-2")
        assert "health_check_id" not in record
        assert record["alias"]["name"] == THERE.dns_name

    def test_by_weights_a_standby_without_weight_is_the_last_resort_and_has_no_check(
        self, routing: Synthesized
    ) -> None:
        records = routing.all("aws_route53_record")
        primary, standby = records["weighted/primary"], records["weighted/secondary"]
        assert (primary["weighted_routing_policy"], standby["weighted_routing_policy"]) == (
            {"weight": 100},
            {"weight": 0},
        )
        assert primary["health_check_id"] == check_id(routing, "use1")
        assert "health_check_id" not in standby

    def test_by_weights_each_region_that_has_one_follows_its_own_check(self, routing: Synthesized) -> None:
        records = routing.all("aws_route53_record")
        for name, suffix, weight in (("primary", "use1", 70), ("secondary", "usw2", 30)):
            record = records[f"split/{name}"]
            assert record["weighted_routing_policy"] == {"weight": weight}
            assert record["health_check_id"] == check_id(routing, suffix)

    def test_a_regional_name_always_leads_to_its_region(self, routing: Synthesized) -> None:
        record = routing.all("aws_route53_record")["regional/record"]
        assert (record["name"], record["type"], record["alias"]["name"]) == (NAMES["us-west-2"], "A", THERE.dns_name)
        assert not {"failover_routing_policy", "set_identifier", "health_check_id"} & record.keys()

    def test_no_record_lets_aws_judge_the_target(self, routing: Synthesized) -> None:
        aliases = [record["alias"] for record in routing.all("aws_route53_record").values() if "alias" in record]
        assert [alias["evaluate_target_health"] for alias in aliases] == [False] * 7


class TestCertificates:
    def test_each_region_has_one_for_the_shared_name_and_one_for_its_own(self, routing: Synthesized) -> None:
        certificates = routing.all("aws_acm_certificate").values()
        assert sorted((body["provider"], body["domain_name"]) for body in certificates) == [
            ("aws.use1", SHARED_NAME),
            ("aws.use1", NAMES["us-east-1"]),
            ("aws.usw2", SHARED_NAME),
            ("aws.usw2", NAMES["us-west-2"]),
        ]
        assert all(body["lifecycle"]["create_before_destroy"] for body in certificates)

    def test_both_certificates_of_the_shared_name_wait_for_its_one_validation_record(
        self, routing: Synthesized
    ) -> None:
        records = {
            path: body for path, body in routing.all("aws_route53_record").items() if path.startswith("certificates/")
        }
        assert len(records) == 3
        shared = reference("aws_route53_record", records["certificates/failover-use1/validation-record"], "fqdn")
        validations = routing.all("aws_acm_certificate_validation")
        for suffix in ("use1", "usw2"):
            assert validations[f"certificates/failover-{suffix}/validation"]["validation_record_fqdns"] == [shared]
            own = reference("aws_route53_record", records[f"certificates/regional-{suffix}/validation-record"], "fqdn")
            assert validations[f"certificates/regional-{suffix}/validation"]["validation_record_fqdns"] == [own]


class TestZone:
    def test_one_of_our_own_is_emptied_and_deleted_with_the_deployment(self, routing: Synthesized) -> None:
        zone = routing.one("aws_route53_zone")
        assert (zone["name"], zone["force_destroy"]) == ("dev.tap.example", True)

    def test_an_existing_one_is_used_but_never_owned(self, tmp_path: Path) -> None:
        stack = synthesize(
            tmp_path,
            lambda lab: lab.outputs(
                {"zone": Zone(lab, "zone", at=lab.primary, domain="dev.tap.example", existing_zone_id="Z123").zone_id}
            ),
        )
        ((name, found),) = stack.content["data"]["aws_route53_zone"].items()
        assert "resource" not in stack.content
        assert found["zone_id"] == "Z123"
        assert stack.content["output"]["zone"]["value"] == f"${{data.aws_route53_zone.{name}.zone_id}}"

    def test_an_existing_one_that_cannot_hold_the_names_stops_the_plan(self, tmp_path: Path) -> None:
        stack = synthesize(
            tmp_path,
            lambda lab: Zone(lab, "zone", at=lab.primary, domain="dev.tap.example", existing_zone_id="Z123"),
        )
        (found,) = stack.content["data"]["aws_route53_zone"].values()
        (postcondition,) = found["lifecycle"]["postcondition"]
        assert 'endswith(".dev.tap.example", ".${self.name}")' in postcondition["condition"]
        assert "TAP_HOSTED_ZONE_ID" in postcondition["error_message"]
