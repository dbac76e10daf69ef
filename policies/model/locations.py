"""Where in a JSON file a value stands, found only when somebody has to be told."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from policies.model.deployment import Resource

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)

Lines = tuple[int, int]
Key = str | tuple[str, object]
"""A member's name; or an attribute and its value, which choose one of several objects."""


def lines(file: Path, keys: Sequence[Key]) -> Lines | None:
    """First and last line (from 1) of the value that ``keys`` lead to, with its own key's line; None if not there."""
    return Places().lines(file, keys)


class Places:
    """Looks places up in files that are read once."""

    def __init__(self) -> None:
        self._texts: dict[Path, str] = {}

    def of(self, resource: Resource) -> tuple[Path | None, Lines | None]:
        """The file that a resource is declared in, and its lines.

        No lines for what is no block of a file, and none for a plan: Terraform writes that on one line.
        """
        stack = resource.stack
        first = next(iter(stack.files), None)
        keys = [] if stack.planned else _keys(resource)
        for file in stack.files if keys else ():
            found = self.lines(file, keys)
            if found is not None:
                return file, found
        return first, None

    def lines(self, file: Path, keys: Sequence[Key]) -> Lines | None:
        """As the function ``lines``."""
        try:
            text = self._text(file)
            span = _span(text, keys)
        except (OSError, ValueError, RecursionError):
            return None
        if span is None:
            return None
        start, end = span
        return text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1

    def _text(self, file: Path) -> str:
        if file not in self._texts:
            self._texts[file] = file.read_text(encoding="utf-8")
        return self._texts[file]


def _keys(resource: Resource) -> list[Key]:
    """What leads to a resource in its file."""
    if resource.mode == "provider":
        alias = resource.text("alias")
        return ["provider", resource.type, *([("alias", alias)] if alias else [])]
    if resource.mode == "backend":
        return ["terraform", *([] if resource.type == "cloud" else ["backend"]), resource.type]
    return [] if resource.mode == "stack" else [resource.mode, resource.type, resource.name]


def _span(text: str, keys: Sequence[Key]) -> tuple[int, int] | None:
    position = _skip(text, 0)
    start = position
    for key in keys:
        found = _member(text, position, key) if isinstance(key, str) else _chosen(text, position, *key)
        if found is None:
            return None
        start, position = found
    _, end = _DECODER.raw_decode(text, position)
    return start, end


def _member(text: str, position: int, key: str) -> tuple[int, int] | None:
    """Where a key of the object at ``position`` begins, and where its value does. An array of objects is searched."""
    if text[position : position + 1] == "[":
        return next(
            (found for element in _elements(text, position) if (found := _member(text, element, key)) is not None), None
        )
    if text[position : position + 1] != "{":
        return None
    start: int | None = _skip(text, position + 1)
    while start is not None and text[start : start + 1] == '"':
        name, position = _DECODER.raw_decode(text, start)
        position = _skip(text, _skip(text, position) + 1)
        if name == key:
            return start, position
        start = _next(text, position)
    return None


def _chosen(text: str, position: int, attribute: str, value: object) -> tuple[int, int] | None:
    """The object with that value, of an array or alone."""
    for element in _elements(text, position) if text[position : position + 1] == "[" else [position]:
        found, _ = _DECODER.raw_decode(text, element)
        if isinstance(found, Mapping) and found.get(attribute) == value:
            return element, element
    return None


def _elements(text: str, position: int) -> list[int]:
    """Where the elements of the array at ``position`` begin."""
    found = []
    element: int | None = _skip(text, position + 1)
    while element is not None and text[element : element + 1] != "]":
        found.append(element)
        element = _next(text, element)
    return found


def _next(text: str, position: int) -> int | None:
    """Where the next member or element begins after the value at ``position``; None after the last one."""
    _, position = _DECODER.raw_decode(text, position)
    position = _skip(text, position)
    return _skip(text, position + 1) if text[position : position + 1] == "," else None


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
