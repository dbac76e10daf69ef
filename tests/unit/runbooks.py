"""The commands of the runbooks, as their readers find them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
DOCUMENTS = sorted(RUNBOOKS.glob("*.md"))
OF_THE_CLI = {"region", "query", "cli-binary-format", "output"}
"""Options of the AWS CLI itself."""

_BLOCK = re.compile(r"^ *```console( aws-only)?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_SERVICES = {"s3api": "s3"}


@dataclass(frozen=True)
class Command:
    """One command that somebody types at three in the morning."""

    document: str
    words: tuple[str, ...]
    aws_only: bool
    """Whether the page says that only AWS can show it."""

    def __str__(self) -> str:
        return f"{self.document}: {' '.join(self.words[1:3])}"

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " ".join(self.words)

    @property
    def service(self) -> str:
        """The service of an ``aws`` command, as botocore calls it."""
        return _SERVICES.get(self.words[1], self.words[1])

    @cached_property
    def options(self) -> dict[str, str]:
        """A command's options; a flag has no value."""
        found: dict[str, str] = {}
        for number, word in enumerate(self.words):
            if word.startswith("--"):
                value = self.words[number + 1] if number + 1 < len(self.words) else ""
                found[word[2:]] = "" if value.startswith("--") else value
        return found

    @property
    def api_options(self) -> dict[str, str]:
        """Those that are of the API, without the CLI's own."""
        return {name: value for name, value in self.options.items() if name not in OF_THE_CLI}

    @cached_property
    def operation(self) -> OperationModel | None:
        """What an ``aws`` command calls; None if there is no such operation."""
        session = botocore.session.get_session()
        model = session.get_service_model(self.service)
        by_command = {xform_name(name, "-"): name for name in model.operation_names}
        if self.words[2] == "wait":
            waiters = session.get_waiter_model(self.service)
            waited = {xform_name(name, "-"): waiters.get_waiter(name).operation for name in waiters.waiter_names}
            name = waited.get(self.words[3])
        else:
            name = by_command.get(self.words[2])
        found: OperationModel | None = model.operation_model(name) if name else None
        return found

    def with_values(self, values: dict[str, str]) -> Command:
        """The command with ``<name>`` replaced by its value."""
        filled = list(self.words)
        for name, value in values.items():
            filled = [word.replace(f"<{name}>", value) for word in filled]
        return Command(self.document, tuple(filled), self.aws_only)


def commands(*documents: Path) -> Iterator[Command]:
    """Every command of the documents (of all runbooks by default), in order."""
    for document in documents or DOCUMENTS:
        for only, block in _BLOCK.findall(document.read_text(encoding="utf-8")):
            for command in re.split(r"^ *\$ ", block.replace("\\\n", " "), flags=re.MULTILINE):
                if command.strip():
                    yield Command(document.stem, tuple(shlex.split(command)), bool(only))


def of_the_cli(*documents: Path) -> list[Command]:
    """Those of the AWS CLI."""
    return [command for command in commands(*documents) if command.words[0] == "aws"]


def block(document: str, language: str) -> str:
    """The one block of a runbook that is in a language."""
    text = (RUNBOOKS / f"{document}.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return str(found)


def arguments(command: Command) -> dict[str, Any]:
    """What the AWS CLI makes of a command's options for the API."""
    assert command.operation is not None
    shape = command.operation.input_shape
    members = {} if shape is None else {xform_name(name, "-"): (name, each) for name, each in shape.members.items()}
    given: dict[str, Any] = {}
    for option, text in command.api_options.items():
        if option.startswith("no-") and option not in members:
            given[members[option[3:]][0]] = False
            continue
        name, member = members[option]
        given[name] = _value(member.type_name, text)
    return given


def _value(kind: str, text: str) -> Any:
    if kind == "boolean":
        return True
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("structure", "map"):
        return json.loads(text)
    if kind == "list":
        return json.loads(text) if text.startswith("[") else [text]
    return text
