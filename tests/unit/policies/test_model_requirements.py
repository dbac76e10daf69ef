"""Which stacks must be there before which, and what refers to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from policies.model.deployment import Deployment
from policies.model.reading import read

TOPIC = {"resource": {"aws_sns_topic": {"t": {"name": "alerts"}}}}


def state_of(name: str) -> dict[str, Any]:
    return {"backend": "s3", "config": {"bucket": "states", "key": f"{name}.tfstate"}}


def deployed(folder: Path, reads: Mapping[str, list[str]], listed: Mapping[str, list[str]] | None = None) -> Deployment:
    """Stacks by name, with the stacks whose states they read; ``listed`` are the dependencies of a manifest."""
    stacks = {}
    for name, others in reads.items():
        content: dict[str, Any] = {
            **TOPIC,
            "terraform": {"backend": {"s3": {"bucket": "states", "key": f"{name}.tfstate"}}},
            "output": {"topic": {"value": "${aws_sns_topic.t.arn}"}},
        }
        if others:
            content["data"] = {"terraform_remote_state": {other: state_of(other) for other in others}}
            content["locals"] = {"heard": f"${{data.terraform_remote_state.{others[0]}.outputs.topic}}"}
            content["resource"] = {"aws_sns_topic": {"t": {"tags": {"over": "a ${local.heard}/${aws_sns_topic.t.id}"}}}}
        file = folder / name / "main.tf.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(content), encoding="utf-8")
        stacks[name] = {"synthesizedStackPath": f"{name}/main.tf.json", "dependencies": (listed or {}).get(name, [])}
    if listed is not None:
        folder.joinpath("manifest.json").write_text(json.dumps({"stacks": stacks}), encoding="utf-8")
    return read(folder)


@pytest.mark.parametrize(
    ("reads", "listed"),
    [
        ({"a": [], "b": ["a"], "c": ["b"]}, None),
        ({"a": [], "b": [], "c": []}, {"b": ["a"], "c": ["b"]}),
        ({"a": [], "b": ["a"], "c": []}, {"c": ["b"]}),
    ],
)
def test_a_stack_needs_what_the_manifest_lists_and_whose_state_it_reads(
    tmp_path: Path, reads: dict[str, list[str]], listed: dict[str, list[str]] | None
) -> None:
    assert deployed(tmp_path, reads, listed).requirements == {"a": frozenset(), "b": {"a"}, "c": {"a", "b"}}


def test_in_a_circle_a_stack_needs_itself(tmp_path: Path) -> None:
    assert deployed(tmp_path, {"a": ["b"], "b": ["a"]}).requirements == {"a": {"a", "b"}, "b": {"a", "b"}}


def test_what_a_resource_uses_is_found_across_stacks_with_what_is_asked_of_it(tmp_path: Path) -> None:
    deployment = deployed(tmp_path, {"a": [], "b": ["a"]})
    mine, theirs = (stack.resources["aws_sns_topic.t"] for stack in (deployment.stacks[1], deployment.stacks[0]))
    assert set(deployment.uses[mine.key]) == {theirs, mine}
    assert set(deployment.destinations(mine.stack, mine.get("tags"))) == {(theirs, "arn"), (mine, "id")}
    assert mine in theirs.users("aws_sns_topic")
