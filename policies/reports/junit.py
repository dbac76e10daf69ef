"""JUnit XML, for CI: a suite per family, in it a case per check; one per resource where a check found something.

A finding is a failure, a waived one is skipped with its reason, and what kept the gate from judging is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from policies.judgement import Found, Judgement
from policies.reports import TOOL
from policies.reports.summary import Counted, Group, Summary
from policies.reports.text import clean, counted, line

_GATE: Final = "gate"


@dataclass(frozen=True)
class _Case:
    """A test case; ``outcome`` is the element that says so, None if it passed."""

    suite: str
    name: str
    outcome: str | None = None
    message: str = ""
    details: str = ""
    found: Found | None = None


def render(judgement: Judgement) -> str:
    """The document, indented."""
    summary = Summary(judgement)
    suites: dict[str, list[_Case]] = {_GATE: list(_gate(summary))}
    for family in summary.families:
        suites[family.name] = [case for check in family.checks for case in _cases(summary, check)]
    root = ET.Element("testsuites", {"name": TOOL, **_counts([case for cases in suites.values() for case in cases])})
    for name, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": clean(f"{TOOL}.{name}"), **_counts(cases)})
        suite.set("timestamp", f"{judgement.on}T00:00:00")
        for case in cases:
            _write(suite, case)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False)


def _gate(summary: Summary) -> Iterator[_Case]:
    """Whether everything was judged: one case, or one per problem."""
    problems = summary.judgement.problems
    if not problems:
        yield _Case(_GATE, "everything was judged")
    for problem in problems:
        yield _Case(_GATE, line(problem), "error", line(problem))


def _cases(summary: Summary, check: Counted) -> Iterator[_Case]:
    findings = tuple(found for group in (*summary.open, *summary.waived) for found in group.findings)
    group = Group(check.check, tuple(found for found in findings if found.check.id == check.check.id))
    suite, name = check.check.family, line(f"{check.check.id}: {check.check.title}")
    if not group.findings:
        idle = check.outcome == "idle"
        judged = "nothing of its kind to judge" if idle else f"{counted(check.check.judged, 'resource')} judged"
        yield _Case(suite, name, "skipped" if idle else None, judged)
    for place in group.places:
        yield _case(suite, name, place)


def _case(suite: str, name: str, findings: list[Found]) -> _Case:
    """A check on a resource: failed if anything is open, else skipped."""
    first = findings[0]
    still_open = [found for found in findings if found.waiver is None]
    full = f"{name} [{line(first.path)}]"
    if not still_open:
        waiver = first.waiver
        reason = f"waived until {waiver.expires} ({line(waiver.owner)}): {line(waiver.reason)}" if waiver else ""
        return _Case(suite, full, "skipped", reason, found=first)
    message = "; ".join(line(found.message) for found in still_open)
    details = [message, f"resource: {line(first.address)}", f"construct: {line(first.path)}"]
    if first.source:
        details.append(f"source: {line(str(first.source))}")
    lines = f":{first.lines[0]}-{first.lines[1]}" if first.lines else ""
    details.append(f"terraform: {line(first.file)}{lines}")
    for label, text in (
        ("severity", first.check.severity),
        ("risk", first.check.risk),
        ("do", first.check.remediation),
    ):
        if text:
            details.append(f"{label}: {line(text)}")
    return _Case(suite, full, "failure", message, "\n".join(details), first)


def _write(suite: ET.Element, case: _Case) -> None:
    element = ET.SubElement(suite, "testcase", {"classname": clean(f"{TOOL}.{case.suite}"), "name": case.name})
    if case.found is not None:
        place = case.found.source
        element.set("file", line(place.file if place else case.found.file))
        start = place.line if place else (case.found.lines or (1, 1))[0]
        element.set("line", str(start))
    if case.outcome is not None:
        outcome = ET.SubElement(element, case.outcome, {"message": case.message})
        if case.outcome != "skipped":
            outcome.set("type", case.found.check.severity or "finding" if case.found else "not judged")
        outcome.text = case.details or None
    elif case.message:
        ET.SubElement(element, "system-out").text = case.message


def _counts(cases: list[_Case]) -> dict[str, str]:
    def number(outcome: str) -> str:
        return str(sum(case.outcome == outcome for case in cases))

    return {
        "tests": str(len(cases)),
        "failures": number("failure"),
        "errors": number("error"),
        "skipped": number("skipped"),
        "time": "0",
    }
