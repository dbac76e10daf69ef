"""Writes an app's stacks, and refuses a resource in a region that nobody named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cdktf import App


class PlacementError(ValueError):
    """A resource names no provider of its own stack; the message gives its construct path."""


def synth(app: App) -> None:
    """Write the stacks to the app's ``outdir``, or raise PlacementError and write none.

    CDKTF and ``terraform validate`` accept such a resource, and Terraform puts it in whatever region the environment
    names. What was written is judged, because asking Node about each construct would cost a sixth of the synth.
    """
    app.synth()
    stacks = Path(app.outdir) / "stacks"
    misplaced = [
        fault
        for file in sorted(stacks.glob("*/cdk.tf.json"))
        for fault in _misplaced(json.loads(file.read_text(encoding="utf-8")))
    ]
    if misplaced:
        shutil.rmtree(stacks)
        raise PlacementError("\n".join(misplaced))


def _misplaced(stack: dict[str, Any]) -> Iterator[str]:
    aliases = [provider.get("alias") for provider in stack.get("provider", {}).get("aws", [])]
    own = {f"aws.{alias}" if alias else "aws" for alias in aliases}
    for kind in ("resource", "data"):
        for type_, bodies in stack.get(kind, {}).items():
            for name, body in bodies.items() if type_.startswith("aws_") else ():
                path = body.get("//", {}).get("metadata", {}).get("path", f"{type_}.{name}")
                if "provider" not in body:
                    yield f"{path}: names no provider; pass provider=<context>.provider"
                elif body["provider"] not in own:
                    yield f"{path}: names a provider of another stack; use this stack's own context"
