"""Terraform's JSON syntax: files into blocks with labels, the files of one folder into one configuration.

https://developer.hashicorp.com/terraform/language/syntax/json and, for what overrides what,
https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policies.model.values import Body

LABELS: Final = {
    "terraform": 0, "locals": 0, "moved": 0, "import": 0, "removed": 0,
    "provider": 1, "variable": 1, "output": 1, "module": 1, "check": 1,
    "resource": 2, "data": 2, "ephemeral": 2, "action": 2,
}  # fmt: skip
"""How many labels a top-level block of each kind has."""

_UNIQUE: Final = frozenset({"variable", "output", "module", "resource", "data", "ephemeral", "action"})
_COMMENT: Final = "//"
_DEEPEST: Final = 64
"""Levels of a file. Real ones have about 12, and Python follows a thousand at most."""

_NESTED: Final = frozenset({dict, list})

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

Tell = Callable[[str], None]
"""Takes a sentence about what cannot be read."""


@dataclass
class Part:
    """One top-level block."""

    kind: str
    labels: tuple[str, ...]
    body: Body

    @property
    def header(self) -> tuple[str, ...]:
        """What tells it from the others of its folder."""
        return (self.kind, *self.labels)

    def __str__(self) -> str:
        return ".".join(self.header)


def load(file: Path, name: str, tell: Tell) -> Body | None:
    """A file's JSON object; None, and a sentence, if it holds none. ``name`` is what people call the file."""
    if not file.is_file():
        tell(f"{name} cannot be read: it is no file")
        return None
    try:
        return parse(file.read_text(encoding="utf-8"), name, tell)
    except (OSError, ValueError) as error:
        tell(f"{name} cannot be read: {_told(error)}")
        return None


def parse(text: str, name: str, tell: Tell) -> Body | None:
    """The JSON object in a text, as strictly as Terraform reads it."""
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(sorted({name for name in names if names.count(name) > 1 and name != _COMMENT}))
        return found

    try:
        content = json.loads(_well_formed(text), object_pairs_hook=members, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        tell(f"{name} cannot be parsed: {_told(error)}")
        return None
    if not isinstance(content, dict):
        tell(f"{name} cannot be parsed: it holds no JSON object")
        return None
    if _too_deep(content):
        tell(f"{name} cannot be parsed: it has more than {_DEEPEST} levels")
        return None
    if repeated:
        tell(f"{name}: {', '.join(repeated)} stands twice in one object, and only the last one was read")
    return content


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if isinstance(error, ValueError) else type(error).__name__


def _no_number(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _well_formed(text: str) -> str:
    """Halves of surrogate pairs become the replacement character, as in Go: nothing could print them."""
    if not _SURROGATE.search(text):
        return text
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape["lone"] else escape[0], text)


def _too_deep(content: object) -> bool:
    level = [content]
    for _ in range(_DEEPEST):
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        # A parser makes nothing but plain dicts and lists, and to ask for just these is fastest.
        level = [value for values in inner for value in values if value.__class__ in _NESTED]  # type: ignore[attr-defined, redundant-expr]
        if not level:
            return False
    return True


def is_override(file: Path) -> bool:
    """Whether a file changes what others declare."""
    stem = file.name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def parts(content: Body, name: str, tell: Tell) -> Iterator[Part]:
    """The blocks of a file. At each level an array of objects counts as those objects in a row."""
    for kind, value in content.items():
        if kind == _COMMENT:
            continue
        if kind not in LABELS:
            tell(f"{name}: {kind} is no block of Terraform's, so nothing in it was read")
            continue
        for labels, body in _labelled(value, LABELS[kind], (), f"{name}: {kind}", tell):
            yield Part(kind, labels, body)


def _labelled(
    value: Any, missing: int, labels: tuple[str, ...], where: str, tell: Tell
) -> Iterator[tuple[tuple[str, ...], Body]]:
    if value is None:
        return
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, Mapping):
            tell(f"{where} is no object")
        elif not missing:
            yield labels, item
        else:
            for label, inner in item.items():
                if label != _COMMENT:
                    yield from _labelled(inner, missing - 1, (*labels, label), f"{where}.{label}", tell)


def together(files: list[tuple[Path, list[Part]]], tell: Tell) -> list[Part]:
    """The blocks of the files of one folder, overrides applied; a sentence for what Terraform would refuse."""
    found: list[Part] = []
    for _, declared in sorted((pair for pair in files if not is_override(pair[0])), key=lambda pair: pair[0].name):
        found += declared
    _told_twice(found, tell)
    for file, overriding in sorted((pair for pair in files if is_override(pair[0])), key=lambda pair: pair[0].name):
        for part in overriding:
            _override(found, part, file.name, tell)
    return found


def _told_twice(found: list[Part], tell: Tell) -> None:
    seen: set[tuple[str, ...]] = set()
    for part in found:
        headers = [part.header] if part.kind in _UNIQUE else []
        headers += [("local", name) for name in part.body if name != _COMMENT] if part.kind == "locals" else []
        for header in headers:
            if header in seen:
                tell(f"{'.'.join(header)} is declared twice, and only the last one was read")
            seen.add(header)


def _override(found: list[Part], part: Part, file: str, tell: Tell) -> None:
    if part.kind == "locals":
        found.append(part)
        return
    if part.kind == "terraform":
        if "backend" in part.body or "cloud" in part.body:
            for other in found:
                if other.kind == "terraform":
                    other.body = {k: v for k, v in other.body.items() if k not in {"backend", "cloud"}}
        found.append(part)
        return
    bases = [other for other in found if other.header == part.header and _alias(other) == _alias(part)]
    if bases:
        bases[-1].body = _merged(bases[-1].body, part.body)
    elif part.kind in {*_UNIQUE, "provider"} and not (part.kind == "provider" and _alias(part) is None):
        tell(f"{file} overrides {part}, which no other file declares")
    else:
        found.append(part)


def _alias(part: Part) -> object:
    return part.body.get("alias") if part.kind == "provider" else None


def _merged(base: Body, override: Body) -> Body:
    """A block with another on top: arguments and blocks of a name are replaced, ``lifecycle`` argument by argument."""
    dynamic = _named(override.get("dynamic"))
    replaced = override.keys() | dynamic.keys()
    kept = {name: value for name, value in base.items() if name not in replaced}
    generated = {**{k: v for k, v in _named(base.get("dynamic")).items() if k not in replaced}, **dynamic}
    merged = {**kept, **override}
    if generated:
        merged["dynamic"] = generated
    if "lifecycle" in base and "lifecycle" in override:
        merged["lifecycle"] = {**_first(base["lifecycle"]), **_first(override["lifecycle"])}
    return merged


def _named(dynamic: object) -> dict[str, Any]:
    groups = dynamic if isinstance(dynamic, list) else [dynamic]
    return {name: blocks for group in groups if isinstance(group, Mapping) for name, blocks in group.items()}


def _first(value: object) -> Body:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, Mapping) else {}


def content(found: list[Part]) -> dict[str, Any]:
    """What is no resource, in one shape: maps by name, one map of locals, lists of blocks for the rest."""
    shaped: dict[str, Any] = {}
    for part in found:
        if part.kind == "locals":
            shaped.setdefault("locals", {}).update(part.body)
        elif part.kind == "provider":
            shaped.setdefault("provider", {}).setdefault(part.labels[0], []).append(part.body)
        elif LABELS[part.kind] == 1:
            shaped.setdefault(part.kind, {})[part.labels[0]] = part.body
        elif LABELS[part.kind] == 0:
            shaped.setdefault(part.kind, []).append(part.body)
    return shaped
