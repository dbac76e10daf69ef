"""Every resource can be led back to the Python line that made it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsii._runtime
import pytest

from lib import sources
from tests.unit.app import ROOT, Deployment


def recorded(deployment: Deployment) -> dict[str, str]:
    places: dict[str, str] = json.loads((deployment.folder / sources.FILE).read_text(encoding="utf-8"))
    return places


def test_every_resource_has_a_line_that_makes_something_of_its_kind(deployment: Deployment) -> None:
    places = recorded(deployment)
    for resource in deployment.resources():
        file, _, line = places[f"{resource.stack}/{resource.path}"].rpartition(":")
        made = ROOT.joinpath(file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        named = resource.type.removeprefix("aws_").replace("_", "")
        # CDKTF appends an A where a name would end like one of its own.
        assert re.search(rf"{named}a?\(", made.lower()), f"{resource}: {file}:{line} says {made.strip()}"


def test_every_stack_and_its_backend_has_a_line_too(deployment: Deployment) -> None:
    places = recorded(deployment)
    for stack in deployment.stacks:
        assert places[stack].startswith("tap.py:")
        assert places[f"{stack}/backend"].startswith("lib/stacks/base.py:")


def test_places_are_relative_and_outside_of_installed_packages(deployment: Deployment) -> None:
    for place in recorded(deployment).values():
        assert place.startswith(("lib/", "tap.py:"))


@pytest.mark.parametrize(
    ("file", "told"), [("/x/app/stack.py", "stack.py:1"), ("/x/app2/stack.py", None), ("/y/stack.py", None)]
)
def test_a_folder_whose_name_only_begins_like_the_checkouts_is_another(file: str, told: str | None) -> None:
    found: list[str | None] = []
    exec(  # noqa: S102  # code that says it is in that file
        compile("make()", file, "exec"), {"make": lambda: found.append(sources._caller("/x/app/"))}
    )
    assert found == [told]


def test_recording_leaves_no_trace(tmp_path: Path) -> None:
    make = jsii._runtime.JSIIMeta.__call__
    with sources.recorded(tmp_path):
        assert jsii._runtime.JSIIMeta.__call__ is not make
    assert jsii._runtime.JSIIMeta.__call__ is make
