"""For people at a terminal: what was judged, what is wrong and what to do, and the verdict in the last line."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from policies.budgets import Sum, Term
from policies.judgement import Found, Judgement
from policies.reports.summary import Group, Summary, managed
from policies.reports.text import line, seconds, shortfall, total
from policies.waivers import Waiver

NARROWEST: Final = 60
WIDEST: Final = 160
"""Lines longer than this are not read any more."""

_SOON: Final = 30
"""Days before its end from which on a waiver says how many are left."""

_COLOURS: Final = {
    "bold": "1", "dim": "2", "good": "32", "bad": "1;31", "warn": "33",
    "critical": "1;37;41", "high": "1;31", "medium": "33", "low": "36",
}  # fmt: skip
_BAR: Final = 24
_NAME: Final = 16


def render(judgement: Judgement, *, width: int = 80, colour: bool = False) -> str:
    """The whole as text, without a newline at the end."""
    page = _Page(max(NARROWEST, min(width, WIDEST)), colour)
    summary = Summary(judgement)
    parts = [
        page.stacks(summary),
        page.checks(summary),
        page.budgets(judgement.budgets),
        page.waivers(judgement),
        page.findings(summary.open),
        page.listed("Notes", judgement.notes, "bold"),
        page.listed("Not everything could be judged", judgement.problems, "bad"),
        page.verdict(summary),
    ]
    return "\n\n".join(part for part in parts if part)


def terminal(stream: TextIO) -> tuple[int, bool]:
    """Width and whether colour is welcome on a stream: only on a terminal, and not if ``NO_COLOR`` is set."""
    if not stream.isatty():
        return 100, False
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return shutil.get_terminal_size((100, 24)).columns, not plain


@dataclass(frozen=True)
class _Page:
    """A width, and whether there is colour."""

    width: int
    colour: bool

    def stacks(self, summary: Summary) -> str:
        """Each stack with its regions and resources."""
        rows = [
            (line(stack.name), ", ".join(summary.regions(stack)) or "–", f"{len(managed(stack)):,}")
            for stack in summary.judgement.deployment.stacks
        ]
        if len(rows) > 1:
            rows.append(("all", "", f"{summary.resources:,}"))
        return self._columns(("stack", "regions", "resources"), rows, right=(2,)) if rows else ""

    def checks(self, summary: Summary) -> str:
        """Each family with how much it judged."""
        rows = [
            (
                f"{family.name} (built in)" if family.checks[0].check.builtin else family.name,
                f"{len(family.checks):,}",
                f"{family.judged:,}",
                self._paint("bad", f"{family.open:,}") if family.open else "–",
                f"{family.waived:,}" if family.waived else "–",
            )
            for family in summary.families
        ]
        return self._columns(("family", "checks", "judged", "failed", "waived"), rows, right=(1, 2, 3, 4))

    def budgets(self, sums: Sequence[Sum]) -> str:
        """Each promise's sum with its parts."""
        if not sums:
            return ""
        return "\n".join([self._heading("Recovery budgets"), *(text for sum_ in sums for text in self._budget(sum_))])

    def _budget(self, sum_: Sum) -> Iterator[str]:
        share = sum_.seconds / sum_.budget_seconds if sum_.budget_seconds > 0 else 1.0
        length = _BAR if self.width >= 80 else _BAR // 2
        filled = max(0, min(length, round(share * length)))
        bar = "█" * filled + ("░" if sum_.complete else "?") * (length - filled)
        kind = "good" if sum_.within_budget else "bad"
        amount = f"{total(sum_)} of {seconds(sum_.budget_seconds)}"
        name, says = f"{sum_.objective} {line(sum_.promise)}", shortfall(sum_).upper()
        if len(name) > _NAME:
            yield from self._wrapped("", name, indent=2, style="bold")
            name = ""
        shown = f"  {self._paint('bold', name.ljust(_NAME))}  {self._paint(kind, bar)}  {amount}"
        if says and _visible(shown) + 2 + len(says) <= self.width:
            shown += self._paint("bad", f"  {says}")
            says = ""
        yield shown
        if says:
            yield self._paint("bad", f"    {says}")
        if sum_.subject:
            yield from self._wrapped("", line(sum_.subject), indent=4, style="dim")
        yield from self._terms(sum_.terms)
        if sum_.outside:
            yield self._paint("dim", "    outside the sum:")
            yield from self._terms(sum_.outside)

    def _terms(self, terms: Sequence[Term]) -> Iterator[str]:
        for term in terms:
            label, origin = line(term.label), line(term.origin)
            first = self._wrapped(f"{seconds(term.seconds):>9}  ", label, indent=4)
            if origin and len(first) == 1 and len(first[0]) + 2 + len(origin) <= self.width:
                yield f"{first[0]}  {self._paint('dim', origin)}"
            else:
                yield from first
                yield from self._wrapped("", origin, indent=15, style="dim")

    def waivers(self, judgement: Judgement) -> str:
        """What stays, and until when."""
        if not judgement.waivers:
            return ""
        rows = [
            (line(waiver.rule), line(waiver.resource), f"{count:,}", self._expiry(judgement, waiver))
            for waiver, count in judgement.waivers
        ]
        return self._columns(("waived", "resource", "findings", "expires"), rows, right=(2,))

    def _expiry(self, judgement: Judgement, waiver: Waiver) -> str:
        left = (waiver.expires - judgement.on).days
        if left < 0:
            return self._paint("bad", f"{waiver.expires} (over)")
        return self._paint("warn", f"{waiver.expires} ({left} d)") if left <= _SOON else str(waiver.expires)

    def findings(self, groups: Sequence[Group]) -> str:
        """What is open, worst first: rule by rule, and in each the resources."""
        return "\n\n".join(self._group(group) for group in groups)

    def _group(self, group: Group) -> str:
        check = group.check
        badge = self._paint(check.severity or "medium", (check.severity or "built in").upper())
        lines = [f"{badge}  {self._paint('bold', line(check.id))}"]
        lines += self._wrapped("", line(check.title), indent=2)
        for findings in group.places:
            lines += self._place(findings)
        for label, text in (("risk", check.risk), ("do", check.remediation), ("see", check.guideline)):
            if text:
                lines += self._wrapped(f"{label:<6}", line(text), indent=2)
        return "\n".join(lines)

    def _place(self, findings: Sequence[Found]) -> Iterator[str]:
        found = findings[0]
        yield from self._wrapped("- ", self._paint("bold", line(found.address)), indent=2)
        yield from self._wrapped("", where(found), indent=4, style="dim")
        for each in findings:
            yield from self._wrapped("", line(each.message), indent=4, style="bad")

    def listed(self, title: str, sentences: Sequence[str], style: str) -> str:
        """Sentences below a heading."""
        if not sentences:
            return ""
        lines = [self._paint(style, title)]
        for sentence in sentences:
            lines += self._wrapped("- ", line(sentence), indent=2)
        return "\n".join(lines)

    def verdict(self, summary: Summary) -> str:
        """The last line."""
        return self._paint("good" if summary.judgement.passed else "bad", f"gate: {summary.verdict}")

    def _heading(self, text: str) -> str:
        return self._paint("bold", text)

    def _paint(self, style: str, text: str) -> str:
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if self.colour and text else text

    def _wrapped(self, label: str, text: str, *, indent: int, style: str = "") -> list[str]:
        """A labelled text over as many lines as it needs; a long name stays whole, so that it can be copied."""
        before = " " * indent
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=before + label,
            subsequent_indent=before + " " * len(label),
            break_long_words=False,
            break_on_hyphens=False,
        )
        if not style:
            return lines
        return [f"{each[:indent]}{self._paint(style, each[indent:])}" for each in lines]

    def _columns(self, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], right: tuple[int, ...]) -> str:
        """Columns as wide as their widest cell; the one that is too wide for the page is shortened."""
        widths = [max(_visible(row[column]) for row in [header, *rows]) for column in range(len(header))]
        room = self.width - 2 * (len(header) - 1)
        if sum(widths) > room:
            widest = widths.index(max(widths))
            widths[widest] = max(len(header[widest]), widths[widest] - (sum(widths) - room))
        lines = []
        for row in [header, tuple("-" * width for width in widths), *rows]:
            cells = [
                self._cell(cell, width, right=column in right)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([self._paint("dim", lines[0]), self._paint("dim", lines[1]), *lines[2:]])

    def _cell(self, cell: str, width: int, *, right: bool) -> str:
        size = _visible(cell)
        if size > width:
            return f"{cell[: width - 1]}…"
        space = " " * (width - size)
        return space + cell if right else cell + space


def where(found: Found) -> str:
    """The construct path and the place to edit: the Python line, else the lines of the Terraform JSON."""
    lines = f":{found.lines[0]}-{found.lines[1]}" if found.lines else ""
    place = line(str(found.source)) if found.source else f"{line(found.file)}{lines}"
    return f"{line(found.path)}  {place}"


def _visible(text: str) -> int:
    """How many columns a text takes: colours take none."""
    if "\x1b[" not in text:
        return len(text)
    return len("".join(part.partition("m")[2] if index else part for index, part in enumerate(text.split("\x1b["))))
