"""Terraform's expressions, as far as a scanner needs them: what does a string refer to?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_LITERAL = re.compile(r'\\?"(?:[^"\\]|\\(?!").)*\\?"')
_TRAVERSAL = re.compile(r"(?<![\w.\-])([A-Za-z_][\w-]*)((?:\.[A-Za-z_][\w-]*|\.\d+|\[[^\]]*\]|\.\*)+)")
_BRACE = re.compile(r"[{}]")
_STEP = re.compile(r"[A-Za-z_*][\w-]*|\d+")
_NOT_OBJECTS: Final = frozenset({"path", "terraform", "each", "count", "self"})
_NAMED_BY_TWO: Final = frozenset({"data", "ephemeral"})
_NAMED_BY_ONE: Final = frozenset({"local", "var", "module"})


@dataclass(frozen=True)
class Reference:
    """``address`` names the object (``aws_vpc.main``, ``data.aws_region.here``, ``local.zone``); then ``attribute``."""

    address: str
    attribute: str


def expressions(text: str) -> Iterator[tuple[int, int]]:
    """Where the contents of each ``${…}`` in a string begin and end; ``$${`` is an escape and no expression."""
    position = text.find("${")
    while position >= 0:
        if position and text[position - 1] == "$":
            position = text.find("${", position + 2)
            continue
        end = _closing(text, position + 2)
        yield position + 2, end
        position = text.find("${", end)


def _closing(text: str, start: int) -> int:
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.start()
    return len(text)


def whole(text: str) -> str | None:
    """The expression if the string is nothing but one, else None."""
    if not (text.startswith("${") and text.endswith("}")):
        return None
    return text[2:-1] if _closing(text, 2) == len(text) - 1 else None


@lru_cache(maxsize=8192)
def references(text: str) -> tuple[Reference, ...]:
    """What a string refers to, in order."""
    if "${" not in text:
        return ()
    return tuple(reference for start, end in expressions(text) for reference in _in(text[start:end]))


@lru_cache(maxsize=8192)
def single(text: str) -> Reference | None:
    """The reference if the string is exactly one, without a function around it or text beside it; else None."""
    expression = whole(text)
    if expression is None:
        return None
    match = _TRAVERSAL.fullmatch(expression.strip())
    return _reference(match[1], match[2]) if match else None


def _in(expression: str) -> Iterator[Reference]:
    for match in _TRAVERSAL.finditer(_LITERAL.sub('""', expression)):
        found = _reference(match[1], match[2])
        if found:
            yield found


def _reference(head: str, tail: str) -> Reference | None:
    if head in _NOT_OBJECTS:
        return None
    steps = [head, *_STEP.findall(tail)]
    size = 3 if head in _NAMED_BY_TWO else 1 if head in _NAMED_BY_ONE else 2
    size += head in _NAMED_BY_ONE
    if len(steps) < size:
        return None
    return Reference(".".join(steps[:size]), ".".join(steps[size:]))
