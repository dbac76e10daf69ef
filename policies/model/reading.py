"""Reads Terraform JSON, CDKTF's or anyone's, or a plan, into a deployment. What it cannot read, it reports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from policies.model.deployment import Deployment, Module, Provider, Resource, Source, Stack
from policies.model.plan import is_plan, read_plan
from policies.model.syntax import Part, content, load, parse, parts, together
from policies.model.values import Block, Body

MANIFEST: Final = "manifest.json"
SOURCES: Final = "sources.json"
CONFIGURATION: Final = ".tf.json"
_MODES: Final = frozenset({"resource", "data", "ephemeral"})
_IGNORED: Final = frozenset({".git", ".terraform", ".terragrunt-cache", ".venv", "__pycache__", "node_modules"})
_DEEPEST_MODULE: Final = 16
_INSTEAD: Final = "judge the plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json"


def read(place: Path) -> Deployment:
    """The deployment in a folder, or in one file: Terraform JSON, or a plan as ``terraform show -json`` writes it.

    With CDKTF's manifest, its stacks; without, each folder that holds ``*.tf.json`` files is a stack, unless another
    calls it as a module. What cannot be read is in ``problems``; it never raises for what a file contains.
    """
    reader = _Reader(place if place.is_dir() else place.parent)
    if place.is_file():
        stacks = list(reader.one_file(place))
    elif place.is_dir():
        stacks = list(reader.stacks())
    else:
        return Deployment(place, (), (f"{place} does not exist",))
    problems = reader.problems
    if not stacks and not problems:
        problems.append(f"{place} holds no Terraform JSON: no {MANIFEST} of CDKTF, no *{CONFIGURATION} file, no plan")
    problems += [f"{s.name}: no resource in it" for s in stacks if not any(scope.resources for scope in s.scopes)]
    return Deployment(place, tuple(stacks), tuple(dict.fromkeys(problems)), reader.sources())


@dataclass
class _Folder:
    """What of one folder matters."""

    path: Path
    files: list[Path]
    native: list[Path]
    """In Terraform's own syntax."""
    plans: list[tuple[Path, Body]] = field(default_factory=list)


class _Reader:
    """One reading of a folder: what was read of it, and what could not be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []
        self._read: set[Path] = set()
        self._names: set[str] = set()

    def tell(self, problem: str) -> None:
        """Note a reason to trust no verdict."""
        self.problems.append(problem)

    def called(self, file: Path) -> str:
        """A file's name for people."""
        path = os.path.relpath(file, self.root)
        return Path(path).as_posix() if not path.startswith("..") else file.as_posix()

    # One file

    def one_file(self, file: Path) -> Iterator[Stack]:
        """The stack in a file: a configuration, or a plan."""
        found = load(file, file.name, self.tell)
        if found is None:
            return
        if is_plan(found):
            yield read_plan(file, file.stem, found, self.tell)
        elif file.name.endswith(CONFIGURATION):
            yield self._stack(file.name.removesuffix(CONFIGURATION), [file])
        else:
            self.tell(f"{file.name} is no *{CONFIGURATION} file and no plan; {_INSTEAD}")

    # Folders

    def stacks(self) -> Iterator[Stack]:
        """The stacks of the folder and those below it."""
        folders = []
        for folder in self._walk(self.root):
            if self._has_manifest(folder):
                yield from self._manifest_stacks(folder.path)
            else:
                folders.append(folder)
        modules = {module for folder in folders for module in self._module_folders(folder)}
        planned = {folder.path for folder in folders if folder.plans}
        for folder in folders:
            if planned.intersection((folder.path, *folder.path.parents)):
                yield from self._planned_stacks(folder)
                continue
            self._tell_native(folder)
            if folder.files and folder.path.resolve() not in modules:
                yield self._stack(self._named(self.called(folder.path)), folder.files)

    def _walk(self, top: Path) -> Iterator[_Folder]:
        """Every folder that matters; what is below a manifest is left to its reader."""
        for place, inner, names in os.walk(top, onerror=lambda error: self.tell(f"{error.filename} cannot be read")):
            inner[:] = sorted(name for name in inner if name not in _IGNORED)
            folder = self._folder(Path(place), names)
            if self._has_manifest(folder):
                inner.clear()
            yield folder

    def _folder(self, place: Path, names: list[str]) -> _Folder:
        files = [place / name for name in sorted(names)]
        folder = _Folder(
            place,
            [file for file in files if file.name.endswith(CONFIGURATION)],
            [file for file in files if file.suffix == ".tf"],
        )
        others = [file for file in files if file.suffix == ".json" and file not in folder.files]
        if not (place / MANIFEST).is_file():
            folder.plans = [(file, plan) for file in others if (plan := self._plan(file)) is not None]
        return folder

    def _plan(self, file: Path) -> Body | None:
        """The plan in a file, None if it is another JSON file."""
        try:
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
        except (OSError, ValueError):
            return None
        if '"planned_values"' not in text:
            return None
        found = parse(text, self.called(file), self.tell)
        return found if found is not None and is_plan(found) else None

    def _planned_stacks(self, folder: _Folder) -> Iterator[Stack]:
        for file, plan in folder.plans:
            yield read_plan(file, self._named(self.called(file.with_suffix(""))), plan, self.tell)
        if folder.files:
            self.tell(
                f"{self.called(folder.path)} holds a plan and {folder.files[0].name}: "
                "which of the two is meant? Name the file to judge"
            )

    def _tell_native(self, folder: _Folder) -> None:
        if folder.native:
            names = ", ".join(self.called(file) for file in folder.native[:3])
            more = f" and {len(folder.native) - 3} more" if len(folder.native) > 3 else ""
            self.tell(f"{names}{more}: Terraform's own syntax is not read, only JSON; {_INSTEAD}")

    def _named(self, path: str) -> str:
        """A name for a stack that no other has."""
        wanted = (self.root.resolve().name or "root") if path == "." else path
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted} ({number})", number + 1
        self._names.add(name)
        return name

    # CDKTF

    def _has_manifest(self, folder: _Folder) -> bool:
        """Whether the folder is a synth output; another program's ``manifest.json`` names no stacks."""
        file = folder.path / MANIFEST
        if not file.is_file():
            return False
        found = load(file, MANIFEST, lambda _: None)
        # In doubt it is CDKTF's: a broken manifest must not hide stacks.
        return found is None or "stacks" in found or (folder.path == self.root and not folder.files)

    def _manifest_stacks(self, folder: Path) -> Iterator[Stack]:
        file = folder / MANIFEST
        manifest = load(file, self.called(file), self.tell)
        if manifest is not None and not Block(manifest).map("stacks"):
            self.tell(f"{self.called(file)} names no stack")
        for name, entry in Block(manifest).map("stacks").items():
            described = Block(entry)
            path = described.text("synthesizedStackPath")
            stack_file = self._inside(folder, path)
            if stack_file is None:
                self.tell(f"{self.called(file)} names the stack {name}, whose file {path} is not there")
                continue
            beside = sorted(stack_file.parent.glob(f"*{CONFIGURATION}"))
            self._tell_native(_Folder(stack_file.parent, [], sorted(stack_file.parent.glob("*.tf"))))
            stack = self._stack(self._named(name), [stack_file, *(other for other in beside if other != stack_file)])
            stack.dependencies = described.texts("dependencies")
            yield stack
        for place, inner, names in os.walk(folder):
            inner[:] = sorted(name for name in inner if name not in _IGNORED)
            for name in sorted(names):
                if name.endswith(CONFIGURATION) and (Path(place) / name).resolve() not in self._read:
                    self.tell(f"{self.called(Path(place) / name)} belongs to no stack that {MANIFEST} names")

    def _inside(self, folder: Path, path: str | None) -> Path | None:
        """A file below a folder that the manifest names."""
        try:
            file = folder / path if path else folder
            return file if file.is_file() and file.resolve().is_relative_to(folder.resolve()) else None
        except (OSError, ValueError):
            return None

    # Configurations

    def _parts(self, files: list[Path]) -> list[Part]:
        """The blocks in some files of one folder."""
        listed = []
        for file in files:
            self._read.add(file.resolve())
            found = load(file, self.called(file), self.tell)
            if found is not None:
                listed.append((file, list(parts(found, self.called(file), self.tell))))
        return together(listed, self.tell)

    def _stack(self, name: str, files: list[Path]) -> Stack:
        stack = Stack(name, tuple(files))
        declared = self._parts(files)
        self._fill(stack, declared)
        self._assign(stack, files[0].parent)
        stack.backend = _backend(stack)
        self._add_modules(stack, files[0].parent, ())
        return stack

    def _fill(self, scope: Stack, declared: list[Part]) -> None:
        scope.content = Block(content(declared))
        for provider in _providers(scope):
            scope.providers[provider.name] = provider
        for part in declared:
            if part.kind in _MODES:
                type_, name = part.labels
                resource = Resource(scope, part.kind, type_, name, part.body)
                scope.resources[resource.local_address] = resource

    def _assign(self, stack: Stack, folder: Path) -> None:
        """Give variables the values that Terraform loads by itself.

        https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
        """
        native = [folder / "terraform.tfvars", *sorted(folder.glob("*.auto.tfvars"))]
        for file in native:
            if file.is_file():
                self.tell(
                    f"{self.called(file)}: Terraform's own syntax is not read, so variables may differ; {_INSTEAD}"
                )
        variables = dict(stack.content.map("variable"))
        for file in [folder / "terraform.tfvars.json", *sorted(folder.glob("*.auto.tfvars.json"))]:
            values = (load(file, self.called(file), self.tell) if file.is_file() else None) or {}
            for name in values.keys() & variables.keys():
                variables[name] = {**Block(variables[name]).body, "default": values[name]}
        stack.content = Block({**stack.content.body, "variable": variables})

    # Modules

    def _module_folders(self, folder: _Folder) -> Iterator[Path]:
        """The folders that a folder's configuration calls as modules."""
        for file in folder.files:
            found = load(file, file.name, lambda _: None)
            for part in parts(found or {}, file.name, lambda _: None):
                place = _local_source(folder.path, part.body.get("source")) if part.kind == "module" else None
                if place is not None:
                    yield place

    def _add_modules(self, caller: Stack, folder: Path, above: tuple[Path, ...]) -> None:
        for name, body in caller.content.map("module").items():
            call = Block(body)
            path = f"{caller.prefix}module.{name}"
            source = call.get("source")
            place = _local_source(folder, source)
            files = sorted(place.glob(f"*{CONFIGURATION}")) if place is not None else []
            if place is None or not files:
                self.tell(
                    f"{caller.name}: nothing in {path} is judged, because its source {source} is not read; {_INSTEAD}"
                )
                continue
            if place in above or len(above) > _DEEPEST_MODULE:
                self.tell(f"{caller.name}: {path} calls itself")
                continue
            self._tell_native(_Folder(place, [], sorted(place.glob("*.tf"))))
            module = Module(caller.name, tuple(files), parent=caller, call=call, path=path)
            module.providers.update(_handed(caller, call))
            self._fill(module, self._parts(files))
            caller.modules[name] = module
            self._add_modules(module, place, (*above, place))

    # CDKTF's Python lines

    def sources(self) -> dict[str, Source]:
        """Construct path to Python line, as the synth recorded it; empty where nobody did."""
        file = self.root / SOURCES
        recorded = (load(file, SOURCES, self.tell) if file.is_file() else None) or {}
        found = {}
        for path, place in recorded.items():
            name, _, line = place.rpartition(":") if isinstance(place, str) else ("", "", "")
            if name and line.isdecimal() and len(line) < 10:
                found[path] = Source(name, int(line))
        return found


def _local_source(folder: Path, source: object) -> Path | None:
    """The folder that a module's source names, None if it comes from elsewhere."""
    if not isinstance(source, str) or not source.startswith(("./", "../")) or "\0" in source:
        return None
    return (folder / source).resolve()


def _handed(caller: Stack, call: Block) -> dict[str, Provider]:
    """The providers that a module gets: those its call lists, else the caller's that have no alias.

    https://developer.hashicorp.com/terraform/language/meta-arguments/module-providers
    """
    if "providers" not in call:
        return {name: provider for name, provider in caller.providers.items() if "." not in name}
    listed = {name: str(value).removeprefix("${").removesuffix("}") for name, value in call.map("providers").items()}
    return {name: caller.providers[value] for name, value in listed.items() if value in caller.providers}


def _providers(scope: Stack) -> Iterator[Provider]:
    for type_, bodies in scope.content.map("provider").items():
        for body in bodies:
            alias = Block(body).text("alias")
            yield Provider(scope, f"{type_}.{alias}" if alias else type_, body)


def _backend(stack: Stack) -> Resource | None:
    """The last one declared, which is the one that an override leaves."""
    found: Resource | None = None
    for settings in stack.content.blocks("terraform"):
        for kind in settings.block("backend").body:
            if kind != "//":
                found = Resource(stack, "backend", kind, kind, _configured(settings.block("backend"), kind))
        if "cloud" in settings:
            found = Resource(stack, "backend", "cloud", "cloud", _configured(settings, "cloud"))
    return found


def _configured(settings: Block, kind: str) -> Any:
    return settings.block(kind).body
