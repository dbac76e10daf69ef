"""A deployment is destroyed from what it was applied from, whatever the code has become since."""

from __future__ import annotations

import json
from pathlib import Path

from deployment import session
from deployment.synthesis import Stack


def stack(folder: Path, name: str, marker: str, *dependencies: str) -> Stack:
    place = folder / "stacks" / name
    place.mkdir(parents=True, exist_ok=True)
    file = place / "cdk.tf.json"
    file.write_text(json.dumps({"output": {marker: {"value": "1"}}}))
    return Stack(name, place, file, dependencies)


def test_each_stack_is_kept_as_of_its_own_last_apply(tmp_path: Path) -> None:
    home, synth = tmp_path / "home", tmp_path / "synth"
    for marker, names in (("old", ["global", "primary"]), ("new", ["global"])):
        for name in names:
            dependencies = () if name == "global" else ("global",)
            session.keep_applied(home, stack(synth, name, marker, *dependencies))
    kept = session.applied(home, ["global", "primary"])
    assert kept
    assert [(one.name, one.dependencies, list(one.content["output"])) for one in kept] == [
        ("global", (), ["new"]),
        ("primary", ("global",), ["old"]),
    ]


def test_what_another_checkout_has_applied_is_not_known(tmp_path: Path) -> None:
    assert session.applied(tmp_path, ["global"]) is None
    session.keep_applied(tmp_path, stack(tmp_path / "synth", "global", "x"))
    assert session.applied(tmp_path, ["global", "primary"]) is None
