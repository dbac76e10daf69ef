"""Where in a JSON file a value stands, found only when somebody has to be told."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from policies.model.deployment import Resource

_BREAK = re.compile(r"\n")
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)

MODES: Final = frozenset({"resource", "data", "ephemeral"})

Lines = tuple[int, int]
Span = tuple[int, int]
Key = str | tuple[str, object]
"""A member's name; or an attribute and its value, which choose one of several objects."""


def lines(file: Path, keys: Sequence[Key]) -> Lines | None:
    """First and last line (from 1) of the value that ``keys`` lead to, with its own key's line; None if not there."""
    return Places().lines(file, keys)


class Places:
    """Looks places up in files that are read once."""

    def __init__(self) -> None:
        self._texts: dict[Path, str] = {}
        self._breaks: dict[Path, list[int]] = {}
        self._resources: dict[Path, dict[tuple[str, ...], Span]] = {}

    def of(self, resource: Resource) -> tuple[Path | None, Lines | None]:
        """The file that a resource is declared in, and its lines.

        No lines for what is no block of a file, and none for a plan: Terraform writes that on one line.
        """
        stack = resource.stack
        first = next(iter(stack.files), None)
        if stack.planned or resource.mode == "stack":
            return first, None
        for file in stack.files:
            found = self._lines_of(file, resource)
            if found is not None:
                return file, found
        return first, None

    def _lines_of(self, file: Path, resource: Resource) -> Lines | None:
        if resource.mode not in MODES:
            return self.lines(file, _keys(resource))
        try:
            if file not in self._resources:
                self._resources[file] = _resources(self._text(file))
            span = self._resources[file].get((resource.mode, resource.type, resource.name))
        except (OSError, ValueError, RecursionError):
            return None
        return self._counted(file, span)

    def lines(self, file: Path, keys: Sequence[Key]) -> Lines | None:
        """As the function ``lines``."""
        try:
            return self._counted(file, _span(self._text(file), keys))
        except (OSError, ValueError, RecursionError):
            return None

    def _counted(self, file: Path, span: Span | None) -> Lines | None:
        if span is None:
            return None
        if file not in self._breaks:
            self._breaks[file] = [found.start() for found in _BREAK.finditer(self._text(file))]
        first, last = (bisect_left(self._breaks[file], place) + 1 for place in span)
        return first, last

    def _text(self, file: Path) -> str:
        if file not in self._texts:
            self._texts[file] = file.read_text(encoding="utf-8")
        return self._texts[file]


def _keys(resource: Resource) -> list[Key]:
    """What leads to a provider or a backend in its file."""
    if resource.mode == "provider":
        alias = resource.text("alias")
        return ["provider", resource.type, *([("alias", alias)] if alias else [])]
    return ["terraform", *([] if resource.type == "cloud" else ["backend"]), resource.type]


def _resources(text: str) -> dict[tuple[str, ...], Span]:
    """Where each resource of a file stands, by mode, type and name; the last one counts, as it does to the reader."""
    return {
        (mode, type_, name): (start, end)
        for mode, _, types, _ in _members(text, _skip(text, 0))
        if mode in MODES
        for type_, _, names, _ in _members(text, types)
        for name, start, _, end in _members(text, names)
    }


def _span(text: str, keys: Sequence[Key]) -> Span | None:
    position = _skip(text, 0)
    start = position
    for key in keys:
        found = _chosen(text, position, *key) if isinstance(key, tuple) else _member(text, position, key)
        if found is None:
            return None
        start, position = found
    return start, _DECODER.raw_decode(text, position)[1]


def _member(text: str, position: int, key: str) -> Span | None:
    """Where a member of the object at ``position`` begins, and where its value does."""
    return next(((start, value) for name, start, value, _ in _members(text, position) if name == key), None)


def _chosen(text: str, position: int, attribute: str, value: object) -> Span | None:
    """The object with that value, of an array or alone."""
    for start, _ in _elements(text, position) if text[position : position + 1] == "[" else [(position, 0)]:
        found, _ = _DECODER.raw_decode(text, start)
        if isinstance(found, Mapping) and found.get(attribute) == value:
            return start, start
    return None


def _members(text: str, position: int) -> Iterator[tuple[str, int, int, int]]:
    """Each member of the object at ``position``, or of the objects of an array there: its name, where it begins, where
    its value begins and where that ends.
    """
    if text[position : position + 1] == "[":
        for element, _ in _elements(text, position):
            yield from _members(text, element)
    elif text[position : position + 1] == "{":
        start: int | None = _skip(text, position + 1)
        while start is not None and text[start : start + 1] == '"':
            name, colon = _DECODER.raw_decode(text, start)
            value = _skip(text, _skip(text, colon) + 1)
            _, end = _DECODER.raw_decode(text, value)
            yield name, start, value, end
            start = _next(text, end)


def _elements(text: str, position: int) -> Iterator[Span]:
    """Where each element of the array at ``position`` begins and ends."""
    start: int | None = _skip(text, position + 1)
    while start is not None and text[start : start + 1] != "]":
        _, end = _DECODER.raw_decode(text, start)
        yield start, end
        start = _next(text, end)


def _next(text: str, end: int) -> int | None:
    """Where the next member or element begins after the value that ends there; None after the last one."""
    position = _skip(text, end)
    return _skip(text, position + 1) if text[position : position + 1] == "," else None


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
