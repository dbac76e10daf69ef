"""Which resource is whose other side, and what counts as a difference between the two."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policies.examples import STACK, write
from policies.model.deployment import Deployment, Resource
from policies.model.reading import read
from policies.rule import Example

WEST = {"provider": "aws.usw2"}


def deployed(folder: Path, example: Example) -> Deployment:
    return read(write(example, folder))


def found(deployment: Deployment, address: str, stack: str = STACK) -> Resource:
    owner = deployment.stack(stack)
    assert owner is not None
    return owner.resources[address]


def differing(deployment: Deployment, address: str) -> list[str]:
    return [difference.attribute for difference in deployment.twins.differences(found(deployment, address))]


def functions(one: dict[str, Any], other: dict[str, Any]) -> Example:
    """A function in either region, and what both may refer to."""
    return {
        "aws_lambda_function": {"pay_use1": one, "pay_usw2": {**WEST, **other}},
        "aws_sqs_queue": {"q_use1": {"name": "q-use1"}, "q_usw2": {**WEST, "name": "q-usw2"}},
        "aws_dynamodb_table": {"sessions": {"name": "sessions"}},
        "aws_vpc": {"net_use1": {"cidr_block": "10.20.0.0/16"}, "net_usw2": {**WEST, "cidr_block": "10.32.0.0/18"}},
        "locals": {"size": 1024},
    }


class TestTwins:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("pay_use1", "pay_usw2"),
            ("pay_us_east_1", "pay_us_west_2"),
            ("primary_pay", "secondary_pay"),
            ("pay_primary", "pay_standby"),
            ("pay-use1_0A1B2C3D", "pay-usw2_4E5F6071"),
        ],
    )
    def test_addresses_that_differ_by_the_regions_own_words_are_twins(
        self, tmp_path: Path, one: str, other: str
    ) -> None:
        deployment = deployed(tmp_path, {"aws_lambda_function": {one: {}, other: WEST}})
        east, west = (found(deployment, f"aws_lambda_function.{name}") for name in (one, other))
        assert east.twin is west
        assert west.twin is east

    def test_names_tell_where_addresses_do_not(self, tmp_path: Path) -> None:
        bodies = {
            "here": {"function_name": "tap-pay-use1-dev"},
            "there": {"function_name": "tap-pay-usw2-dev", **WEST},
            "stray": {"function_name": "tap-pay-use1-dev", **WEST},
        }
        deployment = deployed(tmp_path, {"aws_lambda_function": bodies})
        assert found(deployment, "aws_lambda_function.here").twin is found(deployment, "aws_lambda_function.there")
        assert found(deployment, "aws_lambda_function.stray").twin is None

    def test_name_tags_tell_where_names_do_not(self, tmp_path: Path) -> None:
        bodies = {"a": {"tags": {"Name": "tap-vpc-use1"}}, "b": {"tags": {"Name": "tap-vpc-usw2"}, **WEST}}
        deployment = deployed(tmp_path, {"aws_vpc": bodies})
        assert found(deployment, "aws_vpc.a").twin is found(deployment, "aws_vpc.b")

    def test_of_several_candidates_none_is_the_twin(self, tmp_path: Path) -> None:
        same = {"function_name": "tap-pay"}
        deployment = deployed(
            tmp_path, {"aws_lambda_function": {"a": same, "b": {**same, **WEST}, "c": {**same, **WEST}}}
        )
        assert found(deployment, "aws_lambda_function.a").twin is None

    def test_what_is_in_the_same_region_is_no_twin(self, tmp_path: Path) -> None:
        deployment = deployed(tmp_path, {"aws_lambda_function": {"pay_use1": {}, "pay_usw2": {}}})
        assert found(deployment, "aws_lambda_function.pay_use1").twin is None

    def test_zones_correspond_by_their_order(self, tmp_path: Path) -> None:
        east: dict[str, Any] = {
            f"private-{zone}": {"availability_zone_id": f"use1-{zone}"} for zone in ("az1", "az4", "az6")
        }
        west: dict[str, Any] = {
            f"private-{zone}_": {"availability_zone_id": f"usw2-{zone}", **WEST} for zone in ("az1", "az2", "az3")
        }
        tags = {"tags": {"Name": "private-az4"}}, {"tags": {"Name": "private-az2"}}
        east["private-az4"] |= tags[0]
        west["private-az2_"] |= tags[1]
        deployment = deployed(tmp_path, {"aws_subnet": east | west})
        subnet = found(deployment, "aws_subnet.private-az4")
        assert subnet.twin is found(deployment, "aws_subnet.private-az2_")
        assert deployment.twins.differences(subnet) == ()

    def test_a_multi_region_key_and_its_replica_are_twins(self, tmp_path: Path) -> None:
        replica = {"primary_key_arn": "${aws_kms_key.data.arn}", **WEST}
        deployment = deployed(tmp_path, {"aws_kms_key": {"data": {}}, "aws_kms_replica_key": {"copy": replica}})
        assert found(deployment, "aws_kms_key.data").twin is found(deployment, "aws_kms_replica_key.copy")

    def test_without_two_roles_nothing_has_a_twin(self, tmp_path: Path) -> None:
        providers = {"aws": [{"region": "us-east-1"}, {"region": "us-west-2", "alias": "usw2"}]}
        bodies = {"pay_use1": {"provider": "aws"}, "pay_usw2": WEST}
        deployment = deployed(tmp_path, {"provider": providers, "aws_lambda_function": bodies})
        assert found(deployment, "aws_lambda_function.pay_use1").twin is None
        assert deployment.twins.differences(found(deployment, "aws_lambda_function.pay_use1")) == ()


class TestDifferences:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"timeout": 3}, {"timeout": "3"}),
            ({"timeout": "${local.size}"}, {"timeout": 1024}),
            ({"publish": True}, {"publish": "true"}),
            ({"layers": ["a", "b"]}, {"layers": ["b", "a"]}),
            ({"tracing_config": {"mode": "Active"}}, {"tracing_config": [{"mode": "Active"}]}),
            ({"description": None}, {}),
            ({"function_name": "pay-use1"}, {"function_name": "pay-usw2"}),
            ({"description": "us-east-1, not us-west-2"}, {"description": "us-west-2, not us-east-1"}),
            ({"role": "${aws_sqs_queue.q_use1.arn}"}, {"role": "${aws_sqs_queue.q_usw2.arn}"}),
            ({"role": "${aws_dynamodb_table.sessions.arn}"}, {"role": "${aws_dynamodb_table.sessions.arn}"}),
            ({"role": "10.20.64.0/18"}, {"role": "10.32.16.0/20"}),
            ({"role": "to 10.32.0.0/18"}, {"role": "to 10.20.0.0/16"}),
            ({"role": '{"a": ["1", "2"]}'}, {"role": '{ "a": ["2", "1"]}'}),
            ({"depends_on": ["aws_vpc.net_use1"]}, {}),
        ],
    )
    def test_what_differs_only_by_the_region_is_alike(
        self, tmp_path: Path, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        assert differing(deployed(tmp_path, functions(one, other)), "aws_lambda_function.pay_use1") == []

    @pytest.mark.parametrize(
        ("one", "other", "attribute"),
        [
            ({"timeout": 3}, {"timeout": 4}, "timeout"),
            ({"timeout": 3}, {}, "timeout"),
            ({"vpc_config": {"a": {"b": 1}}}, {"vpc_config": {"a": {"b": 2}}}, "vpc_config.a.b"),
            ({"layers": ["a", "b"]}, {"layers": ["a", "c"]}, "layers"),
            ({"description": "us-east-1"}, {"description": "us-east-1"}, "description"),
            ({"role": "${aws_sqs_queue.q_use1.arn}"}, {"role": "${aws_sqs_queue.q_use1.arn}"}, "role"),
            ({"role": "${aws_sqs_queue.q_use1.arn}"}, {"role": "${aws_sqs_queue.q_usw2.id}"}, "role"),
            ({"role": "10.20.64.0/18"}, {"role": "10.32.32.0/20"}, "role"),
            ({"role": '{"a": "1"}'}, {"role": '{"a": "2"}'}, "role.a"),
            ({"timeout": "${var.one}"}, {"timeout": "${var.other}"}, "timeout"),
        ],
    )
    def test_what_differs_otherwise_is_named(
        self, tmp_path: Path, one: dict[str, Any], other: dict[str, Any], attribute: str
    ) -> None:
        deployment = deployed(tmp_path, functions(one, other))
        assert differing(deployment, "aws_lambda_function.pay_use1") == [attribute]
        assert differing(deployment, "aws_lambda_function.pay_usw2") == [attribute]

    @pytest.mark.parametrize("word", ["use1", "usw2", "us-west-2", "az4"])
    def test_an_environment_that_is_called_like_a_region_is_no_difference(self, tmp_path: Path, word: str) -> None:
        tags = ({"RegionRole": role, "Environment": word} for role in ("primary", "secondary"))
        regions = (("us-east-1", "use1"), ("us-west-2", "usw2"))
        providers = [
            {"region": region, "alias": alias, "default_tags": {"tags": each}}
            for (region, alias), each in zip(regions, tags, strict=True)
        ]
        one, other = ({"function_name": f"pay-{region}-{word}", "layers": [word, region]} for _, region in regions)
        example = functions({**one, "timeout": 1}, {**other, "timeout": 2})
        zones = {f"s_{zone}": {"availability_zone_id": f"use1-{zone}"} for zone in ("az1", "az2", "az4")}
        deployment = deployed(tmp_path, {**example, "provider": {"aws": providers}, "aws_subnet": zones})
        assert differing(deployment, "aws_lambda_function.pay_use1") == ["timeout"]

    def test_names_are_fixed_in_what_they_have_in_common(self, tmp_path: Path) -> None:
        names = {name: {"name": f"{name}.us-west-2.example"} for name in ("use1", "usw2", "pay")}
        assert "us-west-2.example" in deployed(tmp_path, {"aws_route53_record": names}).twins.fixed

    def test_a_range_is_shown_as_it_is_written(self, tmp_path: Path) -> None:
        deployment = deployed(tmp_path, functions({"role": "10.20.64.0/18"}, {"role": "10.32.32.0/20"}))
        (difference,) = deployment.twins.differences(found(deployment, "aws_lambda_function.pay_use1"))
        assert (difference.here, difference.there) == ("10.20.64.0/18", "10.32.32.0/20")

    def test_of_lists_only_what_the_other_lacks_is_shown(self, tmp_path: Path) -> None:
        deployment = deployed(tmp_path, functions({"layers": ["a", "b", "b"]}, {"layers": ["c", "a", "b"]}))
        (difference,) = deployment.twins.differences(found(deployment, "aws_lambda_function.pay_use1"))
        assert (difference.here, difference.there) == ('["b"]', '["c"]')

    def test_a_difference_says_what_is_on_either_side(self, tmp_path: Path) -> None:
        deployment = deployed(tmp_path, functions({"description": "of us-east-1"}, {"description": "in us-west-2"}))
        (east,) = deployment.twins.differences(found(deployment, "aws_lambda_function.pay_use1"))
        (west,) = deployment.twins.differences(found(deployment, "aws_lambda_function.pay_usw2"))
        assert (east.attribute, east.here, east.there) == ("description", "of us-east-1", "in us-west-2")
        assert (west.here, west.there) == (east.there, east.here)


class TestOurDeployment:
    def test_each_region_has_everything_that_the_other_has(self, ours: Deployment) -> None:
        sides = (ours.stack("primary"), ours.stack("secondary"))
        alone = {r.path for side in sides if side for r in side.resources.values() if r.region and r.twin is None}
        assert alone == {"primary/migration/run", "primary/ephemeral.aws_secretsmanager_secret_version.ledger_master"}

    def test_regional_twins_differ_only_in_what_makes_the_database_and_who_consumes(self, ours: Deployment) -> None:
        primary = ours.stack("primary")
        assert primary is not None
        found = {re.sub(r"_[0-9A-F]{8}$", "", r.address): ours.twins.differences(r) for r in primary.resources.values()}
        differing = {address: {d.top for d in differences} for address, differences in found.items() if differences}
        assert differing == {
            "aws_rds_cluster.ledger_cluster": {
                "database_name", "master_username", "master_password_wo", "master_password_wo_version", "source_region",
            },
            "aws_lambda_event_source_mapping.queue_mapping": {"enabled"},
        }  # fmt: skip
