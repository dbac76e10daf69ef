"""From a verdict to a judgement: where each finding stands, which waiver covers it, which waivers are of no use."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from policies.budgets import Sum, sums, unstated
from policies.judge import Finding, Verdict, judge
from policies.judgement import Check, Found, Judgement
from policies.model.deployment import Deployment, Resource
from policies.model.locations import Places
from policies.rule import ANY, Rule
from policies.waivers import Waiver


@dataclass(frozen=True)
class Told:
    """What one judge says: ours, or another scanner. Its findings have no waivers yet."""

    checks: tuple[Check, ...] = ()
    findings: tuple[Found, ...] = ()
    problems: tuple[str, ...] = ()


def assess(
    deployment: Deployment,
    rules: Sequence[Rule],
    waivers: Sequence[Waiver],
    on: date,
    *,
    strict: bool = False,
    also: Told | None = None,
) -> Judgement:
    """Judge a deployment by ``rules``, together with what another scanner says of it.

    A rule that judges nothing although there are resources of its types is a problem if the answer must be complete
    (``strict``), and a note otherwise. A waiver counts for both judges: it is unused only if neither needs it.
    """
    verdict = judge(deployment, rules)
    # What a setting leaves out has no findings, and its waivers are not missed.
    waivers = [waiver for waiver in waivers if not waiver.about or deployment.resources(waiver.about)]
    ours, theirs = told(verdict), also or Told()
    budgets, unknown = _budgets(deployment)
    checks = (*ours.checks, *theirs.checks)
    findings, covered = _waived((*ours.findings, *theirs.findings), waivers, rules, on)
    idle = tuple(_idle(verdict, strict=strict))
    return Judgement(
        deployment=deployment,
        checks=checks,
        findings=findings,
        waivers=tuple((waiver, covered[waiver]) for waiver in waivers),
        problems=(
            *ours.problems,
            *theirs.problems,
            *unknown,
            *(idle if strict else ()),
            *_faults(covered, {check.id for check in checks}, rules, on),
        ),
        budgets=budgets,
        on=on,
        notes=(*_notes(deployment), *(unstated(deployment) if strict else idle)),
    )


def told(verdict: Verdict) -> Told:
    """A verdict in the form that reports are made from."""
    failed = {id_: sum(map(bool, answers.values())) for id_, answers in verdict.answers.items()}
    checks = {rule.id: _check(rule, verdict.judged[rule.id], failed[rule.id]) for rule in verdict.rules}
    places = Places()
    findings = tuple(_found(finding, checks[finding.rule.id], places) for finding in verdict.findings)
    return Told(tuple(checks.values()), findings, verdict.problems)


def found(check: Check, resource: Resource, message: str, places: Places) -> Found:
    """Something that a check found wrong with a resource, with its place."""
    file, lines = places.of(resource)
    return Found(
        check=check,
        stack=resource.stack.name,
        address=resource.address,
        path=resource.path,
        file=_relative(file, resource.deployment.folder) if file else "",
        lines=lines,
        source=resource.source,
        message=message,
        waiver=None,
    )


def _found(finding: Finding, check: Check, places: Places) -> Found:
    return found(check, finding.resource, finding.message, places)


def _relative(file: Path, place: Path) -> str:
    folder = place if place.is_dir() else place.parent
    return Path(os.path.relpath(file, folder)).as_posix()


def _check(rule: Rule, judged: Sequence[Resource], failed: int) -> Check:
    return Check(
        id=rule.id,
        title=rule.title,
        family=rule.family,
        severity=rule.severity.value,
        controls=rule.controls,
        risk=rule.risk,
        remediation=rule.remediation,
        guideline="",
        judged=len(judged),
        failed=failed,
        evidence=tuple(resource.path for resource in judged),
    )


# Waivers


def _waived(
    findings: Iterable[Found], waivers: Sequence[Waiver], rules: Sequence[Rule], on: date
) -> tuple[tuple[Found, ...], dict[Waiver, int]]:
    """The findings, those that a waiver covers with it; and how many each waiver covers."""
    never = _unwaivable(rules)
    counted = dict.fromkeys(waivers, 0)
    by_rule: dict[str, list[Waiver]] = {}
    for waiver in waivers:
        if waiver.rule not in never and not _expired(waiver, on):
            by_rule.setdefault(waiver.rule, []).append(waiver)
    result = []
    for one in findings:
        covering = [w for w in by_rule.get(one.check.id, ()) if w.covers(one.check.id, one.path)]
        for waiver in covering:
            counted[waiver] += 1
        result.append(replace(one, waiver=covering[0]) if covering else one)
    return tuple(result), counted


def _faults(covered: dict[Waiver, int], known: Collection[str], rules: Sequence[Rule], on: date) -> Iterator[str]:
    """Why waivers cannot be used."""
    never = _unwaivable(rules)
    for waiver, count in covered.items():
        if waiver.rule not in known:
            yield f"the waiver of {waiver} names a rule that nobody knows"
        elif waiver.rule in never:
            yield f"the waiver of {waiver} is void: this rule cannot be waived"
        elif _expired(waiver, on):
            yield f"the waiver of {waiver} expired on {waiver.expires}: fix it, or {waiver.owner} argues it again"
        elif not count:
            yield f"the waiver of {waiver} covers nothing any more: delete it"


def _unwaivable(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(rule.id for rule in rules if not rule.waivable)


def _expired(waiver: Waiver, on: date) -> bool:
    """The last day still counts."""
    return on > waiver.expires


# What was not judged


def _budgets(deployment: Deployment) -> tuple[tuple[Sum, ...], tuple[str, ...]]:
    """The recovery times and points as sums, and why there are none."""
    try:
        return sums(deployment), ()
    except Exception as error:  # noqa: BLE001  # whatever it throws, nothing is promised
        return (), (f"the budgets could not be added up: {type(error).__name__}: {error}",)


def _idle(verdict: Verdict, *, strict: bool) -> Iterator[str]:
    """Rules that judged nothing although there are resources of their types.

    A rule for any type looks for something in particular, which anyone's deployment may lack.
    """
    for rule in verdict.rules:
        if verdict.judged[rule.id] or (ANY in rule.judges.types and not strict):
            continue
        blocks = [block for mode in rule.judges.modes for block in verdict.deployment.blocks_by_mode.get(mode, ())]
        kinds = sorted({b.type for b in blocks if ANY in rule.judges.types or b.type in rule.judges.types})
        if kinds:
            more = f" and {len(kinds) - 3} more" if len(kinds) > 3 else ""
            yield (f"{rule.id} judged nothing, although there are resources of its kind: {', '.join(kinds[:3])}{more}")


def _notes(deployment: Deployment) -> Iterator[str]:
    planned = [stack.name for stack in deployment.stacks if stack.planned]
    if planned:
        yield (
            f"{', '.join(planned)}: a plan tells neither lifecycle blocks nor the backend, "
            "so nothing is said about them that holds"
        )
    placeless = [r for r in deployment.resources() if r.type.startswith("aws_") and r.region is None]
    if placeless:
        others = f" and {len(placeless) - 1} more" if len(placeless) > 1 else ""
        yield (
            f"the region of {placeless[0].path}{others} is known only to the environment or to Terraform: "
            "what depends on it cannot be promised"
        )
