"""Configuration as it comes: accessors that answer None or nothing to what is missing or malformed, and never raise."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Body = Mapping[str, Any]

_TRUTH: Final = {"true": True, "false": False}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LONGEST_INDEX: Final = 10
"""Digits; Python refuses to read thousands of them."""


class Block:
    """One configuration block: a resource's body, or a block nested in it.

    A value may be absent, ``null``, a reference such as ``${aws_vpc.main.id}``, or of a type that Terraform would
    refuse. Each accessor returns None (or an empty tuple) unless the value is of the type that its name says.
    """

    __slots__ = ("body",)

    def __init__(self, body: object) -> None:
        self.body: Body = body if isinstance(body, Mapping) else {}

    def __bool__(self) -> bool:
        return bool(self.body)

    def __contains__(self, name: str) -> bool:
        """Whether the attribute or block is written and not ``null``."""
        return self.body.get(name) is not None

    def get(self, name: str) -> Any:
        """The value as written, or None."""
        return self.body.get(name)

    def text(self, name: str) -> str | None:
        """A string, which may be or hold a reference."""
        value = self.body.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> float | None:
        """A number, also one that is written as a string."""
        value = self.body.get(name)
        if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
            return None
        try:
            number = float(value) if isinstance(value, (int, float, str)) else math.nan
        except OverflowError:
            return None
        # No comparison with what is not finite says what its reader believes.
        return number if math.isfinite(number) else None

    def flag(self, name: str) -> bool | None:
        """A boolean, also one that is written as a string; None if only Terraform could tell."""
        value = self.body.get(name)
        if isinstance(value, str):
            return _TRUTH.get(value.lower())
        return value if isinstance(value, bool) else None

    def items(self, name: str) -> tuple[Any, ...]:
        """The elements of a list; a single value counts as a list of one."""
        value = self.body.get(name)
        if value is None:
            return ()
        return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of a list; a single string counts as a list of one."""
        return tuple(item for item in self.items(name) if isinstance(item, str))

    def map(self, name: str) -> Body:
        """A map, empty if there is none."""
        value = self.body.get(name)
        return value if isinstance(value, Mapping) else {}

    def blocks(self, name: str) -> tuple[Block, ...]:
        """All nested blocks of a name, also the content of ``dynamic`` ones."""
        written = [item for item in self.items(name) if isinstance(item, Mapping)]
        dynamic = self.body.get("dynamic")
        if dynamic is not None:
            written += _generated(dynamic, name)
        return tuple(Block(body) for body in written)

    def block(self, name: str) -> Block:
        """The first nested block of a name, or an empty one."""
        return next(iter(self.blocks(name)), Block({}))

    def at(self, path: str) -> tuple[Block, str]:
        """The block and attribute that a dotted path such as ``server_side_encryption.enabled`` leads to."""
        *parents, attribute = path.split(".")
        block: Block = self
        for parent in parents:
            block = block.block(parent)
        return block, attribute


def _generated(dynamic: object, name: str) -> list[Body]:
    """The contents of the ``dynamic`` blocks of a name; objects and arrays of objects mean the same at each level."""
    labelled = [group.get(name) for group in _objects(dynamic)]
    return [content for blocks in labelled for block in _objects(blocks) for content in _objects(block.get("content"))]


def _objects(value: object) -> list[Body]:
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, Mapping)]


def strings(value: object) -> Iterator[str]:
    """Every string in a value, at whatever depth, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key != "//":
                yield from strings(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from strings(item)


def templates(value: object) -> list[str]:
    """The strings in a value that may refer to something: a faster ``strings``, because all references go this way."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "{" in item:
                found.append(item)
        elif isinstance(item, dict):
            waiting += [inner for key, inner in item.items() if key != "//"]
        elif isinstance(item, list):
            waiting += item
    found.reverse()
    return found


def reach(value: object, path: str) -> Any:
    """What a dotted path of attributes and indexes leads to in a value; None if it leads to nothing.

    In a reference, the rest of the path is put behind what it refers to.
    """
    steps = path.split(".") if path else []
    for position, step in enumerate(steps):
        if isinstance(value, str):
            inner = value[2:-1] if value.startswith("${") and value.endswith("}") else None
            return inner and "${" + ".".join([inner, *steps[position:]]) + "}"
        if isinstance(value, Mapping):
            # A single block may be written without the list that its index counts in.
            value = value.get(step, value if step == "0" else None)
        elif isinstance(value, list) and step.isdecimal() and len(step) < _LONGEST_INDEX:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value
