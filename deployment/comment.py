"""``make comment``: what a pull request is told, as Markdown, from what ``make gate`` and ``make preview`` kept.

On GitHub it is the summary of the run as well, which a pull request from a fork has and a comment it has not.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployment import places, preview
from deployment.console import say
from deployment.errors import DeploymentError

MARK = "<!-- tap: gate and plan -->"
"""By which the workflow finds the comment again."""

LONGEST = 65_536
"""Characters in a comment; GitHub refuses more: body is too long (maximum is 65536 characters)."""

_ROOM_FOR_FINDINGS = 20_000


def place() -> Path:
    """Where the comment is written."""
    return places.home() / "comment.md"


def write() -> None:
    """Write the comment.

    Raises:
        DeploymentError: there is neither a verdict nor a plan.
    """
    verdict, plan = _read(places.home() / "gate" / "gate.json"), _read(preview.plan_file())
    if verdict is None and plan is None:
        raise DeploymentError("comment: there is nothing to tell yet: run `make gate`, `make preview` or both")
    text = render(None if verdict is None else json.loads(verdict), plan)
    place().write_text(text, encoding="utf-8")
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as page:
            page.write(text)
    say(f"comment      {places.shown(place())}")


def render(judged: dict[str, Any] | None, plan: str | None) -> str:
    """The comment: the gate's verdict, then the plan as far as there is room."""
    parts = [MARK, *(_verdict(judged) if judged else ["### Gate", "Nothing was judged: see the log of the run."])]
    head = "\n\n".join(parts)
    return f"{head}\n\n{_plan(plan, LONGEST - len(head) - 500)}\n"


def _verdict(judged: dict[str, Any]) -> Iterator[str]:
    counts = judged["counts"]
    yield f"### Gate: {'passed' if judged['passed'] else 'FAILED'}"
    yield (
        f"{counts['resources']} resources in {counts['stacks']} stacks, {counts['checks']} checks, asked "
        f"{counts['judged']} times: {counts['open']} open findings, {counts['waived']} waived."
    )
    if judged["problems"]:
        yield "Not everything could be judged:\n" + _fenced("\n".join(judged["problems"]), _ROOM_FOR_FINDINGS)
    wrong = [finding for finding in judged["findings"] if finding["waiver"] is None]
    if wrong:
        yield _fenced("\n".join(_finding(finding) for finding in wrong), _ROOM_FOR_FINDINGS)
    yield _families(judged["families"])


def _finding(finding: dict[str, Any]) -> str:
    source = finding["source"]
    where = f"{source['file']}:{source['line']}" if source else finding["file"]
    return f"{where}: {finding['check']}: {finding['address']}: {finding['message']}"


def _families(families: list[dict[str, Any]]) -> str:
    rows = [
        f"| {re.sub(r'[^ -~]|[|<>`@]', ' ', family['name'])} | {family['checks']} | {family['judged']} "
        f"| {family['open']} | {family['waived']} |"
        for family in families
    ]
    return "\n".join(["| family | checks | judged | open | waived |", "|---|--:|--:|--:|--:|", *rows])


def _plan(plan: str | None, room: int) -> str:
    if plan is None:
        return "### Plan\n\nThere is none: see the log of the run."
    told = re.findall(r"^== (A deploy would change.+)$", plan, re.MULTILINE)
    verdict = told[-1].removeprefix("A deploy would change").strip(": ") if told else "unknown: the plan did not finish"
    return (
        f"### A merge would change {verdict}\n\n"
        "<details><summary>The plan, against the base deployed to the embedded AWS</summary>\n\n"
        f"{_fenced(plan.strip(), room)}\n\n</details>"
    )


def _fenced(text: str, room: int) -> str:
    """As text, whatever it holds: a fence that is longer than any in it. What has no room is left out, and said so."""
    if len(text) > room:
        text = text[:room].rpartition("\n")[0] + "\n[…] the rest is in the log of the run"
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}text\n{text}\n{fence}"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
