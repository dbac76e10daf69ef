"""Terraform's expressions, as far as a scanner needs them: what does a string refer to?

Not a parser of HCL: a scanner that knows strings, nested templates and brackets well enough to find every traversal
(``aws_vpc.main.id``) and never to take text for one. https://developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_TOKEN = re.compile(r'(?P<name>[^\W\d][\w-]*)|(?P<quote>\\?")|(?P<bracket>[{}\[\]])|\.\s*(?:[\w-]+|\*)|\d[\w.]*')
_STEP = re.compile(r'\s*(?:\.\s*([^\W\d][\w-]*|\d+|\*)|\[\s*(?:(\d+|\*)|\\?"((?:[^"\\$%]|\\[^"])*)\\?")\s*\])')
_INDEX = re.compile(r"\s*\[")
_BOUND = re.compile(r"\s+([^\W\d][\w-]*)(?:\s*,\s*([^\W\d][\w-]*))?\s+in\b")
_SEQUENCE = re.compile(r"[$%]{1,2}\{")
_IN_STRING: Final = {
    '"': re.compile(r'\\.|"|[$%]{1,2}\{', re.DOTALL),
    # A quote that was escaped once more than needed, as in JSON text that somebody escaped twice.
    '\\"': re.compile(r'\\\\+"|\\"|[$%]{1,2}\{'),
}
_ESCAPES: Final = frozenset({"$${", "%%{"})
_CLOSES: Final = {"}": "{", "]": "["}
_NOT_OBJECTS: Final = frozenset({"path", "terraform", "each", "count", "self"})
_NAMED_BY_TWO: Final = frozenset({"data", "ephemeral"})
_WITHOUT_INSTANCES: Final = frozenset({"local", "var"})
_DEEPEST: Final = 32
"""Templates within strings within templates; deeper ones are left unread."""

ANY_INSTANCE: Final = "*"


@dataclass(frozen=True)
class Reference:
    """``address`` names the object (``aws_vpc.main``, ``data.aws_region.here``, ``local.zone``); then ``attribute``.

    ``instance`` is the key in brackets after the address: ``0``, ``west``, or ``*`` for a splat or a key that only
    Terraform can tell; None without brackets.
    """

    address: str
    attribute: str
    instance: str | None = None


@lru_cache(maxsize=8192)
def expressions(text: str) -> tuple[tuple[int, int], ...]:
    """Where the contents of each ``${…}`` and ``%{…}`` in a string begin and end; ``$${`` and ``%%{`` are escapes."""
    return tuple(_sequences(text, None)) if "{" in text else ()


@lru_cache(maxsize=8192)
def whole(text: str) -> str | None:
    """The expression if the string is nothing but one, else None."""
    if not (text.startswith("${") and text.endswith("}")):
        return None
    return text[2:-1].strip("~ \t\r\n") if _expression(text, 2, "}", _Found(), 0) == len(text) - 1 else None


@lru_cache(maxsize=8192)
def references(text: str) -> tuple[Reference, ...]:
    """What a string refers to, in order."""
    found = _Found()
    if "{" in text:
        for _ in _sequences(text, found):
            pass
    return tuple(found.references)


@lru_cache(maxsize=8192)
def single(text: str) -> Reference | None:
    """The reference if the string is exactly one, without a function around it or text beside it; else None."""
    expression = whole(text) if "${" in text else None
    head = _TOKEN.match(expression) if expression else None
    if expression is None or head is None or head["name"] is None:
        return None
    found = _Found()
    return found.latest if _traversal(expression, head, found, 0) == len(expression) else None


class _Found:
    """What a scan has met."""

    def __init__(self) -> None:
        self.references: list[Reference] = []
        self.bound: set[str] = set()
        self.latest: Reference | None = None
        """What the last traversal refers to; those in its brackets come before it."""

    def add(self, steps: list[str], instance: tuple[int, str] | None) -> None:
        """Note a traversal; ``instance`` is the place and the key of its first brackets."""
        head = steps[0]
        size = 3 if head in _NAMED_BY_TWO else 2
        self.latest = None
        if head in _NOT_OBJECTS or head in self.bound or len(steps) < size:
            return
        address, rest = ".".join(steps[:size]), steps[size:]
        key = None
        if rest and instance is not None and instance[0] == size and head not in _WITHOUT_INSTANCES:
            key, rest = instance[1], rest[1:]
        self.latest = Reference(address, ".".join(rest), key)
        self.references.append(self.latest)


def _sequences(text: str, found: _Found | None) -> Iterator[tuple[int, int]]:
    position = 0
    while sequence := _SEQUENCE.search(text, position):
        position = sequence.end()
        if sequence[0] in _ESCAPES:
            continue
        end = _expression(text, position, "}", found or _Found(), 0)
        yield position, end
        position = end


def _expression(text: str, position: int, closing: str, found: _Found, depth: int) -> int:
    """Where the bracket that ends the expression at ``position`` stands, or the end of the text."""
    if depth > _DEEPEST:
        return len(text)
    open_brackets = 0
    while token := _TOKEN.search(text, position):
        position = token.end()
        if token["name"] is not None:
            position = _traversal(text, token, found, depth)
        elif token["quote"] is not None:
            position = _string(text, position, token["quote"], found, depth)
        elif token["bracket"] == closing:
            if not open_brackets:
                return token.start()
            open_brackets -= 1
        elif token["bracket"] == _CLOSES[closing]:
            open_brackets += 1
    return len(text)


def _string(text: str, position: int, quote: str, found: _Found, depth: int) -> int:
    """The end of the quoted string that begins before ``position``; templates in it are read."""
    while token := _IN_STRING[quote].search(text, position):
        position = token.end()
        if token[0] == quote:
            return position
        if token[0][-1] == "{" and token[0] not in _ESCAPES:
            position = _expression(text, position, "}", found, depth + 1) + 1
    return len(text)


def _traversal(text: str, head: re.Match[str], found: _Found, depth: int) -> int:
    """The end of the traversal that ``head`` begins."""
    name, position = head[0], head.end()
    if name == "for" and (bound := _BOUND.match(text, position)):
        found.bound.update(variable for variable in bound.groups() if variable)
        return bound.end()
    steps, instance = [name], None
    while True:
        step = _STEP.match(text, position)
        if step is not None:
            attribute, number, key = step.groups()
            value = attribute or number or key or ""
            position = step.end()
        elif index := _INDEX.match(text, position):
            # A key that is an expression itself.
            attribute, value = None, ANY_INSTANCE
            position = _expression(text, index.end(), "]", found, depth + 1) + 1
        else:
            break
        if instance is None and (attribute is None or attribute == ANY_INSTANCE or attribute.isdigit()):
            instance = len(steps), value
        steps.append(value)
    if len(steps) > 1:
        found.add(steps, instance)
    return position
