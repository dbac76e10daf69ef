"""What the gate says about a deployment, in the form that every report is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policies.budgets import Sum
from policies.model.deployment import Deployment, Source
from policies.model.locations import Lines
from policies.waivers import Waiver


@dataclass(frozen=True)
class Check:
    """A rule of ours, or a built-in check of checkov, and what came of it."""

    id: str
    title: str
    family: str
    """``checkov`` for the built-in ones."""
    severity: str
    """``critical``, ``high``, ``medium`` or ``low``; empty for the built-in ones, which have none offline."""
    controls: tuple[str, ...]
    risk: str
    remediation: str
    guideline: str
    """The address of a page about it, or empty."""
    judged: int
    """How many resources it was asked about."""
    failed: int
    """How many of them it found something wrong with, waived or not."""
    evidence: tuple[str, ...] = ()
    """The construct paths of the resources that it was asked about."""

    @property
    def builtin(self) -> bool:
        """Whether checkov brings it."""
        return self.family == "checkov"


@dataclass(frozen=True)
class Found:
    """One thing wrong with one resource."""

    check: Check
    stack: str
    address: str
    path: str
    """The construct path, or stack and address."""
    file: str
    """The Terraform JSON, relative to the folder that was judged."""
    lines: Lines | None
    source: Source | None
    """The Python line that made the resource, if the synth recorded one."""
    message: str
    waiver: Waiver | None


@dataclass(frozen=True)
class Judgement:
    """The whole verdict. It passed if nothing is open and nothing makes it untrustworthy."""

    deployment: Deployment
    checks: tuple[Check, ...]
    findings: tuple[Found, ...]
    waivers: tuple[tuple[Waiver, int], ...]
    """Each waiver and how many findings it covers."""
    problems: tuple[str, ...]
    """Sentences: why not everything was judged, or why the waivers cannot be used."""
    budgets: tuple[Sum, ...]
    on: date
    notes: tuple[str, ...] = ()
    """Sentences that do not change the verdict, such as what a plan cannot tell."""

    @property
    def open(self) -> tuple[Found, ...]:
        """Findings without a waiver."""
        return tuple(found for found in self.findings if found.waiver is None)

    @property
    def passed(self) -> bool:
        """The verdict."""
        return not self.open and not self.problems
