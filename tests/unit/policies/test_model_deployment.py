"""The ways that lead through a deployment: from references to resources, literals, users and regions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policies.model.deployment import Deployment
from policies.model.reading import read
from tests.unit.policies.configurations import read_one, sole, stack, write

TOPICS = {
    "a": {"name": "topic-a", "tags": {"Name": "${local.name}"}},
    "b": {"name": "${aws_sns_topic.a.name}"},
}


def lookup(folder: Path, value: object, **content: object) -> tuple[Deployment, Any]:
    """A deployment in which an alarm has ``value`` as its action, and the alarm."""
    resources: dict[str, dict[str, object]] = {"aws_alarm": {"x": {"action": value}}, "aws_sns_topic": {**TOPICS}}
    deployment = read_one(folder, {**stack(**resources), **content})
    return deployment, sole(deployment, "aws_alarm")


def test_a_stack_is_part_of_one_deployment_until_that_is_copied_or_lets_it_go(tmp_path: Path) -> None:
    deployment = read_one(tmp_path, stack(aws_sqs_queue={"payments": {"name": "payments"}}))
    with pytest.raises(ValueError, match=r"^stack \w+ is part of another deployment; with_bodies"):
        replace(deployment, sources={})
    assert all(stack.deployment is deployment for stack in deployment.stacks)
    copy = deployment.with_bodies({})
    copy.release()
    unrecorded = Deployment(deployment.folder, copy.stacks)
    assert all(stack.deployment is unrecorded for stack in copy.stacks)


class TestTarget:
    """The one resource that a value is a reference to."""

    @pytest.mark.parametrize(
        "value",
        ["${aws_sns_topic.a.arn}", "${local.topic}", "${local.topics.first}", "${local.topics.all[0]}", "${var.t}"],
    )
    def test_is_found_through_locals_and_variables(self, value: str, tmp_path: Path) -> None:
        reference = "${aws_sns_topic.a.arn}"
        _, alarm = lookup(
            tmp_path,
            value,
            locals={"topic": reference, "topics": {"first": reference, "all": [reference]}},
            variable={"t": {"default": "${local.topic}"}},
        )
        assert alarm.target("action").address == "aws_sns_topic.a"

    @pytest.mark.parametrize(
        "value",
        [
            "x${aws_sns_topic.a.arn}",
            "${upper(aws_sns_topic.a.arn)}",
            "${aws_sns_topic.c.arn}",
            "$${aws_sns_topic.a.arn}",
            "aws_sns_topic.a",
            ["${aws_sns_topic.a.arn}"],
            None,
            5,
        ],
    )
    def test_is_none_of_anything_else(self, value: object, tmp_path: Path) -> None:
        assert lookup(tmp_path, value)[1].target("action") is None

    def test_of_a_circle_is_none(self, tmp_path: Path) -> None:
        _, alarm = lookup(tmp_path, "${local.a}", locals={"a": "${local.b}", "b": "${local.a}"})
        assert (alarm.target("action"), alarm.targets("action"), alarm.literal("action")) == (None, [], None)


class TestTargets:
    """All resources that a value refers to."""

    @pytest.mark.parametrize(
        "value",
        [
            "${join(aws_sns_topic.a.arn, aws_sns_topic.b.arn)}",
            ["${aws_sns_topic.a.arn}", {"x": ["-${aws_sns_topic.b.arn}-"]}],
            "${local.both}",
            '${jsonencode({"x" = "${aws_sns_topic.a.arn}${local.second}"})}',
        ],
    )
    def test_at_any_depth_and_through_functions(self, value: object, tmp_path: Path) -> None:
        second = "${aws_sns_topic.b.arn}"
        both = {"all": ["${aws_sns_topic.a.arn}", second]}
        _, alarm = lookup(tmp_path, value, locals={"both": both, "second": second})
        assert [topic.address for topic in alarm.targets("action")] == ["aws_sns_topic.a", "aws_sns_topic.b"]

    def test_of_a_bomb_come_soon(self, tmp_path: Path) -> None:
        bomb = {f"l{n}": f"${{local.l{n + 1}}}" * 20 for n in range(30)} | {"l30": "${aws_sns_topic.a.arn}"}
        _, alarm = lookup(tmp_path, "${local.l0}", locals=bomb)
        assert [topic.address for topic in alarm.targets("action")] == ["aws_sns_topic.a"]
        assert alarm.literal("action") is None

    def test_users_are_the_way_back(self, tmp_path: Path) -> None:
        deployment, alarm = lookup(tmp_path, "${local.topic}", locals={"topic": "${aws_sns_topic.a.arn}"})
        first, second = deployment.resources("aws_sns_topic")
        assert first.users() == [alarm, second]
        assert first.users("aws_alarm") == [alarm]
        assert second.users() == []


class TestLiteral:
    """A value as text, if it can be told without Terraform."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("x", "x"),
            (5, "5"),
            (1.0, "1"),
            (1.5, "1.5"),
            (True, "true"),
            ("$${x}", "${x}"),
            ("${local.name}", "shop"),
            ("${local.name}-${var.n}-%%{x}", "shop-3-%{x}"),
            ("${aws_sns_topic.b.name}", "topic-a"),
            ("${aws_sns_topic.a.tags.Name}", "shop"),
            ("${data.aws_region.here.name}", None),
            ("${local.name}-${data.aws_region.here.name}", None),
            ("${upper(local.name)}", None),
            ("%{ if true }x%{ endif }", None),
            ("${aws_sns_topic.a.arn}", None),
            ("${local.list}", None),
            ("${local.name", None),
            (None, None),
            ([], None),
            ({}, None),
        ],
    )
    def test_is_what_terraform_would_make_of_it(self, value: object, text: str | None, tmp_path: Path) -> None:
        _, alarm = lookup(
            tmp_path,
            value,
            locals={"name": "shop", "list": ["a"]},
            variable={"n": {"default": 3}},
            data={"aws_region": {"here": {}}},
        )
        assert alarm.literal("action") == text

    def test_does_not_explode(self, tmp_path: Path) -> None:
        bomb = {f"l{n}": f"${{local.l{n + 1}}}" * 50 for n in range(10)} | {"l10": "x" * 5000}
        assert lookup(tmp_path, "${local.l0}", locals=bomb)[1].literal("action") is None


class TestRegions:
    def test_a_resource_is_where_its_provider_is(self, tmp_path: Path) -> None:
        topics = {"a": {}, "b": {"provider": "aws.west"}, "c": {"provider": "aws.nowhere"}}
        deployment = read_one(tmp_path, stack(aws_sns_topic=topics))
        assert [topic.region for topic in deployment.resources()] == ["us-east-1", "us-west-2", None]
        assert deployment.regions == {"us-east-1", "us-west-2"}

    def test_version_6_of_the_provider_lets_it_say_so_itself(self, tmp_path: Path) -> None:
        content = {**stack(aws_sns_topic={"a": {"region": "${local.there}"}}), "locals": {"there": "us-west-2"}}
        assert sole(read_one(tmp_path, content), "aws_sns_topic").region == "us-west-2"

    @pytest.mark.parametrize(
        ("value", "region"), [("${var.region}", "us-east-2"), ("${var.unset}", None), (None, None)]
    )
    def test_a_providers_region_may_be_a_variable(self, value: object, region: str | None, tmp_path: Path) -> None:
        variables = {"region": {"default": "us-east-2"}, "unset": {}}
        content = {**stack(), "provider": {"aws": {"region": value}}, "variable": variables}
        assert sole(read_one(tmp_path, content), "aws_sns_topic").region == region

    def test_tags_are_those_of_the_provider_and_its_own(self, tmp_path: Path) -> None:
        content = {
            **stack(aws_sns_topic={"a": {"tags": "${local.own}"}}),
            "provider": {"aws": {"region": "us-east-1", "default_tags": {"tags": "${local.common}"}}},
            "locals": {"own": {"Name": "a", "B": "own"}, "common": {"RegionRole": "primary", "B": "default"}},
        }
        deployment = read_one(tmp_path, content)
        assert sole(deployment, "aws_sns_topic").tags == {"RegionRole": "primary", "Name": "a", "B": "own"}
        assert deployment.roles == {"primary": "us-east-1"}

    def test_roles_come_from_where_the_failover_records_lead_if_no_tag_names_them(self, tmp_path: Path) -> None:
        records = {
            "a": {"failover_routing_policy": {"type": "PRIMARY"}, "records": ["${aws_lb.west.dns_name}"]},
            "b": {"failover_routing_policy": [{"type": "SECONDARY"}], "alias": {"name": "${aws_lb.east.dns_name}"}},
            "c": {"failover_routing_policy": {"type": "${var.x}"}},
        }
        balancers = {"east": {}, "west": {"provider": "aws.west"}}
        deployment = read_one(tmp_path, stack(aws_route53_record=records, aws_lb=balancers))
        assert (deployment.primary, deployment.standby) == ("us-west-2", "us-east-1")
        assert (deployment.peer("us-east-1"), deployment.peer("eu-west-1")) == ("us-west-2", None)

    @pytest.mark.parametrize(
        ("providers", "roles"),
        [
            ([("primary", "a"), ("secondary", "b")], ("a", "b")),
            ([("aws_dr", "b"), ("main-region", "a")], ("a", "b")),
            ([("west", "b"), (None, "a")], (None, None)),
            ([("primary", "a"), ("secondary", "a")], (None, None)),
            ([("west", "b"), ("east", "a")], (None, None)),
            ([("west", "b"), ("east", "c"), (None, "a")], (None, None)),
            ([(None, "a")], (None, None)),
        ],
    )
    def test_else_from_what_the_providers_are_called(
        self, providers: list[tuple[str | None, str]], roles: tuple[str | None, str | None], tmp_path: Path
    ) -> None:
        blocks = [{"alias": alias, "region": region} for alias, region in providers]
        deployment = read_one(tmp_path, {**stack(), "provider": {"aws": blocks}})
        assert (deployment.primary, deployment.standby) == roles


class TestInstances:
    """Of ``count`` and ``for_each``; only a plan knows them."""

    @pytest.fixture
    def subnets(self, tmp_path: Path) -> Deployment:
        names = ("a[0]", "a[1]", 'b["west x"]')
        return read_one(tmp_path, stack(aws_subnet={name: {"name": name} for name in names}, aws_x={"x": {}}))

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            ("${aws_subnet.a[1].id}", ["a[1]"]),
            ("${aws_subnet.a[*].id}", ["a[0]", "a[1]"]),
            ("${aws_subnet.a[count.index].id}", ["a[0]", "a[1]"]),
            ("${aws_subnet.a}", ["a[0]", "a[1]"]),
            ("${aws_subnet.a[2].id}", []),
            ('${aws_subnet.b["west x"].id}', ['b["west x"]']),
        ],
    )
    def test_are_chosen_by_their_key(self, subnets: Deployment, value: str, found: list[str]) -> None:
        only = subnets.stacks[0]
        assert [subnet.name for subnet in subnets.targets(only, value)] == found
        assert (subnets.target(only, value) is not None) is (len(found) == 1)


class TestStates:
    """``terraform_remote_state`` leads to the stack whose backend keeps that state."""

    def crossed(self, folder: Path, backend: object, state: dict[str, object]) -> Any:
        """The topic's name in one stack, which is an output of another one."""
        owner = {**stack(), "output": {"name": {"value": "shop"}}}
        if backend is not None:
            owner["terraform"] = {"backend": backend}
        reader = {
            **stack(aws_x={"x": {"name": "${data.terraform_remote_state.other.outputs.name}"}}),
            "data": {"terraform_remote_state": {"other": state}},
            "locals": {"bucket": "states"},
        }
        deployment = read(write(folder, {"owner/a.tf.json": owner, "reader/a.tf.json": reader}))
        assert deployment.problems == ()
        return sole(deployment, "aws_x").literal("name")

    @pytest.mark.parametrize(
        ("backend", "state"),
        [
            ({"s3": {"bucket": "states", "key": "a"}}, ("s3", {"bucket": "${local.bucket}", "key": "a"})),
            ({"s3": {"bucket": "states", "key": "a"}}, ("s3", [{"bucket": "states", "key": "a"}])),
            ({"gcs": {"bucket": "states", "prefix": "a"}}, ("gcs", {"bucket": "states", "prefix": "a"})),
            ({"remote": {"organization": "o", "workspaces": {"name": "n"}}},
             ("remote", {"organization": "o", "workspaces": {"name": "n"}})),
            ({"local": {"path": "x.tfstate"}}, ("local", {"path": "../owner/x.tfstate"})),
            ({"local": {}}, ("local", {"path": "../owner/terraform.tfstate"})),
            (None, ("local", {"path": "../owner/terraform.tfstate"})),
        ],
    )  # fmt: skip
    def test_of_any_backend(self, backend: object, state: tuple[str, object], tmp_path: Path) -> None:
        kind, config = state
        assert self.crossed(tmp_path, backend, {"backend": kind, "config": config}) == "shop"

    @pytest.mark.parametrize(
        "state",
        [
            {"backend": "s3", "config": {"bucket": "states", "key": "b"}},
            {"backend": "s3", "config": {"bucket": "states"}},
            {"backend": "s3", "config": {"bucket": "${var.x}", "key": "a"}},
            {"backend": "s3", "config": "text"},
            {"backend": "gcs", "config": {"bucket": "states", "key": "a"}},
            {"config": {"bucket": "states", "key": "a"}},
            {"backend": "s3", "config": {"bucket": "${data.terraform_remote_state.other.outputs.name}", "key": "a"}},
            {},
        ],
    )
    def test_but_of_no_other_stack(self, state: dict[str, object], tmp_path: Path) -> None:
        assert self.crossed(tmp_path, {"s3": {"bucket": "states", "key": "a"}}, state) is None
