"""Runs checkov in this process, with its built-in checks and those of ``.checkov.yaml``; silence is no pass.

checkov answers "no findings" to a file it could not read, to a folder of checks that is not there, to a check that
cannot be imported, raises, is never instantiated or shares its id with another. Each of these is a problem here.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from checkov.common.checks.base_check import BaseCheck
from checkov.common.checks.base_check_registry import BaseCheckRegistry
from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.common.models.enums import CheckFailLevel
from checkov.runner_filter import RunnerFilter
from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.module.registry import module_registry
from checkov.terraform.checks.provider.registry import provider_registry
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.terraform_json.runner import TerraformJsonRunner

from policies.model.locations import Lines

_REGISTRIES: Final = (resource_registry, data_registry, provider_registry, module_registry)
_FRAMEWORK: Final = "terraform"


@dataclass(frozen=True)
class Configuration:
    """What of ``.checkov.yaml`` decides which checks run."""

    path: Path
    folders: tuple[Path, ...] = ()
    """Of external checks."""
    only: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """One check on one block, as checkov reports it. ``address`` is as in Terraform: ``aws_vpc.main``."""

    check: str
    title: str
    guideline: str
    file: Path
    address: str
    lines: Lines
    passed: bool


@dataclass(frozen=True)
class Scan:
    """What checkov has seen, what it says about it, and why that cannot be trusted (empty if it can)."""

    records: tuple[Record, ...]
    resources: dict[Path, int]
    """How many resources it has read of each file."""
    problems: tuple[str, ...]


def configuration(path: Path) -> tuple[Configuration, list[str]]:
    """The configuration in a file, and what is wrong with it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return Configuration(path), [f"{path.name} cannot be read: {error}"]
    if not isinstance(content, dict):
        return Configuration(path), [f"{path.name} holds no settings"]
    listed = {
        name: [str(v) for v in _listed(content.get(name))] for name in ("external-checks-dir", "check", "skip-check")
    }
    folders = tuple(path.parent / name for name in listed["external-checks-dir"])
    problems = [] if folders else [f"{path.name} names no external-checks-dir, so that none of our rules would run"]
    return Configuration(path, folders, tuple(listed["check"]), tuple(listed["skip-check"])), problems


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else str(value).split(",")


def scan(folder: Path, configured: Configuration) -> Scan:
    """Run every check on the folder, also those that the configuration skips: whoever asks knows all waivers."""
    with _complaints() as complaints, loaded(configured) as faults:
        problems = [*faults, *_unknown(configured)]
        runner = _Runner()
        runner_filter = RunnerFilter(framework=["terraform_json"], show_progress_bar=False)
        try:
            report: Any = runner.run(root_folder=str(folder), runner_filter=runner_filter)
        except Exception as error:  # noqa: BLE001  # whatever a check threw, the verdict is "not checked"
            return Scan((), {}, (*problems, f"checkov stopped: {type(error).__name__}: {error}"))
    problems += [f"checkov could not parse {path}{_why(Path(path))}" for path in report.parsing_errors]
    problems += complaints
    read = {Path(path).resolve(): len(blocks.get("resource", [])) for path, blocks in runner.definitions.items()}
    records = tuple(
        _record(record, passed=passed)
        for passed, listed in ((True, report.passed_checks), (False, report.failed_checks))
        for record in listed
    )
    return Scan(records, read, tuple(dict.fromkeys(problems)))


def check_ids() -> frozenset[str]:
    """The ids of all checks that checkov has for Terraform; external ones only while they are loaded."""
    graph = get_graph_checks_registry(_FRAMEWORK)
    graph.load_checks()
    python = {check.id for registry in _REGISTRIES for _, check in registry.all_checks()}
    return frozenset(python | {check.id for check in graph.checks})


class _Runner(TerraformJsonRunner):  # type: ignore[misc]
    """Notes the address of each block: checkov's records of Python checks name it without its type."""

    def run_block(self, *, entities: list[dict[str, Any]], report: Any, block_type: str, **arguments: Any) -> None:
        kinds = (report.passed_checks, report.failed_checks)
        for entity in entities:
            before = [len(records) for records in kinds]
            super().run_block(entities=[entity], report=report, block_type=block_type, **arguments)
            address = _address(block_type, entity)
            for records, start in zip(kinds, before, strict=True):
                for record in records[start:]:
                    record.resource_address = address


def _address(block_type: str, entity: dict[str, Any]) -> str:
    kind, body = next(iter(entity.items()))
    if block_type == "resource":
        return f"{kind}.{next(iter(body))}"
    if block_type == "provider":
        alias = (body.get("alias") or [None])[0]
        return f"provider.{kind}.{alias}" if alias else f"provider.{kind}"
    return f"{block_type}.{kind}.{next(iter(body))}" if block_type == "data" else f"{block_type}.{kind}"


def _record(record: Any, *, passed: bool) -> Record:
    start, end = record.file_line_range
    # Graph checks name the block with its type by themselves.
    address = record.resource_address or str(record.resource)
    file = Path(record.file_abs_path).resolve()
    return Record(record.check_id, record.check_name, record.guideline or "", file, address, (start, end), passed)


def _why(file: Path) -> str:
    """The one cause that is known: checkov 3.3.30 cannot read a ``terraform`` block with a plain value in it."""
    try:
        found = "required_version" in file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        found = False
    return ": it cannot read terraform.required_version" if found else ""


@contextmanager
def loaded(configured: Configuration) -> Iterator[list[str]]:
    """The external checks, loaded for as long as the scan lasts; yields what is wrong with them."""
    kept = [(_copied(registry.checks), _copied(registry.wildcard_checks)) for registry in _REGISTRIES]
    graph = get_graph_checks_registry(_FRAMEWORK)
    graph.load_checks()
    graph_checks = list(graph.checks)
    registered = BaseCheckRegistry.get_all_registered_checks()
    count = len(registered)
    problems: list[str] = []
    try:
        classes = _check_classes()
        for folder in configured.folders:
            problems += _unloadable(folder)
            resource_registry.load_external_checks(str(folder))
            graph.load_external_checks(str(folder))
        added = registered[count:]
        for check in registered:
            # CHECKOV_CHECK_FAIL_LEVEL in somebody's shell would have a check that raises say nothing.
            check.check_fail_level = CheckFailLevel.ERROR
        problems += _dropped(added)
        problems += [
            f"the check {cls.__module__}.{cls.__name__} is never instantiated, so that checkov does not know it"
            for cls in _check_classes() - classes
            if _is_in(cls, configured.folders) and not any(isinstance(check, cls) for check in added)
        ]
        yield problems
    finally:
        for registry, (checks, wildcards) in zip(_REGISTRIES, kept, strict=True):
            registry.checks.clear()
            registry.checks.update(checks)
            registry.wildcard_checks.clear()
            registry.wildcard_checks.update(wildcards)
        graph.checks[:] = graph_checks
        del registered[count:]


def _copied(checks: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {entity: list(listed) for entity, listed in checks.items()}


def _unloadable(folder: Path) -> list[str]:
    """Why checkov would pass a folder of checks over in silence."""
    if not folder.is_dir():
        return [f"the folder of external checks {folder} does not exist"]
    places = [folder, *(place for place in folder.rglob("*") if place.is_dir() and place.name != "__pycache__")]
    return [
        f"the folder of external checks {place} has no __init__.py, so that checkov loads nothing from it"
        for place in places
        if not (place / "__init__.py").is_file() and any(place.glob("*.py"))
    ] + ([] if any(folder.rglob("[!_]*.py")) else [f"the folder of external checks {folder} holds no check"])


def _check_classes() -> set[type]:
    """Every concrete check class there is."""
    found: set[type] = set()
    waiting: list[type] = [BaseCheck]
    while waiting:
        derived: list[type] = waiting.pop().__subclasses__()
        waiting += derived
        found.update(cls for cls in derived if not inspect.isabstract(cls))
    return found


def _is_in(cls: type, folders: Sequence[Path]) -> bool:
    """Whether a class is defined in one of the folders: elsewhere a class may be there to be derived from."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return bool(file) and any(Path(str(file)).resolve().is_relative_to(folder.resolve()) for folder in folders)


def _dropped(added: list[Any]) -> list[str]:
    """Checks that were registered and that no registry kept, because it had their id already."""
    kept = {id(check) for registry in _REGISTRIES for _, check in registry.all_checks()}
    return [
        f"the check id {check.id} stands twice: checkov dropped {type(check).__module__}.{type(check).__name__}"
        for check in added
        if id(check) not in kept
    ]


def _unknown(configured: Configuration) -> list[str]:
    """Ids in the configuration that no check has; checkov runs, or skips, nothing for them and says so to nobody."""
    known = check_ids()
    problems = [
        f"{configured.path.name}: {option} names {id_}, which no check has"
        for option, ids in (("check", configured.only), ("skip-check", configured.skipped))
        for id_ in ids
        if id_ not in known
    ]
    if configured.only:
        problems.append(
            f"{configured.path.name}: check limits the run to {', '.join(configured.only)}: not everything is checked"
        )
    return problems


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What checkov logs about checks and files that it then forgets."""
    messages: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if record.levelno >= logging.ERROR or "Skipping" in text:
                messages.append(f"checkov: {text.partition(chr(10))[0]}{_cause(record)}")

    listener = Listener(logging.WARNING)
    root = logging.getLogger()
    kept = root.level, root.manager.disable
    # LOG_LEVEL in somebody's shell, or a library, may have silenced what must be heard here.
    root.setLevel(logging.WARNING)
    logging.disable(logging.NOTSET)
    root.addHandler(listener)
    try:
        yield messages
    finally:
        root.removeHandler(listener)
        root.setLevel(kept[0])
        logging.disable(kept[1])


def _cause(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return f" ({type(error).__name__}: {error})" if error else ""
