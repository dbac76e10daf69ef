"""Strange and malformed JSON: nothing that reads, judges, assesses or reports may stumble, whatever it finds.

A rule that raises would be a problem in the verdict, and so the gate closed; here it is a bug.
"""

from __future__ import annotations

import copy
import itertools
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import rules
from policies.assessment import assess
from policies.judgement import Judgement
from policies.model.deployment import Deployment
from policies.model.reading import read
from policies.reports import html, json_report, junit, sarif, table
from tests.unit.policies import strange
from tests.unit.policies.configurations import AWS, write

TODAY = date(2026, 11, 28)
PLAN = json.loads((Path(__file__).parent / "plans" / "plan.json").read_text(encoding="utf-8"))
REPORTS = itertools.cycle([html.render, json_report.render, junit.render, sarif.render, table.render])


def some(examples: int) -> settings:
    """A bounded number of examples, the same ones every time."""
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


def judged(files: Mapping[str, object], place: str = "") -> Judgement:
    """What is said of some files. Nobody may raise, and a report must be text that can be written: the next in turn."""
    with tempfile.TemporaryDirectory() as folder:
        judgement = assess(read(write(Path(folder), files) / place), rules.every(), (), TODAY)
        stumbled = [told for told in judgement.problems if " raised " in told or "could not be added" in told]
        assert not stumbled, "\n".join(stumbled)
        next(REPORTS)(judgement).encode()
    return judgement


@pytest.fixture(scope="module")
def stacks(ours: Deployment) -> dict[str, Any]:
    """The files of what we deploy, as JSON by name."""
    root = ours.folder
    return {
        file.relative_to(root).as_posix(): json.loads(file.read_text(encoding="utf-8"))
        for file in [root / "manifest.json", *(file for stack in ours.stacks for file in stack.files)]
    }


def attributes(stacks: Mapping[str, Any]) -> dict[str, list[str]]:
    """By resource type: the names of attributes that we or the rules' examples write."""
    found: dict[str, set[str]] = {type_: set() for rule in rules.every() for type_ in rule.judges.types}

    def note(resources: Any) -> None:
        for type_, bodies in resources.items():
            for body in bodies.values() if isinstance(bodies, dict) else ():
                found.setdefault(type_.rpartition(".")[2], set()).update(body if isinstance(body, dict) else ())

    for content in stacks.values():
        for mode in ("resource", "data", "ephemeral"):
            note(content.get(mode, {}))
    for rule in rules.every():
        for example in (*rule.passes, *rule.fails):
            note(example)
    return {type_: sorted(names) for type_, names in found.items() if type_ != "*"}


@some(10)
@given(seed=st.integers(0, 2**32), edits=st.sampled_from([10, 100, 1000]))
def test_what_we_deploy_with_anything_changed(stacks: dict[str, Any], seed: int, edits: int) -> None:
    random = Random(seed)  # noqa: S311  # nothing is kept secret with it
    spoiled = copy.deepcopy(stacks)
    for name, content in spoiled.items():
        strange.spoil(content, random, edits if name != "manifest.json" else random.randrange(2))
    judged(spoiled)


@some(10)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_resources_of_every_kind_with_any_json_in_them(stacks: dict[str, Any], seed: int, data: Any) -> None:
    random = Random(seed)  # noqa: S311
    known = attributes(stacks)
    extra = data.draw(st.dictionaries(strange.texts, strange.values, max_size=5))
    resources: dict[str, Any] = {
        type_: {
            name: {attribute: strange.pick(random) for attribute in names if random.randrange(3)}
            | {"provider": provider}
            for name, provider in (("a", "aws"), ("b", "aws.west"), ("${c}", strange.pick(random)))
        }
        for type_, names in known.items()
    }
    modes = dict.fromkeys(("resource", "data", "ephemeral"), resources)
    content = {
        "provider": AWS,
        **modes,
        "output": {"o": extra},
        "locals": extra,
        "terraform": {"backend": {"s3": extra}},
    }
    judged({"main.tf.json": content})


@some(20)
@given(content=strange.values)
def test_any_json_as_a_block_of_every_kind(content: Any) -> None:
    kinds = ("resource", "data", "provider", "variable", "output", "locals", "module", "terraform", "removed", "check")
    judged({"main.tf.json": dict.fromkeys(kinds, content)})
    judged({"main.tf.json": {kind: {"aws": content, "aws_sns_topic": {"a": content}} for kind in kinds}})


@some(20)
@given(content=st.one_of(strange.values, strange.texts, st.binary().map(lambda b: b.decode("latin-1"))))
def test_any_content_as_any_file(content: Any) -> None:
    for name in (
        "main.tf.json",
        "manifest.json",
        "override.tf.json",
        "terraform.tfvars.json",
        "sources.json",
        "plan.json",
    ):
        judged({"a.tf.json": {"resource": {"aws_sns_topic": {"a": {}}}}, name: content})


@some(20)
@given(seed=st.integers(0, 2**32), edits=st.sampled_from([10, 100, 500]))
def test_a_plan_with_anything_changed(seed: int, edits: int) -> None:
    spoiled = copy.deepcopy(PLAN)
    strange.spoil(spoiled, Random(seed), edits)  # noqa: S311
    judged({"plan.json": spoiled}, place="plan.json")


def levels(depth: int) -> Iterator[Any]:
    """Deep values that are still read."""
    for wrap in (lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: [{"statement": inner}]):
        value: Any = "${aws_sns_topic.a.arn}"
        for _ in range(depth):
            value = wrap(value)
        yield value


def test_values_as_deep_as_can_be_read(stacks: dict[str, Any]) -> None:
    for value in levels(28):
        resources = {t: {"a": dict.fromkeys(names, value)} for t, names in attributes(stacks).items()}
        judgement = judged({"main.tf.json": {"provider": AWS, "resource": resources}})
        assert not judgement.problems


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, '{"Statement": ' * 2000, '{"Statement": ' + "[" * 500 + "]" * 500 + "}", "${jsonencode(" * 99],
    ids=["brackets", "statements", "lists", "functions"],
)
def test_policies_as_deep_as_text_can_be(stacks: dict[str, Any], text: str) -> None:
    policies = {t: names for t, names in attributes(stacks).items() if {"policy", "definition", "name"} & set(names)}
    resources = {type_: {"a": dict.fromkeys(names, text)} for type_, names in policies.items()}
    judged({"main.tf.json": {"provider": AWS, "resource": resources}})
