"""Reads a folder of Terraform JSON, CDKTF's or not, or a plan, into a deployment. It reports what it cannot read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from policies.model.deployment import Deployment, Provider, Resource, Source, Stack
from policies.model.plan import is_plan, read_plan
from policies.model.values import Block

MANIFEST: Final = "manifest.json"
SOURCES: Final = "sources.json"
_MODES: Final = ("resource", "data", "ephemeral")
_IGNORED: Final = frozenset({".terraform", ".git", "node_modules"})


def read(place: Path) -> Deployment:
    """The deployment in a folder of ``*.tf.json`` files, or in one file: Terraform JSON or ``terraform show -json``.

    With CDKTF's manifest, its stacks; without, each folder that holds such files is a stack. What cannot be read is in
    ``problems``; it never raises for what a file contains.
    """
    if place.is_file():
        return _one_file(place)
    problems: list[str] = []
    if (place / MANIFEST).is_file():
        stacks = list(_manifest_stacks(place, problems))
    else:
        stacks = list(_folder_stacks(place, problems))
    if not stacks and not problems:
        problems.append(f"{place} holds no Terraform JSON: no {MANIFEST} and no *.tf.json file")
    problems += [f"{stack.name}: no resource in it" for stack in stacks if not stack.resources and not problems]
    return Deployment(place, tuple(stacks), tuple(problems), _sources(place, problems))


def _one_file(file: Path) -> Deployment:
    problems: list[str] = []
    content = _load(file, problems)
    if is_plan(content):
        return Deployment(file.parent, (read_plan(file, content, problems),), tuple(problems))
    stack = _stack(file.stem.removesuffix(".tf"), [(file, content)], problems) if content else None
    return Deployment(file.parent, (stack,) if stack else (), tuple(problems))


def _manifest_stacks(folder: Path, problems: list[str]) -> Iterator[Stack]:
    manifest = Block(_load(folder / MANIFEST, problems))
    listed = manifest.map("stacks")
    if not listed and not problems:
        problems.append(f"{folder / MANIFEST} names no stack")
    for name, entry in listed.items():
        described = Block(entry)
        path = described.text("synthesizedStackPath")
        file = folder / path if path else None
        if file is None or not file.is_file():
            problems.append(f"the manifest names the stack {name}, whose file {path} is not there")
            continue
        content = _load(file, problems)
        yield _stack(str(name), [(file, content)], problems, dependencies=described.texts("dependencies"))


def _folder_stacks(folder: Path, problems: list[str]) -> Iterator[Stack]:
    by_folder: dict[Path, list[Path]] = {}
    for file in sorted(folder.rglob("*.json")):
        if not _IGNORED.intersection(part for part in file.relative_to(folder).parts):
            by_folder.setdefault(file.parent, []).append(file)
    for place, files in by_folder.items():
        parts = []
        for file in files:
            content = _load(file, problems) if file.name.endswith(".tf.json") else _load(file, [])
            if is_plan(content):
                yield read_plan(file, content, problems)
            elif file.name.endswith(".tf.json"):
                parts.append((file, content))
        if parts:
            yield _stack(place.relative_to(folder).as_posix(), parts, problems)


def _load(file: Path, problems: list[str]) -> Mapping[str, Any]:
    """A file's JSON object; an empty one, and a problem, if it is none."""
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(sorted({name for name in names if names.count(name) > 1 and name != "//"}))
        return found

    try:
        content = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=members)
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{file} cannot be parsed: {error}")
        return {}
    if repeated:
        problems.append(f"{file}: {', '.join(repeated)} stands twice in one object, and the first is lost")
    if not isinstance(content, Mapping):
        problems.append(f"{file} cannot be parsed: it holds no JSON object")
        return {}
    return content


def _stack(
    name: str, parts: list[tuple[Path, Mapping[str, Any]]], problems: list[str], dependencies: tuple[str, ...] = ()
) -> Stack:
    """A stack of the files of one folder, which Terraform reads as one."""
    merged: dict[str, Any] = {}
    for _, content in parts:
        for kind, value in content.items():
            if kind not in _MODES:
                merged[kind] = _merged(merged.get(kind), value)
    stack = Stack(name, tuple(file for file, _ in parts), Block(merged), dependencies=dependencies)
    stack.providers.update({provider.name: provider for provider in _providers(stack)})
    stack.backend = _backend(stack)
    for file, content in parts:
        for mode in _MODES:
            for type_, key, body in _labelled(content.get(mode), f"{file}: {mode}", problems):
                resource = Resource(stack, mode, type_, key, body)
                stack.resources[resource.address] = resource
    return stack


def _merged(first: Any, second: Any) -> Any:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {**first, **second}
    return second if first is None else [*_listed(first), *_listed(second)]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _labelled(value: Any, where: str, problems: list[str]) -> Iterator[tuple[str, str, Any]]:
    """Type, name and body of each resource; an array of objects counts as the objects in a row, at each level."""
    for group in _listed(value) if value is not None else ():
        if not isinstance(group, Mapping):
            problems.append(f"{where} is no object")
            continue
        for type_, names in group.items():
            if type_ == "//":
                continue
            for level in _listed(names):
                if not isinstance(level, Mapping):
                    problems.append(f"{where}.{type_} is no object")
                    continue
                yield from _bodies(str(type_), level, where, problems)


def _bodies(type_: str, level: Mapping[str, Any], where: str, problems: list[str]) -> Iterator[tuple[str, str, Any]]:
    for name, body in level.items():
        single = body[0] if isinstance(body, list) and len(body) == 1 else body
        if isinstance(single, Mapping):
            yield type_, str(name), single
        elif name != "//":
            problems.append(f"{where}.{type_}.{name} is no object")


def _providers(stack: Stack) -> Iterator[Provider]:
    for configured in stack.content.blocks("provider"):
        for name in configured.body:
            for block in configured.blocks(name):
                alias = block.text("alias")
                yield Provider(stack, f"{name}.{alias}" if alias else str(name), block.body)


def _backend(stack: Stack) -> Resource | None:
    for settings in stack.content.blocks("terraform"):
        for kind in settings.block("backend").body:
            return Resource(stack, "backend", str(kind), str(kind), settings.block("backend").block(kind).body)
    return None


def _sources(folder: Path, problems: list[str]) -> dict[str, Source]:
    """Construct path to Python line, as the synth recorded it; empty where nobody did."""
    file = folder / SOURCES
    recorded = _load(file, problems) if file.is_file() else {}
    found = {}
    for path, place in recorded.items():
        name, _, line = place.rpartition(":") if isinstance(place, str) else ("", "", "")
        if name and line.isdigit():
            found[path] = Source(name, int(line))
    return found
