"""``--json``: the whole judgement for programs.

One object. A key is never dropped or given another meaning without raising ``schema``; new keys may come.

- ``schema``: 1
- ``tool``: ``name`` and ``version`` of what judged
- ``passed``: the verdict, ``on`` which day, of which ``folder`` (its name)
- ``counts``: ``stacks``, ``resources`` (managed ones), ``checks``, ``judged`` (a check asked about a resource, in
  total), ``findings``, ``open`` and ``waived`` ones, ``problems``
- ``regions``: the names of the ``primary`` and the ``standby``, null where nothing says so, and ``all`` regions
- ``stacks``: each with ``name``, ``files``, ``dependencies``, ``regions`` and ``resources`` (a count)
- ``families``: each with ``name``, ``promise``, and its ``checks``, ``judged``, ``open`` and ``waived`` as counts
- ``checks``: each with ``id``, ``title``, ``family``, ``builtin``, ``severity`` (``critical``, ``high``, ``medium``,
  ``low``; null for the built-in ones), ``controls``, ``risk``, ``remediation``, ``guideline``, ``outcome``
  (``failed``, ``waived``, ``passed``, or ``idle`` if there was nothing to judge), ``judged``, ``open``, ``waived``
  (counts of resources) and ``evidence`` (the construct paths of what was judged)
- ``findings``: each with ``check`` (its id), ``severity``, ``stack``, ``address``, ``path`` (of the construct),
  ``file`` (Terraform JSON, relative to the folder) and ``lines`` in it (first and last, or null), ``source``
  (``file`` and ``line`` of the Python that made it, or null), ``message``, ``remediation`` and ``waiver``: null if it
  is open, else ``rule``, ``resource``, ``reason``, ``owner``, ``expires``
- ``waivers``: the same fields, and how many ``findings`` each covers
- ``problems``: sentences; why not everything was judged
- ``notes``: sentences that change no verdict
- ``budgets``: each with ``promise``, ``objective`` (``RTO`` or ``RPO``), ``subject``, ``budget_seconds``, ``seconds``
  (of the known terms), ``complete`` (all terms are known), ``within_budget``, and its ``terms`` and those ``outside``
  the sum, each with ``label``, ``seconds`` (or null) and ``origin``

The text is ASCII, so that whatever a resource is called, any program can read it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from policies.budgets import Sum, Term
from policies.judgement import Found, Judgement
from policies.model.deployment import Stack
from policies.reports import TOOL, VERSION
from policies.reports.summary import Counted, Family, Summary, managed
from policies.waivers import Waiver

SCHEMA: Final = 1


def render(judgement: Judgement) -> str:
    """The object, indented."""
    return json.dumps(document(judgement), indent=2, ensure_ascii=True, allow_nan=False)


def document(judgement: Judgement) -> dict[str, Any]:
    """The object as the module describes it."""
    summary, deployment = Summary(judgement), judgement.deployment
    return {
        "schema": SCHEMA,
        "tool": {"name": TOOL, "version": VERSION},
        "passed": judgement.passed,
        "on": judgement.on.isoformat(),
        "folder": summary.folder,
        "counts": {
            "stacks": len(deployment.stacks),
            "resources": summary.resources,
            "checks": len(judgement.checks),
            "judged": summary.judged,
            "findings": len(judgement.findings),
            "open": len(judgement.open),
            "waived": len(judgement.findings) - len(judgement.open),
            "problems": len(judgement.problems),
        },
        "regions": {
            "primary": deployment.primary,
            "standby": deployment.standby,
            "all": sorted(deployment.regions),
        },
        "stacks": [_stack(summary, stack) for stack in deployment.stacks],
        "families": [_family(family) for family in summary.families],
        "checks": [_check(counted) for family in summary.families for counted in family.checks],
        "findings": [_found(found) for group in (*summary.open, *summary.waived) for found in group.findings],
        "waivers": [{**_waiver(waiver), "findings": count} for waiver, count in judgement.waivers],
        "problems": list(judgement.problems),
        "notes": list(judgement.notes),
        "budgets": [_sum(sum_) for sum_ in judgement.budgets],
    }


def _stack(summary: Summary, stack: Stack) -> dict[str, Any]:
    place = summary.judgement.deployment.folder
    folder = place.parent if place.is_file() else place
    return {
        "name": stack.name,
        "files": [
            (file.relative_to(folder) if file.is_relative_to(folder) else file).as_posix() for file in stack.files
        ],
        "dependencies": list(stack.dependencies),
        "regions": summary.regions(stack),
        "resources": len(managed(stack)),
    }


def _family(family: Family) -> dict[str, Any]:
    return {
        "name": family.name,
        "promise": family.promise,
        "checks": len(family.checks),
        "judged": family.judged,
        "open": family.open,
        "waived": family.waived,
    }


def _check(counted: Counted) -> dict[str, Any]:
    check = counted.check
    return {
        "id": check.id,
        "title": check.title,
        "family": check.family,
        "builtin": check.builtin,
        "severity": check.severity or None,
        "controls": list(check.controls),
        "risk": check.risk,
        "remediation": check.remediation,
        "guideline": check.guideline,
        "outcome": counted.outcome,
        "judged": check.judged,
        "open": counted.open,
        "waived": counted.waived,
        "evidence": list(check.evidence),
    }


def _found(found: Found) -> dict[str, Any]:
    return {
        "check": found.check.id,
        "severity": found.check.severity or None,
        "stack": found.stack,
        "address": found.address,
        "path": found.path,
        "file": found.file,
        "lines": list(found.lines) if found.lines else None,
        "source": {"file": found.source.file, "line": found.source.line} if found.source else None,
        "message": found.message,
        "remediation": found.check.remediation,
        "waiver": _waiver(found.waiver) if found.waiver else None,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "rule": waiver.rule,
        "resource": waiver.resource,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires.isoformat(),
    }


def _sum(sum_: Sum) -> dict[str, Any]:
    return {
        "promise": sum_.promise,
        "objective": sum_.objective,
        "subject": sum_.subject,
        "budget_seconds": sum_.budget_seconds,
        "seconds": sum_.seconds,
        "complete": sum_.complete,
        "within_budget": sum_.within_budget,
        "terms": [_term(term) for term in sum_.terms],
        "outside": [_term(term) for term in sum_.outside],
    }


def _term(term: Term) -> dict[str, Any]:
    return {"label": term.label, "seconds": term.seconds, "origin": term.origin}
