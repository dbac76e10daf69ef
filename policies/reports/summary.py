"""A judgement in the order in which people read it; every report is made from this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from policies import rules
from policies.judgement import Check, Found, Judgement
from policies.model.deployment import Resource, Stack
from policies.reports.text import counted

SEVERITIES: Final = ("critical", "high", "medium", "low", "")
"""Worst first; the built-in checks have none."""

BUILTIN: Final = "checkov"
_BUILTIN_PROMISE: Final = "checkov, built in: what it asks of anyone's Terraform."


Outcome = Literal["failed", "waived", "passed", "idle"]
"""``idle`` if there was nothing to judge, which is no pass."""


@dataclass(frozen=True)
class Counted:
    """A check and, of the resources that it judged, how many it found something open or only waived things on."""

    check: Check
    open: int
    waived: int

    @property
    def outcome(self) -> Outcome:
        """What it says of all that it judged."""
        if self.open:
            return "failed"
        if self.waived:
            return "waived"
        return "passed" if self.check.judged else "idle"


@dataclass(frozen=True)
class Family:
    """The checks of a family, and what the family promises."""

    name: str
    promise: str
    checks: tuple[Counted, ...]
    title: str = ""

    @property
    def judged(self) -> int:
        """How often one of its checks was asked about a resource."""
        return sum(counted.check.judged for counted in self.checks)

    @property
    def open(self) -> int:
        """How often the answer was no."""
        return sum(counted.open for counted in self.checks)

    @property
    def waived(self) -> int:
        """How often it was no, and stays."""
        return sum(counted.waived for counted in self.checks)

    @property
    def outcome(self) -> Outcome:
        """What its checks say together."""
        return together(self.checks)


@dataclass(frozen=True)
class Group:
    """What one check found."""

    check: Check
    findings: tuple[Found, ...]

    @property
    def places(self) -> list[list[Found]]:
        """The findings by resource, in order."""
        places: dict[tuple[str, str], list[Found]] = {}
        for found in self.findings:
            places.setdefault((found.stack, found.address), []).append(found)
        return list(places.values())


def together(checks: Iterable[Counted]) -> Outcome:
    """What several checks say: the worst that one of them says."""
    outcomes: set[Outcome] = {counted.outcome for counted in checks}
    order: tuple[Outcome, ...] = ("failed", "waived", "passed")
    return next((outcome for outcome in order if outcome in outcomes), "idle")


def titled(name: str, docstring: str) -> tuple[str, str]:
    """A family's title and promise, of a docstring such as ``Health and routing: the checks and records …``."""
    first = " ".join(docstring.partition("\n\n")[0].split())
    title, colon, promise = first.partition(": ")
    if not colon:
        return name.replace("_", " ").capitalize(), first
    return title, promise[:1].upper() + promise[1:]


def rank(check: Check) -> int:
    """Worst first."""
    return SEVERITIES.index(check.severity) if check.severity in SEVERITIES else len(SEVERITIES)


class Summary:
    """The judgement, grouped and counted."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Our families by name, then the built-in checks."""
        promises = {**rules.families(), BUILTIN: _BUILTIN_PROMISE}
        checks: dict[str, list[Counted]] = {}
        for check in sorted(self.judgement.checks, key=lambda check: (check.builtin, check.family, check.id)):
            checks.setdefault(check.family, []).append(self.counted(check))
        return tuple(
            Family(name, promise, tuple(members), title)
            for name, members in checks.items()
            for title, promise in [titled(name, promises.get(name, ""))]
        )

    @cached_property
    def open(self) -> tuple[Group, ...]:
        """What is open, worst first."""
        return self._grouped(self.judgement.open)

    @cached_property
    def waived(self) -> tuple[Group, ...]:
        """What stays."""
        return self._grouped(tuple(found for found in self.judgement.findings if found.waiver is not None))

    def counted(self, check: Check) -> Counted:
        """A check with its resources counted: a resource with anything open on it is not a waived one."""
        return Counted(check, len(self._open_on.get(check.id, ())), len(self._waived_on.get(check.id, ())))

    @cached_property
    def _open_on(self) -> dict[str, set[tuple[str, str]]]:
        return _subjects(self.judgement.open)

    @cached_property
    def _waived_on(self) -> dict[str, set[tuple[str, str]]]:
        waived = _subjects(tuple(found for found in self.judgement.findings if found.waiver is not None))
        return {check: subjects - self._open_on.get(check, set()) for check, subjects in waived.items()}

    @cached_property
    def judged(self) -> int:
        """How many questions were asked and answered."""
        return sum(check.judged for check in self.judgement.checks)

    @cached_property
    def resources(self) -> int:
        """How many managed resources there are."""
        return len(self.judgement.deployment.resources())

    @property
    def folder(self) -> str:
        """The name of what was judged, without the path of one machine."""
        return self.judgement.deployment.folder.resolve().name

    def regions(self, stack: Stack) -> list[str]:
        """The regions that a stack has resources in, the fullest first."""
        count = Counter(resource.region for resource in managed(stack) if resource.region)
        return sorted(count, key=lambda region: (-count[region], region))

    @property
    def verdict(self) -> str:
        """In a few words, beginning with ``passed`` or ``FAILED``."""
        judgement = self.judgement
        counts = []
        if judgement.problems:
            counts.append(counted(len(judgement.problems), "problem"))
        if judgement.open:
            counts.append(counted(len(judgement.open), "open finding"))
        if judgement.passed:
            counts += [f"{self.judged:,} judged", "0 open"]
        if len(judgement.findings) > len(judgement.open):
            counts.append(f"{len(judgement.findings) - len(judgement.open):,} waived")
        return f"{'passed' if judgement.passed else 'FAILED'} ({', '.join(counts)})"

    @staticmethod
    def _grouped(findings: tuple[Found, ...]) -> tuple[Group, ...]:
        groups: dict[str, list[Found]] = {}
        for found in sorted(findings, key=lambda f: (rank(f.check), f.check.id, f.path, f.stack, f.address)):
            groups.setdefault(found.check.id, []).append(found)
        return tuple(Group(group[0].check, tuple(group)) for group in groups.values())


def managed(stack: Stack) -> list[Resource]:
    """The managed resources of a stack and of its modules."""
    return [resource for scope in stack.scopes for resource in scope.resources.values() if resource.mode == "resource"]


def _subjects(findings: tuple[Found, ...]) -> dict[str, set[tuple[str, str]]]:
    subjects: dict[str, set[tuple[str, str]]] = {}
    for found in findings:
        subjects.setdefault(found.check.id, set()).add((found.stack, found.address))
    return subjects
