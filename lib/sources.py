"""Which Python line made which construct, so that a finding about Terraform can name the line to change.

CDKTF records no stack traces in Python. Every jsii object is made through one metaclass, so that is where to look.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import jsii._runtime  # private, and pinned exactly for the fast loader's sake already
from cdktf import TerraformBackend, TerraformStack

FILE: Final = "sources.json"
_INSTALLED: Final = "site-packages"


@dataclass
class Sources:
    """The constructs made while recording, with the place of the call that made each."""

    root: Path
    _made: list[tuple[Any, Any, str, str]] = field(default_factory=list)

    def note(self, construct: Any, arguments: tuple[Any, ...], place: str | None) -> None:
        """Remember a construct if it was made as ``Construct(scope, id, …)`` by a file below ``root``.

        Stacks and backends know their ids themselves.
        """
        if place and len(arguments) > 1 and isinstance(arguments[1], str):
            self._made.append((construct, arguments[0], arguments[1], place))
        elif place and arguments and isinstance(construct, (TerraformStack, TerraformBackend)):
            self._made.append((construct, None, "", place))

    def by_path(self) -> dict[str, str]:
        """``file:line`` by construct path; the file is relative to ``root``, so that every checkout says the same."""
        known = {id(construct): (scope, id_) for construct, scope, id_, _ in self._made}
        paths: dict[int, str] = {}

        def path(construct: Any) -> str:
            key = id(construct)
            if key not in paths:
                scope, id_ = known.get(key, (None, ""))
                paths[key] = construct.node.path if scope is None else f"{path(scope)}/{id_}".lstrip("/")
            return paths[key]

        return {path(construct): place for construct, _, _, place in self._made}

    def write(self, folder: Path) -> None:
        """Write them beside the stacks."""
        text = json.dumps(self.by_path(), indent=1, sort_keys=True)
        (folder / FILE).write_text(f"{text}\n", encoding="utf-8")


@contextmanager
def recorded(root: Path) -> Iterator[Sources]:
    """Record what is made inside, by code below ``root``."""
    sources = Sources(root)
    meta = jsii._runtime.JSIIMeta  # noqa: SLF001  # see the import
    make = meta.__call__

    def call(cls: Any, *args: Any, **kwargs: Any) -> Any:
        place = _caller(f"{root}{os.sep}")
        construct = make(cls, *args, **kwargs)
        sources.note(construct, args, place)
        return construct

    meta.__call__ = call  # type: ignore[method-assign]
    try:
        yield sources
    finally:
        meta.__call__ = make  # type: ignore[method-assign]


def _caller(root: str) -> str | None:
    """The innermost line below ``root`` (with its last separator) that makes something now, None if there is none."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  # inspect.stack() reads source files on every call
    while frame is not None:
        file = frame.f_code.co_filename
        if _INSTALLED not in file:
            return f"{file.removeprefix(root)}:{frame.f_lineno}" if file.startswith(root) else None
        frame = frame.f_back
    return None
