"""A plan is judged like a configuration. The one in ``plans`` was made by Terraform; its ``main.tf`` says how."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policies import rules
from policies.assessment import assess
from policies.model.deployment import Deployment, Resource
from policies.model.locations import Places
from policies.model.reading import read
from tests.unit.policies.configurations import sole, write

PLANS = Path(__file__).parent / "plans"
CONTENT: dict[str, Any] = json.loads((PLANS / "plan.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def plan() -> Deployment:
    deployment = read(PLANS / "plan.json")
    assert deployment.problems == ()
    return deployment


def at(deployment: Deployment, address: str) -> Resource:
    (found,) = [resource for resource in deployment.everything if resource.address == address]
    return found


class TestReading:
    def test_resources_have_terraforms_own_addresses(self, plan: Deployment) -> None:
        addresses = {resource.address for resource in plan.everything}
        assert {
            "aws_route53_health_check.store[1]",
            'module.standby_network.aws_subnet.private["b"]',
            "data.aws_iam_policy_document.topic",
        } <= addresses
        planned = {change["address"] for change in CONTENT["resource_changes"]}
        assert planned <= addresses

    def test_what_was_read_while_planning_is_there_too(self, plan: Deployment) -> None:
        document = at(plan, "data.aws_iam_policy_document.carts")
        assert document.block("statement").texts("actions") == ("dynamodb:*",)
        assert at(plan, "aws_iam_policy.carts").target("policy") is document

    def test_regions_follow_the_providers_into_modules(self, plan: Deployment) -> None:
        assert at(plan, "module.primary_network.aws_vpc.main").region == "us-east-1"
        assert at(plan, "module.standby_network.aws_vpc.main").region == "us-west-2"
        assert at(plan, "aws_kms_replica_key.standby").region == "us-west-2"

    def test_tags_and_roles_are_told_although_they_are_expressions(self, plan: Deployment) -> None:
        assert plan.roles == {"primary": "us-east-1", "secondary": "us-west-2"}
        vpc = at(plan, "module.primary_network.aws_vpc.main")
        expected = {"Environment": "dev", "Name": "shop-vpc-use1-dev", "Project": "shop", "RegionRole": "primary"}
        assert vpc.tags == expected
        assert "tags_all" not in vpc

    def test_what_is_known_only_later_is_a_reference(self, plan: Deployment) -> None:
        table = at(plan, "aws_dynamodb_table.carts")
        assert table.block("server_side_encryption").get("kms_key_arn") == "${aws_kms_key.primary.arn}"
        assert at(plan, "aws_kms_key.primary") in table.targets("server_side_encryption")
        assert at(plan, "aws_kms_replica_key.standby") in table.targets("replica")
        assert at(plan, "aws_cloudwatch_metric_alarm.carts").targets("alarm_actions") == [
            at(plan, "aws_sns_topic.alerts")
        ]

    def test_references_lead_into_modules_and_through_their_instances(self, plan: Deployment) -> None:
        vpc = at(plan, "module.standby_network.aws_vpc.main")
        assert at(plan, "aws_security_group.database").target("vpc_id") is vpc
        assert at(plan, 'module.standby_network.aws_subnet.private["a"]').target("vpc_id") is vpc
        assert len(plan.targets(plan.stacks[0], "${module.standby_network.subnet_ids}")) == 2

    def test_what_is_known_keeps_its_reference_and_its_value(self, plan: Deployment) -> None:
        alarm = at(plan, "aws_cloudwatch_metric_alarm.carts")
        table = at(plan, "aws_dynamodb_table.carts")
        assert alarm.map("dimensions") == {"TableName": "${aws_dynamodb_table.carts.name}"}
        assert plan.literal(alarm.stack, alarm.map("dimensions")["TableName"]) == "shop-carts-global-dev"
        assert table.users("aws_cloudwatch_metric_alarm") == [alarm]

    def test_dynamic_blocks_are_there_as_what_they_come_to(self, plan: Deployment) -> None:
        (ingress,) = at(plan, "aws_security_group.database").blocks("ingress")
        assert (ingress.number("from_port"), ingress.text("description")) == (5432, "postgres")

    def test_blocks_that_are_not_written_are_absent(self, plan: Deployment) -> None:
        assert "ttl" not in at(plan, "aws_dynamodb_table.carts")

    def test_outputs_and_variables(self, plan: Deployment) -> None:
        assert plan.setting("environment") == "dev"
        assert plan.target(plan.stacks[0], "${var.nothing}") is None
        assert plan.stacks[0].output("table_arn") == "${aws_dynamodb_table.carts.arn}"
        assert plan.literal(plan.stacks[0], "${var.standby_region}") == "us-west-2"

    def test_no_line_is_named_because_terraform_writes_one_only(self, plan: Deployment) -> None:
        assert Places().of(at(plan, "aws_dynamodb_table.carts")) == (PLANS / "plan.json", None)

    def test_its_folder_is_judged_by_it(self) -> None:
        deployment = read(PLANS)
        assert (deployment.problems, [s.name for s in deployment.stacks]) == ((), ["plan"])


def test_the_rules_find_what_is_wrong_with_it(plan: Deployment) -> None:
    judgement = assess(plan, rules.every(), (), date(2026, 11, 28))
    assert judgement.problems == ()
    found = {(found.check.id, found.address) for found in judgement.open}
    assert {
        ("TAP_HEALTH_CHECK_INTERVAL", "aws_route53_health_check.store[0]"),
        ("TAP_TABLE_POINT_IN_TIME_RECOVERY", "aws_dynamodb_table.carts"),
    } <= found
    assert ("TAP_HEALTH_CHECK_INTERVAL", "aws_route53_health_check.store[1]") not in found
    assert any("neither lifecycle blocks nor the backend" in note for note in judgement.notes)


def changed(folder: Path, **values: object) -> Deployment:
    """The plan with other members."""
    content = {**copy.deepcopy(CONTENT), **values}
    return read(write(folder, {"plan.json": content}) / "plan.json")


class TestFailsClosed:
    def test_on_another_major_version(self, tmp_path: Path) -> None:
        assert "format_version 2.0, and only 1.x is known" in changed(tmp_path, format_version="2.0").problems[0]

    def test_on_a_plan_that_is_not_whole(self, tmp_path: Path) -> None:
        assert "not whole: it was limited by -target" in changed(tmp_path, complete=False).problems[0]

    def test_on_a_plan_that_failed(self, tmp_path: Path) -> None:
        assert "Terraform stopped" in changed(tmp_path, complete=False, errored=True).problems[0]

    @pytest.mark.parametrize("values", [{}, [], None, {"root_module": {}}, {"root_module": {"resources": 5}}])
    def test_on_a_plan_without_resources(self, values: object, tmp_path: Path) -> None:
        deployment = changed(tmp_path, planned_values=values, prior_state=None)
        assert deployment.problems == ("plan: no resource in it",)

    def test_on_a_configuration_beside_it(self, tmp_path: Path) -> None:
        write(tmp_path, {"plan.json": CONTENT, "main.tf.json": {}})
        (told,) = read(tmp_path).problems
        assert told.endswith("holds a plan and main.tf.json: which of the two is meant? Name the file to judge")

    def test_on_a_broken_plan_among_other_files(self, tmp_path: Path) -> None:
        write(tmp_path, {"plan.json": json.dumps(CONTENT)[:-1], "package.json": "{"})
        assert read(tmp_path).problems[0].startswith("plan.json cannot be parsed")


def test_several_plans_are_several_stacks(tmp_path: Path) -> None:
    write(tmp_path, {"primary.json": CONTENT, "secondary.json": CONTENT, "package.json": {}})
    assert [s.name for s in read(tmp_path).stacks] == ["primary", "secondary"]


def test_an_infrastructure_that_stands_keeps_its_references(tmp_path: Path) -> None:
    """When every ARN is known, the configuration still says where each one comes from."""
    content = copy.deepcopy(CONTENT)
    arn = "arn:aws:kms:us-east-1:000000000000:key/1"
    resources = {r["address"]: r.get("values") for r in content["planned_values"]["root_module"]["resources"]}
    resources["aws_kms_key.primary"]["arn"] = arn
    resources["aws_db_instance.orders"]["kms_key_id"] = arn
    resources["aws_kms_replica_key.standby"]["primary_key_arn"] = "arn:aws:kms:another"
    deployment = read(write(tmp_path, {"plan.json": content}) / "plan.json")
    database, replica = sole(deployment, "aws_db_instance"), sole(deployment, "aws_kms_replica_key")
    assert (database.target("kms_key_id"), database.literal("kms_key_id")) == (sole(deployment, "aws_kms_key"), arn)
    assert replica.get("primary_key_arn") == "arn:aws:kms:another"


def test_sets_are_matched_by_what_is_constant_in_them(tmp_path: Path) -> None:
    """Terraform plans the blocks of a set in an order of its own."""
    content = copy.deepcopy(CONTENT)
    (table,) = [r for r in content["planned_values"]["root_module"]["resources"] if r["type"] == "aws_dynamodb_table"]
    (written,) = [r for r in content["configuration"]["root_module"]["resources"] if r["address"] == table["address"]]
    table["values"]["replica"] = [{"region_name": "us-west-2"}, {"region_name": "us-east-2"}]
    written["expressions"]["replica"] = [
        {"region_name": {"constant_value": region}, "kms_key_arn": {"references": [f"aws_kms_key.{key}.arn"]}}
        for region, key in (("us-east-2", "east"), ("us-west-2", "west"))
    ]
    deployment = read(write(tmp_path, {"plan.json": content}) / "plan.json")
    assert {
        r.get("region_name"): r.get("kms_key_arn") for r in sole(deployment, "aws_dynamodb_table").blocks("replica")
    } == {
        "us-east-2": "${aws_kms_key.east.arn}",
        "us-west-2": "${aws_kms_key.west.arn}",
    }
