"""What is written in a block, without its shape: enough to see quickly that there is nothing to be found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_METADATA = "//"


@dataclass(frozen=True)
class Words:
    """All strings of a block and all keys in it, at whatever depth; read once, because many rules ask of everything.

    It depends on nothing but the body, so that copies of a deployment share it.
    """

    texts: tuple[str, ...]
    keys: tuple[str, ...]
    text: str
    """The texts and the keys, one a line."""
    templates: tuple[str, ...]
    """The texts with an expression or a directive in them, as they follow each other."""
    templated_keys: tuple[str, ...]
    floats: tuple[float, ...]


def read(body: object) -> Words:
    """The words of a body."""
    texts: list[str] = []
    keys: dict[object, None] = {}
    floats: list[float] = []
    waiting = [body]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, dict):
            keys.update(dict.fromkeys(item))
            waiting += item.values() if _METADATA not in item else [v for k, v in item.items() if k != _METADATA]
        elif isinstance(item, (list, tuple)):
            waiting += item
        elif isinstance(item, float):
            floats.append(item)
        elif item is not None and isinstance(item, Mapping):
            waiting.append(dict(item))
    texts.reverse()
    named = tuple(map(str, keys))
    text = "\n".join((*texts, *named))
    templates = tuple([text for text in texts if "{" in text])
    templated_keys = tuple([key for key in named if "{" in key]) if "{" in text else ()
    return Words(tuple(texts), named, text, templates, templated_keys, tuple(floats))
