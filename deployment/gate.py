"""``make gate``: checkov with its built-in checks over the synthesized Terraform, failing closed.

checkov answers "no findings" to a file it could not read, to an empty folder and to a check that crashed. So its
verdict counts only if it has read every resource of every stack that the manifest names.
"""

from __future__ import annotations

import logging
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from deployment import synthesis
from deployment.console import say, table
from deployment.errors import DeploymentError
from deployment.places import ROOT
from deployment.synthesis import Stack

ACCEPTED = ROOT / "policies" / "accepted.toml"


@dataclass(frozen=True)
class Accepted:
    """A finding that stays, with the reason."""

    check: str
    resource: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether this entry speaks of that finding."""
        return self.check == finding.check and fnmatchcase(finding.path, self.resource)


@dataclass(frozen=True)
class Finding:
    """A check that a resource failed."""

    check: str
    title: str
    path: str


@dataclass(frozen=True)
class Scan:
    """What checkov has seen, and what it says about it."""

    passed: int
    findings: list[Finding]
    resources: dict[Path, int]
    errors: list[str]


def run(folder: Path, accepted_file: Path = ACCEPTED) -> None:
    """Judge a synth output.

    Raises:
        DeploymentError: it did not pass, or could not be judged in full.
    """
    stacks = synthesis.read(folder)
    accepted = read_accepted(accepted_file)
    problems = unreadable(stacks)
    if not problems:
        scanned = scan(folder)
        problems = incomplete(stacks, scanned)
    if problems:
        raise DeploymentError("gate: FAILED, because not everything was checked\n" + _listed(problems))
    open_findings = [f for f in scanned.findings if not any(entry.covers(f) for entry in accepted)]
    unused = [entry for entry in accepted if not any(entry.covers(f) for f in scanned.findings)]
    say(_summary(stacks, scanned, accepted, open_findings))
    if open_findings:
        say()
        say(table(("check", "resource", "what it asks"), [(f.check, f.path, f.title) for f in open_findings]))
    verdict = (
        [f"{len(open_findings)} open findings: fix the resource, or accept with a reason"] if open_findings else []
    )
    verdict += [f"accepted, but nothing needs it any more: {e.check} on {e.resource}; delete the entry" for e in unused]
    if verdict:
        raise DeploymentError(f"gate: FAILED ({accepted_file.name} lists what is accepted)\n" + _listed(verdict))
    say("gate: passed")


def unreadable(stacks: list[Stack]) -> list[str]:
    """Stacks without content, or whose file is no Terraform JSON."""
    problems = [] if stacks else ["the manifest names no stack"]
    for stack in stacks:
        try:
            if not stack.resources():
                problems.append(f"{stack.name}: {stack.file.name} holds no resource")
        except FileNotFoundError:
            problems.append(f"{stack.name}: the manifest names {stack.file}, which is not there")
        except (ValueError, AttributeError, TypeError) as error:
            problems.append(f"{stack.name}: {stack.file} cannot be parsed: {error}")
    return problems


def incomplete(stacks: list[Stack], scanned: Scan) -> list[str]:
    """What checkov should have seen and did not."""
    problems = list(scanned.errors)
    for stack in stacks:
        expected, seen = len(stack.resources()), scanned.resources.get(stack.file.resolve(), 0)
        if seen < expected:
            problems.append(f"{stack.name}: {expected} resources were synthesized, checkov read {seen}")
    if not scanned.passed and not scanned.findings:
        problems.append("checkov evaluated no check at all")
    return problems


def scan(folder: Path) -> Scan:
    """Run checkov on the folder, in this process: what it parsed can be counted only from inside."""
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415  # two seconds of imports
    from checkov.terraform_json.runner import TerraformJsonRunner  # noqa: PLC0415

    complaints = _Complaints()
    logging.getLogger().addHandler(complaints)
    try:
        runner = TerraformJsonRunner()
        report: Any = runner.run(
            root_folder=str(folder), runner_filter=RunnerFilter(framework=["terraform_json"], show_progress_bar=False)
        )
    except Exception as error:  # noqa: BLE001  # whatever a check threw, the verdict is "not checked"
        return Scan(0, [], {}, [f"checkov stopped: {type(error).__name__}: {error}"])
    finally:
        logging.getLogger().removeHandler(complaints)
    errors = [f"checkov could not parse {path}" for path in report.parsing_errors] + complaints.messages
    read = {Path(path).resolve(): len(blocks.get("resource", [])) for path, blocks in runner.definitions.items()}
    return Scan(len(report.passed_checks), _findings(folder, report.failed_checks), read, errors)


def read_accepted(path: Path) -> list[Accepted]:
    """The reviewed list.

    Raises:
        DeploymentError: an entry lacks a field, or has one too many.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
        accepted = [Accepted(**entry) for entry in entries]
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise DeploymentError(f"gate: {path.name} cannot be used: {error}") from None
    for entry in accepted:
        if not entry.reason.strip():
            raise DeploymentError(f"gate: {path.name}: {entry.check} on {entry.resource} has no reason")
    twice = [key for key, count in Counter((e.check, e.resource) for e in accepted).items() if count > 1]
    if twice:
        raise DeploymentError(f"gate: {path.name}: listed twice: {', '.join(' on '.join(key) for key in twice)}")
    return accepted


class _Complaints(logging.Handler):
    """A check that crashes is logged by checkov and otherwise forgotten."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"checkov: {record.getMessage()}")


def _findings(folder: Path, records: list[Any]) -> list[Finding]:
    """checkov's records with the construct path instead of its ambiguous resource name."""
    by_file = {f"/{stack.file.relative_to(folder)}": stack for stack in synthesis.read(folder)}
    found = []
    for record in records:
        name = str(record.resource).rpartition(".")[2]
        stack = by_file.get(record.file_path)
        paths = (
            [stack.construct_path(f"{kind}.{known}") for kind, known, _ in stack.resources() if known == name]
            if stack
            else []
        )
        named = sorted({path for path in paths if path})
        found.append(Finding(record.check_id, record.check_name, named[0] if named else f"{record.file_path}:{name}"))
    return sorted(found, key=lambda finding: (finding.check, finding.path))


def _summary(stacks: list[Stack], scanned: Scan, accepted: list[Accepted], still_open: list[Finding]) -> str:
    rows = [(stack.name, str(len(stack.resources()))) for stack in stacks]
    counted = f"checks: {scanned.passed} passed, {len(scanned.findings) - len(still_open)} accepted"
    entries = f"({len(accepted)} entries), {len(still_open)} open"
    return f"{table(('stack', 'resources read'), rows)}\n{counted} {entries}"


def _listed(problems: list[str]) -> str:
    return "\n".join(f"  - {problem}" for problem in problems)
