"""The runbooks fit what is deployed: commands exist and name what is there, every end of a failover is explained.

What the embedded AWS can run is run: tests/unit/functions/test_runbook_commands.py.
"""

from __future__ import annotations

import json
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from botocore import xform_name

from lib.constructs.failover_states import MODES
from tests.unit.app import Deployment
from tests.unit.runbooks import DOCUMENTS, RUNBOOKS, Command, block, commands, of_the_cli

ROOT = Path(__file__).parents[2]
REGION_OF = {"use1": "us-east-1", "usw2": "us-west-2"}
OF_A_LOST_REGION = ("failover", "switchover", "region-restored")
PERMISSIONS = {"stepfunctions": "states", "lambda:Invoke": "lambda:InvokeFunction"}

every_command = pytest.mark.parametrize("command", of_the_cli(), ids=str)


def names(text: str) -> set[str]:
    """The names of deployed things in a text, with the suffix ``<suffix>``."""
    account = text.replace("<account>", "000000000000")
    return set(re.findall(r"\btap-[a-z0-9-]+-(?:use1|usw2|global)-<suffix>", account))


def deployed(deployment: Deployment) -> str:
    """All that is synthesized."""
    there = (deployment.folder / "stacks").rglob("cdk.tf.json")
    return "".join(path.read_text(encoding="utf-8") for path in there)


def test_there_are_commands_to_judge() -> None:
    assert len(of_the_cli()) > 40
    assert {command.aws_only for command in of_the_cli()} == {True, False}


def test_a_command_is_one_that_these_tests_know() -> None:
    known = {"aws", "curl", "make", "psql"}
    for command in commands():
        program = next(word for word in command.words if not re.match(r"[A-Z_]+=", word))
        assert program in known
        assert program != "psql" or command.aws_only, "no test runs it, so the page must say so"


@every_command
def test_what_a_person_has_to_fill_in_stays_one_word(command: Command) -> None:
    assert [word for word in command.words if word.startswith("<") and not re.match(r"<[^<>]+>", word)] == []


@every_command
def test_a_command_exists_and_takes_its_options(command: Command) -> None:
    assert command.operation is not None
    shape = command.operation.input_shape
    members, required = (shape.members, shape.required_members) if shape else ({}, [])
    known = {xform_name(name, "-") for name in members}
    used = {name if name in known else name.removeprefix("no-") for name in command.api_options}
    assert used <= known
    assert {xform_name(name, "-") for name in required} <= used


@every_command
def test_what_a_command_names_is_deployed_in_the_region_that_it_calls(deployment: Deployment, command: Command) -> None:
    there, region = deployed(deployment), command.options["region"]
    for name in names(command.text):
        assert name.replace("<suffix>", "dev") in there
        suffix = name.split("-")[-2]
        assert REGION_OF.get(suffix, region) == region


@every_command
def test_what_a_command_starts_takes_its_input(command: Command) -> None:
    given = command.options
    if command.words[1:3] == ("stepfunctions", "start-execution"):
        content = json.loads(given["input"])
        assert content["mode"] in MODES
        assert content["reason"].strip()
    for name in ("key", "expression-attribute-names", "expression-attribute-values", "metadata", "restore-request"):
        if name in given and given[name].startswith("{"):
            assert json.loads(given[name])


@pytest.mark.parametrize(
    "command", [c for c in commands() if "make" in c.words], ids=lambda c: f"{c.document}: {c.text}"
)
def test_a_call_of_make_is_one_that_make_understands(command: Command) -> None:
    words = command.words[command.words.index("make") :]
    asked = subprocess.run(
        [*words, "--dry-run", "PYTHON=python3"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert ("--stage" in asked.stdout) == ("STAGE=standby" in words)


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


@pytest.fixture(scope="module")
def break_glass() -> list[dict[str, list[str]]]:
    """The statements of the policy for the night."""
    statements = json.loads(block("break-glass", "json"))["Statement"]
    return [
        {part: [given] if isinstance(given := each[part], str) else given for part in ("Action", "Resource")}
        for each in statements
    ]


@pytest.mark.parametrize("command", of_the_cli(*(RUNBOOKS / f"{name}.md" for name in OF_A_LOST_REGION)), ids=str)
def test_break_glass_access_may_do_what_a_lost_region_asks_for(
    break_glass: list[dict[str, list[str]]], command: Command
) -> None:
    assert command.operation is not None
    action = f"{PERMISSIONS.get(command.service, command.service)}:{command.operation.name}"
    on = [
        resource
        for statement in break_glass
        if PERMISSIONS.get(action, action) in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert on, f"the policy has no {action}"
    for name in names(command.text):
        assert any(fnmatch(name, resource) or name in resource for resource in on), f"{action} is not allowed on {name}"


def test_break_glass_access_is_to_what_is_deployed(deployment: Deployment) -> None:
    there = deployed(deployment)
    named = names(block("break-glass", "json"))
    assert named
    assert [name for name in named if name.replace("<suffix>", "dev") not in there] == []
