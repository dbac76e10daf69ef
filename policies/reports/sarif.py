"""SARIF 2.1.0, for code scanning: each finding at the Python line that made the resource.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub reads of it and its limits:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support

GitHub does not know ``suppressions`` and would open an alert for each waived finding: give it ``waived=False``. The
hash of the Python line, by which it follows an alert, is added by its upload action, which has the file at hand.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from policies.judgement import Check, Found, Judgement
from policies.reports import TOOL, VERSION
from policies.reports.summary import Summary
from policies.reports.text import clean, line, shortened

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"

# https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit
MOST_RESULTS: Final = 25_000
MOST_TAGS: Final = 10
LONGEST_DESCRIPTION: Final = 1024

_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_BUILTIN_LEVEL: Final = "warning"
# GitHub calls over 9.0 critical, from 7.0 high, from 4.0 medium, and the rest low.
_SECURITY_SEVERITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}


def render(judgement: Judgement, *, waived: bool = True, root: Path | None = None) -> str:
    """One run. Files of the deployment are named relative to ``root`` (the working folder) if they are below it."""
    return json.dumps(document(judgement, waived=waived, root=root), indent=2, ensure_ascii=False)


def document(judgement: Judgement, *, waived: bool = True, root: Path | None = None) -> dict[str, Any]:
    """The log as an object."""
    log: dict[str, Any] = _cleaned(
        {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [_Run(judgement, waived=waived, root=root or Path()).document()],
        }
    )
    return log


class _Run:
    """The run, with the order of the rules, which results refer to."""

    def __init__(self, judgement: Judgement, *, waived: bool, root: Path) -> None:
        self.summary = Summary(judgement)
        self.judgement = judgement
        self.waived = waived
        self.checks = [counted.check for family in self.summary.families for counted in family.checks]
        self.index = {check.id: number for number, check in enumerate(self.checks)}
        self.seen: Counter[tuple[str, str, str]] = Counter()
        place, root = judgement.deployment.folder.resolve(), root.resolve()
        folder = place.parent if place.is_file() else place
        self.folder = PurePosixPath(folder.relative_to(root) if folder.is_relative_to(root) else folder.name)

    def document(self) -> dict[str, Any]:
        """The run as an object."""
        groups = (*self.summary.open, *(self.summary.waived if self.waived else ()))
        results = [self.result(found) for group in groups for found in group.findings]
        return {
            "tool": {"driver": {"name": TOOL, "semanticVersion": VERSION, "rules": [_rule(c) for c in self.checks]}},
            "automationDetails": {"id": f"{TOOL}/{self.summary.folder}/"},
            "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder that holds the sources."}}},
            "columnKind": "utf16CodeUnits",
            "invocations": [self.invocation(left_out=max(0, len(results) - MOST_RESULTS))],
            "results": results[:MOST_RESULTS],
        }

    def invocation(self, left_out: int) -> dict[str, Any]:
        """Whether everything was judged, and if not, why."""
        judgement = self.judgement
        notifications = [("error", problem) for problem in judgement.problems]
        notifications += [("note", note) for note in judgement.notes]
        if left_out:
            notifications.append(("error", f"{left_out} more findings are not listed: there may be {MOST_RESULTS}."))
        return {
            "executionSuccessful": not judgement.problems,
            "exitCode": 0 if judgement.passed else 1,
            "exitCodeDescription": self.summary.verdict,
            "toolExecutionNotifications": [
                {"level": level, "message": {"text": _plain(text)}} for level, text in notifications
            ],
        }

    def result(self, found: Found) -> dict[str, Any]:
        """One finding."""
        check = found.check
        result = {
            "ruleId": check.id,
            "ruleIndex": self.index[check.id],
            "kind": "fail",
            "level": _LEVELS.get(check.severity, _BUILTIN_LEVEL),
            "message": {"text": _message(found)},
            "locations": [self._location(found)],
            "relatedLocations": [self._terraform(found)],
            "partialFingerprints": {"tapFinding/v1": self._fingerprint(found)},
        }
        if found.waiver:
            waiver = found.waiver
            result["suppressions"] = [
                {
                    "kind": "external",
                    "status": "accepted",
                    "justification": f"{line(waiver.reason)} ({line(waiver.owner)}, until {waiver.expires})",
                }
            ]
        return result

    def _location(self, found: Found) -> dict[str, Any]:
        """The Python line, or the Terraform JSON if nobody recorded one."""
        if found.source is None:
            place = self._lines(found)
        else:
            place = _physical(PurePosixPath(found.source.file), {"startLine": max(1, found.source.line)})
        return {"physicalLocation": place, "logicalLocations": _logical(found)}

    def _terraform(self, found: Found) -> dict[str, Any]:
        return {
            "id": 1,
            "message": {"text": f"{_plain(found.address)} in the Terraform of the stack {_plain(found.stack)}"},
            "physicalLocation": self._lines(found),
            "logicalLocations": _logical(found),
        }

    def _lines(self, found: Found) -> dict[str, Any]:
        start, end = found.lines or (1, 1)
        return _physical(self.folder / found.file, {"startLine": max(1, start), "endLine": max(1, start, end)})

    def _fingerprint(self, found: Found) -> str:
        """The same for the same finding in every run: of the promise and the resource, not of values or lines."""
        key = (found.check.id, found.stack, found.path)
        self.seen[key] += 1
        return hashlib.sha256("\0".join((*key, str(self.seen[key]))).encode("utf-8", "backslashreplace")).hexdigest()


def _rule(check: Check) -> dict[str, Any]:
    level = _LEVELS.get(check.severity, _BUILTIN_LEVEL)
    tags = ["security", check.family, *check.controls]
    properties: dict[str, Any] = {
        "tags": list(dict.fromkeys(line(tag) for tag in tags))[:MOST_TAGS],
        "precision": "high" if check.builtin else "very-high",
        "problem.severity": "recommendation" if level == "note" else level,
    }
    if check.severity in _SECURITY_SEVERITY:
        properties["security-severity"] = _SECURITY_SEVERITY[check.severity]
    about = [f"{check.title}.", check.risk]
    rule = {
        "id": check.id,
        "shortDescription": {"text": shortened(_plain(check.title), LONGEST_DESCRIPTION)},
        "fullDescription": {"text": shortened(" ".join(_plain(text) for text in about if text), LONGEST_DESCRIPTION)},
        "help": _help(check),
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }
    if not check.builtin:
        rule["name"] = "".join(word.title() for word in re.split(r"\W|_", check.id))
    if check.guideline.startswith(("https://", "http://")):
        rule["helpUri"] = quote(check.guideline, safe="/:?#[]@!$&'()*+,;=%~")
    return rule


def _help(check: Check) -> dict[str, str]:
    parts = [("Risk", check.risk), ("What to do", check.remediation), ("Controls", ", ".join(check.controls))]
    told = [(label, line(text)) for label, text in parts if text]
    if check.guideline and not told:
        told = [("Read", line(check.guideline))]
    if not told:
        told = [("Check", line(check.title))]
    return {
        "text": "\n".join(f"{label}: {text}" for label, text in told),
        "markdown": "\n\n".join(f"**{label}**: {_markdown(text)}" for label, text in told),
    }


def _message(found: Found) -> str:
    """What is wrong as the first sentence, which is all that GitHub shows where there is little room."""
    parts = [f"{_plain(found.message).rstrip('.')}.", f"{_plain(found.address)} ({_plain(found.path)})."]
    if found.check.remediation:
        parts.append(_plain(found.check.remediation))
    return " ".join(parts)


def _plain(text: str) -> str:
    """A plain text message may hold links, ``[text](target)``: what others wrote must not become one."""
    return line(text).replace("](", "] (")


def _markdown(text: str) -> str:
    """What others wrote, as text in GitHub's Markdown: no markup and no HTML."""
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", text)


def _physical(file: PurePosixPath, region: dict[str, int]) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(str(file).encode("utf-8", "backslashreplace"), safe="/"), "uriBaseId": _ROOT},
        "region": region,
    }


def _logical(found: Found) -> list[dict[str, str]]:
    return [
        {"name": line(found.address), "fullyQualifiedName": line(f"{found.stack}.{found.address}"), "kind": "resource"},
        {"name": line(found.path), "fullyQualifiedName": line(found.path), "kind": "construct"},
    ]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
