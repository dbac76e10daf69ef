"""Ways through a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policies.model.deployment import Resource

EVERYTHING: Final = ("resource", "data", "ephemeral", "provider", "backend", "stack")
"""All modes of what can be judged."""

_METADATA: Final = "//"


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
