"""The app itself: synthesized for real, with settings of the test's own, and read back as what Terraform would get."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tap
from tests.unit.lab import Body, Synthesized
from tests.unit.surroundings import settings

ROOT = Path(tap.__file__).parent
_CROSS_STACK = re.compile(
    r"\$\{data\.terraform_remote_state\.cross-stack-reference-input-(\w+)\.outputs\.(cross-stack-output-[^}]+)\}"
)
STACKS = ("global", "primary", "secondary", "routing")


@dataclass(frozen=True)
class Resource:
    """A resource and where it is declared."""

    stack: str
    type: str
    path: str
    body: Body

    def __str__(self) -> str:
        return f"{self.type} {self.stack}/{self.path}"

    @property
    def address(self) -> str:
        """Type and unique id, as references begin."""
        return f"{self.type}.{self.body['//']['metadata']['uniqueId']}"


@dataclass(frozen=True)
class Deployment:
    """What a synth wrote."""

    folder: Path
    stacks: Mapping[str, Synthesized]

    def __getitem__(self, stack: str) -> Synthesized:
        return self.stacks[stack]

    @property
    def manifest(self) -> Body:
        """CDKTF's list of the stacks."""
        manifest: Body = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return manifest

    def resources(self, *types: str) -> list[Resource]:
        """All resources, or those of some types, over all stacks."""
        return [
            Resource(stack, type_, path, body)
            for stack, content in self.stacks.items()
            for type_, path, body in content.everything()
            if not types or type_ in types
        ]

    def region_of(self, resource: Resource) -> str:
        """The region in which a resource is made: that of the provider it names."""
        name, _, alias = resource.body["provider"].partition(".")
        assert name == "aws", resource
        (region,) = [
            provider["region"]
            for provider in self[resource.stack].content["provider"]["aws"]
            if provider.get("alias", "") == alias
        ]
        return str(region)

    def value(self, stack: str, expression: str) -> tuple[str, str]:
        """The stack that ``expression`` leads to, and what it says there."""
        if crossing := _CROSS_STACK.fullmatch(expression):
            stack, output = crossing.groups()
            expression = self[stack].content["output"][output]["value"]
        return stack, expression

    def target(self, stack: str, expression: str) -> Resource:
        """The resource that an expression ``${type.id.attribute}`` refers to, in this stack or across stacks."""
        stack, expression = self.value(stack, expression)
        (found,) = [
            resource
            for resource in self.resources()
            if resource.stack == stack and expression.startswith(f"${{{resource.address}.")
        ]
        return found

    def key_region(self, stack: str, reference: str) -> str:
        """The region of the platform's key that ``reference`` is the ARN of."""
        key = self.target(stack, reference)
        assert key.type in {"aws_kms_key", "aws_kms_replica_key"}
        assert reference.endswith(("arn}", ".arn}"))
        return self.region_of(key)

    def texts(self) -> dict[str, str]:
        """Every file of the output but the zip, by its name."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(self.folder.rglob("*.json"))
        }


def read(folder: Path) -> Deployment:
    """The deployment that was synthesized to ``folder``."""
    return Deployment(
        folder,
        {
            stack: Synthesized(json.loads((folder / "stacks" / stack / "cdk.tf.json").read_text(encoding="utf-8")))
            for stack in STACKS
        },
    )


def synthesize(folder: Path, **values: Any) -> Deployment:
    """All stacks with the default settings but for ``values``."""
    tap.synthesize(settings(folder, **values), folder)
    return read(folder)
