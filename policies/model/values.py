"""Configuration as it comes: accessors that answer None or nothing to what is missing or malformed, and never raise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Body = Mapping[str, Any]

_TRUTH: Final = {"true": True, "false": False}


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
        if isinstance(value, bool):
            return None
        try:
            return float(value) if isinstance(value, (int, float, str)) else None
        except (ValueError, OverflowError):
            return None

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
        generated = dynamic.get(name) if isinstance(dynamic, Mapping) else None
        contents = [
            block.get("content")
            for block in (generated if isinstance(generated, list) else [generated])
            if isinstance(block, Mapping)
        ]
        return tuple(Block(body) for body in (*written, *contents))

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
