"""Ways through a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.model.deployment import Resource

EVERYTHING: Final = ("resource", "data", "ephemeral", "provider", "backend", "stack")
"""All modes of what can be judged."""

_METADATA: Final = "//"


@dataclass(frozen=True)
class Words:
    """All that is written in a block, without its shape: what it takes to see quickly that nothing is wrong."""

    text: str
    """Keys and strings, one a line."""
    templates: tuple[str, ...]
    """The strings with an expression or a directive in them."""
    floats: tuple[float, ...]


def words(block: Resource) -> Words:
    """What is written in a block; read once, because several rules ask it of everything."""
    found: Words | None = block.__dict__.get("_words")
    if found is None:
        found = block.__dict__["_words"] = _words(block.body)
    return found


def _words(body: object) -> Words:
    texts: list[str] = []
    floats: list[float] = []
    waiting = [body]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, dict):
            texts += map(str, item)
            waiting += item.values() if _METADATA not in item else [v for k, v in item.items() if k != _METADATA]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, float):
            floats.append(item)
    return Words("\n".join(texts), tuple(text for text in texts if "{" in text), tuple(floats))


def leaves(value: object) -> Iterator[tuple[str, object]]:
    """Each value that is neither list nor map, and the path that leads to it."""
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, Mapping):
            for key, inner in item.items():
                if key != _METADATA:
                    waiting.append((f"{path}.{key}" if path else str(key), inner))
        elif isinstance(item, (list, tuple)):
            waiting += [(f"{path}[{number}]", inner) for number, inner in enumerate(item)]
        else:
            yield path, item


def listed_objects(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each object in a list, and the path that leads to it: ``ingress[0]``."""
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += [
                (f"{path}.{key}" if path else str(key), inner) for key, inner in item.items() if key != _METADATA
            ]
        elif isinstance(item, (list, tuple)):
            for number, inner in enumerate(item):
                waiting.append((f"{path}[{number}]", inner))
                if isinstance(inner, Mapping):
                    yield f"{path}[{number}]", inner


def has_listed_objects(block: Resource) -> bool:
    """Whether there is an object in a list anywhere in a block."""
    waiting: list[object] = [inner for name, inner in block.body.items() if name != _METADATA]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            if any(isinstance(inner, dict) for inner in item):
                return True
            waiting += [inner for inner in item if isinstance(inner, list)]
    return False
