"""The runbooks fit what is deployed: commands exist and name what is there, every end of a failover is explained."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from lib.constructs.failover_states import MODES
from tests.unit.app import Deployment

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
DOCUMENTS = sorted(RUNBOOKS.glob("*.md"))
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
OF_THE_CLI = {"region", "query", "cli-binary-format", "output"}
REGION_OF = {"use1": "us-east-1", "usw2": "us-west-2"}


def commands() -> Iterator[Any]:
    for document in DOCUMENTS:
        for block in _CONSOLE.findall(document.read_text(encoding="utf-8")):
            for command in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE):
                if command.startswith("aws "):
                    words = shlex.split(command)
                    yield pytest.param(words, id=f"{document.stem}: {' '.join(words[1:3])}")


def options(words: list[str]) -> dict[str, str]:
    """A command's options; a flag has no value."""
    found: dict[str, str] = {}
    for number, word in enumerate(words):
        if word.startswith("--"):
            value = words[number + 1] if number + 1 < len(words) else ""
            found[word[2:]] = "" if value.startswith("--") else value
    return found


every_command = pytest.mark.parametrize("words", list(commands()))


def test_there_are_commands_to_judge() -> None:
    assert len(list(commands())) > 5


@every_command
def test_a_command_exists_and_takes_its_options(words: list[str]) -> None:
    model = botocore.session.get_session().get_service_model(words[1])
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert words[2] in operations
    shape = model.operation_model(operations[words[2]]).input_shape
    assert shape is not None
    known = {xform_name(name, "-") for name in shape.members}
    used = {name.removeprefix("no-") for name in options(words)} - OF_THE_CLI
    assert used <= known
    assert {xform_name(name, "-") for name in shape.required_members} <= used


@every_command
def test_what_a_command_names_is_deployed_in_the_region_that_it_calls(deployment: Deployment, words: list[str]) -> None:
    given, text = options(words), " ".join(words)
    named = set(re.findall(r"\btap-[a-z-]+-(?:use1|usw2|global)-<suffix>", text))
    there = (deployment.folder / "stacks").rglob("cdk.tf.json")
    deployed = "".join(path.read_text(encoding="utf-8") for path in there)
    for name in named:
        assert name.replace("<suffix>", "dev") in deployed
        suffix = name.split("-")[-2]
        assert REGION_OF.get(suffix, given["region"]) == given["region"]


@every_command
def test_what_a_command_starts_takes_its_input(words: list[str]) -> None:
    given = options(words)
    if words[1:3] == ["stepfunctions", "start-execution"]:
        content = json.loads(given["input"])
        assert content["mode"] in MODES
        assert content["reason"].strip()
    for name in ("key", "expression-attribute-names", "expression-attribute-values"):
        if name in given:
            assert json.loads(given[name])


@pytest.mark.parametrize("stack", ["primary", "secondary"])
def test_every_end_of_a_failover_is_explained_and_no_other(deployment: Deployment, stack: str) -> None:
    (machine,) = deployment[stack].all("aws_sfn_state_machine").values()
    states = json.loads(machine["definition"])["States"]
    ends = {name for name, state in states.items() if state["Type"] == "Fail"}
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    cells = " ".join(re.findall(r"^\| (`[^|]*)\|", text, re.MULTILINE))
    explained = set(re.findall(r"`(\w+)`", cells)) | set(re.findall(r"ends in `(\w+)`", text))
    assert ends - explained == set(), "a failover can end there, and no runbook says what to do"
    unknown = {
        name for name in explained if name.endswith(("Failed", "Broken", "Healthy", "Down", "Refused", "Fenced"))
    }
    assert unknown - ends == set(), "no failover ends there"
