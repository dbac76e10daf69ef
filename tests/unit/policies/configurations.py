"""Small Terraform configurations of a test's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.model.deployment import Deployment, Resource
from policies.model.reading import read

AWS = {"aws": [{"region": "us-east-1"}, {"alias": "west", "region": "us-west-2"}]}


def write(folder: Path, files: Mapping[str, object]) -> Path:
    """Files by name, JSON unless it is text already."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def manifest(*stacks: str) -> dict[str, Any]:
    """CDKTF's list of stacks."""
    entries = {name: {"name": name, "synthesizedStackPath": f"stacks/{name}/cdk.tf.json"} for name in stacks}
    return {"version": "0.21.0", "stacks": entries}


def stack(**resources: Mapping[str, object]) -> dict[str, object]:
    """A stack of resources by type and name; one topic if there are none."""
    return {"provider": AWS, "resource": resources or {"aws_sns_topic": {"alerts": {"name": "alerts"}}}}


def sole(deployment: Deployment, type_: str) -> Resource:
    """The one resource of a type."""
    (resource,) = deployment.resources(type_)
    return resource


def read_one(folder: Path, content: Mapping[str, object]) -> Deployment:
    """The deployment of one file, which must be readable."""
    deployment = read(write(folder, {"main.tf.json": content}))
    assert deployment.problems == ()
    return deployment
