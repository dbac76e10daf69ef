"""A stack itself can be judged: its outputs, its locals, and what is not there."""

from __future__ import annotations

from pathlib import Path

from policies.examples import STACK, write
from policies.model.deployment import Deployment
from policies.model.reading import read
from policies.rule import Example, kind

OUTPUT: Example = {
    "aws_sqs_queue": {"payments": {"name": "tap-payments-use1-dev"}},
    "output": {"url": {"value": "${aws_sqs_queue.payments.url}"}},
}


def test_each_stack_is_one_block_with_all_that_is_no_resource(tmp_path: Path) -> None:
    deployment = read(write(OUTPUT, tmp_path))
    (stack,) = kind("*", mode="stack").members(deployment)
    assert stack.address == f"stack.{STACK}"
    assert stack.path == STACK
    assert stack.map("output")["url"] == {"value": "${aws_sqs_queue.payments.url}"}


def test_it_can_be_edited_like_a_resource(tmp_path: Path) -> None:
    deployment = read(write(OUTPUT, tmp_path))
    (stack,) = kind("*", mode="stack").members(deployment)
    edited = deployment.with_bodies({stack.key: {**stack.body, "output": {}}})
    assert edited.stacks[0].output("url") is None
    assert edited.stacks[0].resources.keys() == deployment.stacks[0].resources.keys()


def test_what_has_no_construct_path_leads_to_the_line_of_its_backend_or_its_stack(ours: Deployment) -> None:
    for stack in ours.stacks:
        assert str(stack.itself.source).startswith("tap.py:")
        assert stack.backend is not None
        assert str(stack.backend.source).startswith("lib/stacks/base.py:")
        for provider in stack.providers.values():
            assert provider.source == stack.itself.source


def test_a_rule_may_judge_several_modes_at_once(tmp_path: Path) -> None:
    deployment = read(write({**OUTPUT, "data.aws_region": {"here": {}}}, tmp_path))
    modes = ("resource", "data", "ephemeral", "provider", "backend", "stack")
    members = kind("*", modes=modes).members(deployment)
    assert [member.address for member in members] == [
        "aws_sqs_queue.payments", "data.aws_region.here", "provider.aws.use1", "provider.aws.usw2", "backend.s3",
        f"stack.{STACK}",
    ]  # fmt: skip
