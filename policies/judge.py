"""Asks every rule about every resource of its kind, and answers only if all of them were asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from policies.model.deployment import Deployment, Resource
from policies.rule import Rule


@dataclass(frozen=True)
class Finding:
    """A resource that breaks a rule."""

    rule: Rule
    resource: Resource
    message: str


@dataclass(frozen=True)
class Verdict:
    """What the rules say about a deployment."""

    deployment: Deployment
    rules: tuple[Rule, ...]
    judged: dict[str, tuple[Resource, ...]]
    """By rule id: the resources that it was asked about."""
    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    """Why the verdict cannot be trusted; empty if it can."""

    @cached_property
    def answers(self) -> dict[str, dict[tuple[str, str], list[str]]]:
        """By rule id, and by stack and address of each resource that was judged: what is wrong with it."""
        found: dict[str, dict[tuple[str, str], list[str]]] = {
            id_: {resource.key: [] for resource in resources} for id_, resources in self.judged.items()
        }
        for finding in self.findings:
            found[finding.rule.id][finding.resource.key].append(finding.message)
        return found


def judge(deployment: Deployment, rules: Sequence[Rule]) -> Verdict:
    """Judge a deployment. A rule that raises is a problem, never a pass."""
    judged: dict[str, tuple[Resource, ...]] = {}
    findings: list[Finding] = []
    problems = list(deployment.problems)
    for rule in rules:
        try:
            members = rule.judges.members(deployment)
        except Exception as error:  # noqa: BLE001  # whatever a rule throws, the verdict is "not judged"
            problems.append(f"{rule.id} raised {_told(error)} while it looked for what to judge")
            members = []
        judged[rule.id] = tuple(members)
        for resource in members:
            try:
                findings += [Finding(rule, resource, message) for message in rule.check(resource)]
            except Exception as error:  # noqa: BLE001
                problems.append(f"{rule.id} raised {_told(error)} on {resource.path}")
    return Verdict(deployment, tuple(rules), judged, tuple(findings), tuple(problems))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
