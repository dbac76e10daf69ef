"""Turns a rule's examples into synth outputs, so that they go through parser and runner like everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from policies.rule import Example

STACK: Final = "example"
_PROVIDERS: Final = [
    {
        "alias": alias,
        "region": region,
        "default_tags": [{"tags": {"Environment": "dev", "Project": "tap", "RegionRole": role}}],
    }
    for alias, region, role in (("use1", "us-east-1", "primary"), ("usw2", "us-west-2", "secondary"))
]
_BACKEND: Final = {"s3": {"bucket": "tap-state-usw2-000000000000", "key": "dev/example.tfstate", "region": "us-west-2"}}
_TOP_LEVEL: Final = frozenset({"output", "locals", "variable", "provider", "removed"})


def content(example: Example) -> dict[str, Any]:
    """The example as a stack's Terraform JSON. ``"provider": None`` in a body leaves the provider out."""
    stack: dict[str, Any] = {"provider": {"aws": _PROVIDERS}, "terraform": {"backend": _BACKEND}}
    for type_, bodies in example.items():
        mode, _, rest = type_.partition(".")
        if type_ == "backend":
            stack["terraform"] = {"backend": bodies}
        elif type_ in _TOP_LEVEL:
            stack[type_] = bodies
        elif rest:
            stack.setdefault(mode, {})[rest] = _placed(bodies)
        else:
            stack.setdefault("resource", {})[type_] = _placed(bodies)
    return stack


def write(example: Example, folder: Path) -> Path:
    """The example as a synth output in ``folder``, and the folder."""
    file = folder / "stacks" / STACK / "cdk.tf.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(content(example), indent=2, sort_keys=True), encoding="utf-8")
    manifest = {
        "name": STACK,
        "synthesizedStackPath": file.relative_to(folder).as_posix(),
        "workingDirectory": file.parent.relative_to(folder).as_posix(),
        "dependencies": [],
    }
    folder.joinpath("manifest.json").write_text(json.dumps({"stacks": {STACK: manifest}}), encoding="utf-8")
    return folder


def _placed(bodies: Mapping[str, Any]) -> dict[str, Any]:
    placed = {name: {"provider": "aws.use1", **body} for name, body in bodies.items()}
    return {name: {k: v for k, v in body.items() if v is not None} for name, body in placed.items()}
