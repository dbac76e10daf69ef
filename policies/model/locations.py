"""Where in a JSON file a value stands, found only when somebody has to be told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)

Lines = tuple[int, int]


def lines(file: Path, keys: Sequence[str]) -> Lines | None:
    """First and last line (from 1) of the value that ``keys`` lead to, with its own key's line; None if not there."""
    try:
        text = file.read_text(encoding="utf-8")
        span = _span(text, keys)
    except (OSError, ValueError):
        return None
    if span is None:
        return None
    start, end = span
    return text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1


def _span(text: str, keys: Sequence[str]) -> tuple[int, int] | None:
    position = _skip(text, 0)
    start = position
    for key in keys:
        found = _member(text, position, key)
        if found is None:
            return None
        start, position = found
    _, end = _DECODER.raw_decode(text, position)
    return start, end


def _member(text: str, position: int, key: str) -> tuple[int, int] | None:
    """Where a key of the object at ``position`` begins, and where its value does. An array of objects is searched."""
    if text[position : position + 1] == "[":
        return _element(text, position, key)
    if text[position : position + 1] != "{":
        return None
    position = _skip(text, position + 1)
    while text[position : position + 1] == '"':
        start = position
        name, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if name == key:
            return start, position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
    return None


def _element(text: str, position: int, key: str) -> tuple[int, int] | None:
    position = _skip(text, position + 1)
    while text[position : position + 1] not in {"]", ""}:
        found = _member(text, position, key)
        if found is not None:
            return found
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
    return None


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
