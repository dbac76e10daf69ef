"""Reading a folder: everything in it is read as Terraform reads it, or said not to have been read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from policies.model.deployment import Deployment
from policies.model.reading import read
from tests.unit.policies.configurations import AWS, manifest, read_one, sole, stack, write


def addresses(deployment: Deployment) -> list[str]:
    return sorted(resource.address for resource in deployment.everything)


def problem(place: Path) -> str:
    """The one reason not to trust the reading."""
    (sentence,) = read(place).problems
    return sentence


class TestFailsClosed:
    def test_an_empty_folder(self, tmp_path: Path) -> None:
        assert "holds no Terraform JSON" in problem(tmp_path)

    def test_a_place_that_does_not_exist(self, tmp_path: Path) -> None:
        assert problem(tmp_path / "nowhere").endswith("nowhere does not exist")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("{", "Expecting property name"),
            ("", "Expecting value"),
            ("[]", "no JSON object"),
            ('"text"', "no JSON object"),
            ('{"resource": {"aws_vpc": {"a": {"x": NaN}}}}', "NaN is no JSON"),
            ('{"resource": {"aws_vpc": {"a": {"x": ' + "9" * 5000 + "}}}}", "Exceeds the limit"),
            ("[" * 100_000, "RecursionError"),
            ('{"locals": {"a": ' + "[" * 100 + "]" * 100 + "}}", "more than 64 levels"),
        ],
        ids=["half", "empty", "list", "text", "NaN", "number", "brackets", "depth"],
    )
    def test_a_file_that_is_no_json(self, text: str, why: str, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": text})
        told = read(tmp_path).problems[0]
        assert told.startswith("main.tf.json cannot be parsed")
        assert why in told

    def test_a_file_in_another_encoding(self, tmp_path: Path) -> None:
        (tmp_path / "main.tf.json").write_bytes('{"//": "é"}'.encode("latin-1"))
        assert read(tmp_path).problems[0].startswith("main.tf.json cannot be read")

    def test_a_key_that_stands_twice(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": '{"resource": {"aws_vpc": {"a": {}}}, "resource": {"aws_eip": {"b": {}}}}'})
        assert problem(tmp_path) == "main.tf.json: resource stands twice in one object, and only the last one was read"

    def test_a_comment_may_stand_twice(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": '{"//": 1, "//": 2, "resource": {"aws_vpc": {"a": {}}}}'})
        assert read(tmp_path).problems == ()

    @pytest.mark.parametrize(
        ("content", "where"),
        [
            ({"resource": ["text"]}, "main.tf.json: resource is no object"),
            ({"resource": {"aws_vpc": 1}}, "main.tf.json: resource.aws_vpc is no object"),
            ({"resource": {"aws_vpc": {"a": "x"}}}, "main.tf.json: resource.aws_vpc.a is no object"),
            ({"resource": {"aws_vpc": {"a": [[{}]]}}}, "main.tf.json: resource.aws_vpc.a is no object"),
            ({"output": {"a": 1}}, "main.tf.json: output.a is no object"),
        ],
    )
    def test_a_block_that_is_no_object(self, content: object, where: str, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": content, "more.tf.json": stack()})
        assert problem(tmp_path) == where

    def test_a_block_that_terraform_does_not_know(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": {**stack(), "resources": {"aws_vpc": {"a": {}}}}})
        assert problem(tmp_path) == "main.tf.json: resources is no block of Terraform's, so nothing in it was read"

    def test_a_stack_without_a_resource(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": {"provider": AWS}})
        assert problem(tmp_path).endswith("no resource in it")

    def test_terraforms_own_syntax(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": stack(), **{f"{n}.tf": "" for n in "abcd"}})
        told = problem(tmp_path)
        assert told.startswith("a.tf, b.tf, c.tf and 1 more: Terraform's own syntax is not read, only JSON")
        assert "terraform show -json tfplan > plan.json" in told

    def test_variables_in_terraforms_own_syntax(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": stack(), "prod.auto.tfvars": 'a = "b"'})
        assert problem(tmp_path).startswith("prod.auto.tfvars: Terraform's own syntax is not read")

    def test_one_file_that_is_neither_configuration_nor_plan(self, tmp_path: Path) -> None:
        write(tmp_path, {"state.json": {"format_version": "1.0", "values": {}}})
        assert read(tmp_path / "state.json").problems[0].startswith("state.json is no *.tf.json file and no plan")

    def test_a_name_behind_which_there_is_no_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": stack()})
        (tmp_path / "gone.tf.json").symlink_to(tmp_path / "nowhere")
        os.mkfifo(tmp_path / "pipe.tf.json")
        assert read(tmp_path).problems == (
            "gone.tf.json cannot be read: it is no file",
            "pipe.tf.json cannot be read: it is no file",
        )

    def test_a_folder_that_is_called_like_a_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"stacks/a/main.tf.json": stack(), "stacks/a/manifest.json": manifest("b")})
        (tmp_path / "stacks/a/stacks/b/cdk.tf.json").mkdir(parents=True)
        assert any("names the stack b" in told for told in read(tmp_path).problems)


class TestManifest:
    def test_its_stacks_are_read_with_their_order(self, tmp_path: Path) -> None:
        listed = manifest("global", "primary")
        listed["stacks"]["primary"]["dependencies"] = ["global"]
        write(
            tmp_path,
            {"manifest.json": listed, **{f"stacks/{name}/cdk.tf.json": stack() for name in ("global", "primary")}},
        )
        deployment = read(tmp_path)
        assert deployment.problems == ()
        assert [(s.name, s.dependencies) for s in deployment.stacks] == [("global", ()), ("primary", ("global",))]

    def test_a_stack_whose_file_is_missing(self, tmp_path: Path) -> None:
        write(tmp_path, {"manifest.json": manifest("a", "b"), "stacks/a/cdk.tf.json": stack()})
        assert problem(tmp_path) == ("manifest.json names the stack b, whose file stacks/b/cdk.tf.json is not there")

    @pytest.mark.parametrize("path", ["../outside.tf.json", "/etc/hostname", "\0", "", None, 5, "stacks"])
    def test_a_stack_whose_file_is_none_of_the_folder(self, path: object, tmp_path: Path) -> None:
        listed = manifest("a")
        listed["stacks"]["a"]["synthesizedStackPath"] = path
        write(tmp_path, {"outside.tf.json": stack(), "out/manifest.json": listed})
        assert f"names the stack a, whose file {path if isinstance(path, str) else None} is not there" in " ".join(
            read(tmp_path / "out").problems
        )

    def test_a_stack_that_it_does_not_list(self, tmp_path: Path) -> None:
        stacks = {f"stacks/{name}/cdk.tf.json": stack() for name in ("a", "forgotten")}
        write(tmp_path, {"manifest.json": manifest("a"), **stacks})
        assert problem(tmp_path) == "stacks/forgotten/cdk.tf.json belongs to no stack that manifest.json names"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{", "manifest.json cannot be parsed"),
            ("[]", "manifest.json cannot be parsed"),
            ("{}", "manifest.json names no stack"),
            ('{"stacks": {}}', "manifest.json names no stack"),
            ('{"stacks": []}', "manifest.json names no stack"),
            ('{"stacks": {"a": null}}', "manifest.json names the stack a, whose file None is not there"),
        ],
    )
    def test_a_broken_one_hides_nothing(self, text: str, told: str, tmp_path: Path) -> None:
        write(tmp_path, {"manifest.json": text, "stacks/a/cdk.tf.json": stack()})
        assert read(tmp_path).problems[0].startswith(told)

    def test_another_programs_manifest_is_none(self, tmp_path: Path) -> None:
        write(tmp_path, {"manifest.json": {"name": "web app"}, "main.tf.json": stack()})
        deployment = read(tmp_path)
        assert (deployment.problems, addresses(deployment)) == ((), ["aws_sns_topic.alerts"])

    def test_one_is_found_in_a_folder_below(self, tmp_path: Path) -> None:
        write(tmp_path, {"out/manifest.json": manifest("a"), "out/stacks/a/cdk.tf.json": stack(), "app.json": {}})
        deployment = read(tmp_path)
        assert ([s.name for s in deployment.stacks], deployment.problems) == (["a"], ())

    def test_what_terraform_would_read_beside_a_stack_is_read(self, tmp_path: Path) -> None:
        override = {"resource": {"aws_sns_topic": {"alerts": {"name": "other"}}}}
        files = {"stacks/a/cdk.tf.json": stack(), "stacks/a/override.tf.json": override, "stacks/a/more.tf": ""}
        write(tmp_path, {"manifest.json": manifest("a"), **files})
        deployment = read(tmp_path)
        assert sole(deployment, "aws_sns_topic").get("name") == "other"
        assert deployment.problems[0].startswith("stacks/a/more.tf: Terraform's own syntax")

    def test_the_python_lines_that_a_synth_recorded(self, tmp_path: Path) -> None:
        body = {"name": "x", "//": {"metadata": {"path": "a/alerts", "uniqueId": "alerts"}}}
        recorded = {"a/alerts": "lib/alerts.py:12", "a/x": "lib/x.py", "a/y": 3, "a/z": "z.py:" + "9" * 5000}
        write(
            tmp_path,
            {
                "manifest.json": manifest("a"),
                "sources.json": recorded,
                "stacks/a/cdk.tf.json": stack(aws_sns_topic={"alerts": body}),
            },
        )
        deployment = read(tmp_path)
        topic = sole(deployment, "aws_sns_topic")
        assert (topic.path, str(topic.source)) == ("a/alerts", "lib/alerts.py:12")
        assert list(deployment.sources) == ["a/alerts"]


class TestFolders:
    def test_each_folder_is_a_stack_named_by_its_path(self, tmp_path: Path) -> None:
        write(tmp_path / "live", {"main.tf.json": stack(), "net/a.tf.json": stack(), ".terraform/m.tf.json": stack()})
        deployment = read(tmp_path / "live")
        assert [s.name for s in deployment.stacks] == ["live", "net"]
        assert [r.path for r in deployment.resources()] == ["live/aws_sns_topic.alerts", "net/aws_sns_topic.alerts"]

    def test_two_stacks_never_share_a_name(self, tmp_path: Path) -> None:
        write(tmp_path / "net", {"main.tf.json": stack(), "net/main.tf.json": stack()})
        assert [s.name for s in read(tmp_path / "net").stacks] == ["net", "net (2)"]

    def test_the_files_of_a_folder_are_one_stack(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "a.tf.json": {"provider": {"aws": {"region": "us-east-1"}}, "locals": {"name": "x"}},
                "b.tf.json": {"provider": {"aws": [{"alias": "west", "region": "us-west-2"}]}, "locals": {"kind": "y"}},
                "c.tf.json": {"resource": {"aws_sns_topic": {"t": {"provider": "aws.west", "name": "${local.kind}"}}}},
                "d.tf.json": {"output": {"a": {"value": 1}}},
                "e.tf.json": {"output": {"b": {"value": 2}}},
            },
        )
        deployment = read(tmp_path)
        topic = sole(deployment, "aws_sns_topic")
        assert (deployment.problems, topic.region, topic.literal("name")) == ((), "us-west-2", "y")
        assert (deployment.setting("a"), deployment.setting("b")) == (1, 2)
        assert sorted(deployment.stacks[0].providers) == ["aws", "aws.west"]

    @pytest.mark.parametrize(
        ("kind", "body", "name"),
        [
            ("resource", {"aws_vpc": {"a": {}}}, "resource.aws_vpc.a"),
            ("output", {"a": {"value": 1}}, "output.a"),
            ("variable", {"a": {}}, "variable.a"),
            ("locals", {"a": 1}, "local.a"),
        ],
    )
    def test_what_two_files_declare(self, kind: str, body: object, name: str, tmp_path: Path) -> None:
        write(
            tmp_path, {"a.tf.json": {kind: body, **({} if kind == "resource" else stack())}, "b.tf.json": {kind: body}}
        )
        assert problem(tmp_path) == f"{name} is declared twice, and only the last one was read"

    def test_one_file_is_a_stack_of_its_own(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.tf.json": stack(), "b.tf.json": "{"})
        deployment = read(tmp_path / "a.tf.json")
        assert ([s.name for s in deployment.stacks], deployment.problems) == (["a"], ())

    def test_variable_files_are_loaded_in_terraforms_order(self, tmp_path: Path) -> None:
        variables = {name: {"default": "default"} for name in ("a", "b", "c")}
        body = {name: f"${{var.{name}}}" for name in variables}
        write(
            tmp_path,
            {
                "main.tf.json": {**stack(aws_sns_topic={"t": body}), "variable": variables},
                "terraform.tfvars.json": {"b": "file", "c": "file", "unknown": 1},
                "z.auto.tfvars.json": {"c": "auto"},
            },
        )
        topic = sole(read(tmp_path), "aws_sns_topic")
        assert [topic.literal(name) for name in "abc"] == ["default", "file", "auto"]


class TestShapes:
    """Objects and arrays of objects mean the same, at each level of labels."""

    @pytest.mark.parametrize(
        "resource",
        [
            {"aws_vpc": {"a": {"x": 1}}, "aws_eip": {"b": {"x": 2}}},
            {"aws_vpc": {"a": [{"x": 1}]}, "aws_eip": {"b": [{"x": 2}]}},
            {"aws_vpc": [{"a": {"x": 1}}], "aws_eip": [{"b": [{"x": 2}]}]},
            [{"aws_vpc": {"a": {"x": 1}}}, {"aws_eip": {"b": {"x": 2}}}],
            [{"aws_vpc": [{"a": [{"x": 1}]}]}, {"//": "comment", "aws_eip": [{"//": "comment"}, {"b": {"x": 2}}]}],
            {"aws_vpc": {"a": {"x": 1}, "gone": None}, "aws_eip": {"b": {"x": 2}}, "aws_gone": None},
        ],
    )
    def test_of_resources(self, resource: object, tmp_path: Path) -> None:
        deployment = read_one(tmp_path, {"//": "comment", "resource": resource})
        assert {r.address: r.get("x") for r in deployment.resources()} == {"aws_vpc.a": 1, "aws_eip.b": 2}

    def test_two_bodies_of_one_resource(self, tmp_path: Path) -> None:
        write(tmp_path, {"main.tf.json": {"resource": {"aws_vpc": {"a": [{"x": 1}, {"x": 2}]}}}})
        assert problem(tmp_path) == "resource.aws_vpc.a is declared twice, and only the last one was read"

    @pytest.mark.parametrize(
        "provider",
        [
            {"aws": [{"region": "us-east-1"}, {"alias": "west", "region": "us-west-2"}]},
            [{"aws": {"region": "us-east-1"}}, {"aws": {"alias": "west", "region": "us-west-2"}}],
        ],
    )
    def test_of_providers(self, provider: object, tmp_path: Path) -> None:
        deployment = read_one(tmp_path, {**stack(), "provider": provider})
        assert {n: p.region for n, p in deployment.stacks[0].providers.items()} == {
            "aws": "us-east-1",
            "aws.west": "us-west-2",
        }

    @pytest.mark.parametrize(
        "content",
        [
            {"locals": {"a": "x"}, "output": {"o": {"value": "${local.a}"}}, "variable": {"v": {"default": "d"}}},
            {
                "locals": [{"a": "x"}],
                "output": [{"o": [{"value": "${local.a}"}]}],
                "variable": [{"v": {"default": "d"}}],
            },
        ],
    )
    def test_of_everything_else(self, content: dict[str, object], tmp_path: Path) -> None:
        deployment = read_one(tmp_path, {**stack(), **content})
        (only,) = deployment.stacks
        assert (only.local("a"), only.output("o"), only.variable("v")[1]) == ("x", "${local.a}", "d")

    @pytest.mark.parametrize(
        "terraform",
        [
            {"backend": {"s3": {"bucket": "b"}}, "required_version": ">= 1"},
            {"backend": [{"s3": [{"bucket": "b"}]}]},
            [{"required_version": ">= 1"}, {"backend": {"s3": {"bucket": "b"}}}],
        ],
    )
    def test_of_the_backend(self, terraform: object, tmp_path: Path) -> None:
        backend = read_one(tmp_path, {**stack(), "terraform": terraform}).stacks[0].backend
        assert backend is not None
        assert (backend.address, backend.get("bucket")) == ("backend.s3", "b")

    def test_a_name_may_be_that_of_a_keyword(self, tmp_path: Path) -> None:
        content = {"output": {"dynamic": {"value": 1}}, "locals": {"dynamic": {"a": 2}}}
        (only,) = read_one(tmp_path, {**stack(), **content}).stacks
        assert (only.output("dynamic"), only.local("dynamic")) == (1, {"a": 2})


BASE = {
    "resource": {
        "aws_x": {
            "a": {
                "name": "base",
                "kept": True,
                "rule": [{"n": 1}],
                "dynamic": {"grant": {"content": {"n": 2}}},
                "lifecycle": {"prevent_destroy": True, "ignore_changes": ["name"]},
            }
        }
    },
    "locals": {"a": 1, "b": 1},
    "terraform": {"backend": {"s3": {"bucket": "base"}}},
    "provider": AWS,
}


class TestOverrides:
    """https://developer.hashicorp.com/terraform/language/files/override"""

    def overridden(self, folder: Path, override: object, name: str = "override.tf.json") -> Deployment:
        return read(write(folder, {"main.tf.json": BASE, name: override}))

    @pytest.mark.parametrize("name", ["override.tf.json", "a_override.tf.json"])
    def test_arguments_are_replaced_and_others_stay(self, name: str, tmp_path: Path) -> None:
        deployment = self.overridden(tmp_path, {"resource": {"aws_x": {"a": {"name": "new"}}}}, name)
        assert deployment.problems == ()
        (resource,) = deployment.resources()
        assert (resource.get("name"), resource.get("kept")) == ("new", True)

    def test_the_blocks_of_a_name_are_replaced_however_they_were_written(self, tmp_path: Path) -> None:
        body = {"grant": {"n": 3}, "dynamic": {"rule": {"content": {"n": 4}}}}
        (resource,) = self.overridden(tmp_path, {"resource": {"aws_x": {"a": body}}}).resources()
        assert [block.get("n") for block in resource.blocks("grant")] == [3]
        assert [block.get("n") for block in resource.blocks("rule")] == [4]

    def test_lifecycle_is_merged_argument_by_argument(self, tmp_path: Path) -> None:
        body = {"lifecycle": [{"prevent_destroy": False}]}
        (resource,) = self.overridden(tmp_path, {"resource": {"aws_x": {"a": body}}}).resources()
        assert resource.block("lifecycle").body == {"prevent_destroy": False, "ignore_changes": ["name"]}

    def test_locals_backend_and_providers(self, tmp_path: Path) -> None:
        override = {
            "locals": {"b": 2},
            "terraform": {"backend": {"local": {"path": "x"}}},
            "provider": {"aws": {"alias": "west", "region": "us-east-2"}},
        }
        (only,) = self.overridden(tmp_path, override).stacks
        assert (only.local("a"), only.local("b"), only.backend and only.backend.type) == (1, 2, "local")
        assert {n: p.region for n, p in only.providers.items()} == {"aws": "us-east-1", "aws.west": "us-east-2"}

    def test_later_files_win(self, tmp_path: Path) -> None:
        first, second = ({"resource": {"aws_x": {"a": {"name": name}}}} for name in ("first", "second"))
        write(tmp_path, {"main.tf.json": BASE, "b_override.tf.json": second, "a_override.tf.json": first})
        assert read(tmp_path).resources()[0].get("name") == "second"

    def test_what_nobody_declares_cannot_be_overridden(self, tmp_path: Path) -> None:
        deployment = self.overridden(tmp_path, {"resource": {"aws_x": {"b": {}}}})
        assert deployment.problems == ("override.tf.json overrides resource.aws_x.b, which no other file declares",)


NET = {
    "variable": {"cidr": {"default": "10.9.0.0/16"}, "name": {}},
    "resource": {
        "aws_vpc": {"main": {"cidr_block": "${var.cidr}", "tags": {"Name": "${var.name}-vpc"}}},
        "aws_subnet": {"a": {"vpc_id": "${aws_vpc.main.id}"}},
    },
    "output": {"vpc_id": {"value": "${aws_vpc.main.id}"}},
}


class TestModules:
    def deployment(self, folder: Path, call: dict[str, object], net: dict[str, object] | None = None) -> Deployment:
        root = {
            "provider": AWS,
            "locals": {"name": "shop"},
            "module": {"net": {"source": "./modules/net", "name": "${local.name}", **call}},
            "resource": {"aws_security_group": {"db": {"vpc_id": "${module.net.vpc_id}"}}},
        }
        return read(write(folder, {"main.tf.json": root, "modules/net/main.tf.json": net or NET}))

    def test_a_called_folder_is_no_stack_but_a_part_of_its_caller(self, tmp_path: Path) -> None:
        deployment = self.deployment(tmp_path, {})
        assert deployment.problems == ()
        assert len(deployment.stacks) == 1
        assert addresses(deployment) == [
            "aws_security_group.db",
            "module.net.aws_subnet.a",
            "module.net.aws_vpc.main",
        ]

    def test_arguments_go_in_and_outputs_come_out(self, tmp_path: Path) -> None:
        deployment = self.deployment(tmp_path, {"cidr": "10.1.0.0/16"})
        vpc, group, subnet = (sole(deployment, type_) for type_ in ("aws_vpc", "aws_security_group", "aws_subnet"))
        assert (vpc.literal("cidr_block"), deployment.literal(vpc.stack, vpc.map("tags")["Name"])) == (
            "10.1.0.0/16",
            "shop-vpc",
        )
        assert group.target("vpc_id") is subnet.target("vpc_id") is vpc
        assert set(vpc.users()) == {group, subnet}

    def test_a_default_holds_where_nothing_is_given(self, tmp_path: Path) -> None:
        assert sole(self.deployment(tmp_path, {}), "aws_vpc").literal("cidr_block") == "10.9.0.0/16"

    @pytest.mark.parametrize(
        ("call", "region"),
        [
            ({}, "us-east-1"),
            ({"providers": {"aws": "aws.west"}}, "us-west-2"),
            ({"providers": {"aws": "${aws.west}"}}, "us-west-2"),
            ({"providers": {"other": "aws.west"}}, None),
        ],
    )
    def test_providers_are_handed_down(self, call: dict[str, object], region: str | None, tmp_path: Path) -> None:
        assert sole(self.deployment(tmp_path, call), "aws_vpc").region == region

    def test_a_copy_of_the_deployment_keeps_them(self, tmp_path: Path) -> None:
        deployment = self.deployment(tmp_path, {"providers": {"aws": "aws.west"}})
        vpc = sole(deployment, "aws_vpc")
        copy = deployment.with_bodies({vpc.key: {"cidr_block": "10.2.0.0/16"}})
        copied = sole(copy, "aws_vpc")
        assert (copied.literal("cidr_block"), copied.region, copied.key) == ("10.2.0.0/16", "us-west-2", vpc.key)
        assert sole(copy, "aws_subnet").target("vpc_id") is copied
        assert addresses(deployment.with_bodies({vpc.key: None})) == [
            "aws_security_group.db",
            "module.net.aws_subnet.a",
        ]

    @pytest.mark.parametrize("source", ["terraform-aws-modules/vpc/aws", "git::https://git.example/vpc", None, 5])
    def test_one_from_elsewhere_is_not_judged_and_that_is_said(self, source: object, tmp_path: Path) -> None:
        told = self.deployment(tmp_path, {"source": source}).problems
        assert any(f"nothing in module.net is judged, because its source {source} is not read" in t for t in told)

    def test_one_in_terraforms_own_syntax(self, tmp_path: Path) -> None:
        write(tmp_path, {"modules/net/more.tf": ""})
        assert any(
            told.startswith("modules/net/more.tf: Terraform's own syntax is not read")
            for told in self.deployment(tmp_path, {}).problems
        )

    def test_one_that_calls_itself(self, tmp_path: Path) -> None:
        net = {**NET, "module": {"again": {"source": "../net"}}}
        told = self.deployment(tmp_path, {}, net).problems
        assert any(t.endswith("module.net.module.again calls itself") for t in told)


def test_halves_of_surrogate_pairs_become_what_can_be_written(tmp_path: Path) -> None:
    text = '{"resource": {"aws_x": {"a": {"lone": "\\ud800!", "pair": "\\ud83d\\ude00", "escaped": "\\\\ud800"}}}}'
    (resource,) = read(write(tmp_path, {"main.tf.json": text})).resources()
    assert dict(resource.body) == {"lone": "\ufffd!", "pair": "😀", "escaped": "\\ud800"}
    json.dumps(dict(resource.body), ensure_ascii=False).encode()
