"""Runs the app and reads what it wrote: the manifest, each stack's file, and the construct behind an address."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts
from deployment.places import ROOT


@dataclass(frozen=True)
class Stack:
    """One synthesized stack."""

    name: str
    folder: Path
    file: Path
    dependencies: tuple[str, ...]

    @cached_property
    def content(self) -> dict[str, Any]:
        """The stack's Terraform, as written."""
        return dict(json.loads(self.file.read_text(encoding="utf-8")))

    @property
    def backend(self) -> dict[str, Any]:
        """The S3 backend's settings."""
        return dict(self.content["terraform"]["backend"]["s3"])

    def resources(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Type, name and body of every managed resource."""
        return [
            (kind, name, body)
            for kind, group in self.content.get("resource", {}).items()
            for name, body in group.items()
        ]

    def construct_path(self, address: str) -> str | None:
        """The construct that made the resource at a Terraform address, or None."""
        kind, _, name = address.partition("[")[0].rpartition("module.")[2].partition(".")
        body = self.content.get("resource", {}).get(kind, {}).get(name, {})
        path = body.get("//", {}).get("metadata", {}).get("path")
        return str(path) if path else None


def run(folder: Path, environment: Mapping[str, str], interrupts: Interrupts) -> None:
    """Synthesize all stacks into ``folder``.

    Raises:
        DeploymentError: the app refused the settings or failed; its own message went to the terminal.
    """
    command = [sys.executable, str(ROOT / "tap.py")]
    child = interrupts.start(command, cwd=ROOT, env={**environment, "TAP_OUTDIR": str(folder)})
    code = interrupts.wait(child)
    if code:
        raise DeploymentError(
            "The synth stopped with the message above; nothing was applied.", code=2 if code == 2 else 1
        )


def read(folder: Path) -> list[Stack]:
    """The stacks of a synth output, in an order that respects their dependencies.

    Raises:
        DeploymentError: there is no manifest, or it does not fit the files.
    """
    manifest = folder / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))["stacks"]
        stacks = {
            name: Stack(
                name=name,
                folder=folder / entry["workingDirectory"],
                file=folder / entry["synthesizedStackPath"],
                dependencies=tuple(entry["dependencies"]),
            )
            for name, entry in entries.items()
        }
    except FileNotFoundError:
        raise DeploymentError(f"{folder} holds no manifest.json: it is not a synth output. Run `make synth`.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeploymentError(f"{manifest} is damaged ({error}). Run `make synth`.") from None
    return _ordered(stacks)


def _ordered(stacks: dict[str, Stack]) -> list[Stack]:
    ordered: list[Stack] = []
    waiting = dict(stacks)
    while waiting:
        ready = [s for s in waiting.values() if not any(name in waiting for name in s.dependencies)]
        if not ready or any(name not in stacks for s in ready for name in s.dependencies):
            raise DeploymentError(f"the stacks {', '.join(waiting)} depend on each other, or on one that is not there")
        ordered.append(ready[0])
        del waiting[ready[0].name]
    return ordered
