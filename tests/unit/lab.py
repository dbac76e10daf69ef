"""A stack to try constructs in: synthesized for real, read back as the JSON that Terraform would get."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdktf import App

from lib.settings import Settings
from lib.stacks import placement
from lib.stacks.base import TapStack
from tests.unit.surroundings import settings as only

Body = dict[str, Any]


class Lab(TapStack):
    """A stack with providers for both regions."""

    def __init__(self, app: App, settings: Settings) -> None:
        super().__init__(app, "lab", settings=settings, regions=[role.region for role in settings.roles])
        primary, standby = settings.roles
        self.primary = self.at(primary.region)
        self.standby = self.at(standby.region)


@dataclass(frozen=True)
class Synthesized:
    """One stack's Terraform JSON."""

    content: Body

    def all(self, type_: str) -> dict[str, Body]:
        """The resources of a type by their construct path without the stack's name."""
        resources = self.content.get("resource", {}).get(type_, {})
        return {body["//"]["metadata"]["path"].partition("/")[2]: body for body in resources.values()}

    def one(self, type_: str) -> Body:
        """The only resource of a type."""
        (body,) = self.all(type_).values()
        return body

    def everything(self) -> Iterator[tuple[str, str, Body]]:
        """Type, path and body of every resource."""
        for type_ in self.content["resource"]:
            for path, body in self.all(type_).items():
                yield type_, path, body


def reference(type_: str, body: Body, attribute: str = "id") -> str:
    """How another resource refers to this one."""
    return f"${{{type_}.{body['//']['metadata']['uniqueId']}.{attribute}}}"


def synthesize(outdir: Path, build: Callable[[Lab], object], **settings: Any) -> Synthesized:
    """What ``build`` puts into the lab, after a real synth."""
    app = App(outdir=str(outdir))
    build(Lab(app, only(outdir, **settings)))
    placement.synth(app)
    return Synthesized(json.loads((outdir / "stacks" / "lab" / "cdk.tf.json").read_text()))
