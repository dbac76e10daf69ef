"""One self-contained HTML file, for a pull request's reviewer and for an auditor a year later.

It asks nothing of the network and runs no script; its own security policy forbids both, whatever a resource is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from policies.budgets import Sum, Term
from policies.judgement import Judgement
from policies.reports import TOOL, VERSION, drawing
from policies.reports.controls import FRAMEWORKS, Control, Framework, control, in_order
from policies.reports.picture import picture
from policies.reports.summary import Counted, Outcome, Summary, managed, together
from policies.reports.text import clean, counted, duration, seconds, shortfall, total

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent / "templates"
_COLOURS: Final = 8
"""How many the page has for the parts of a sum."""

_MOST_PLACES: Final = 12
"""How many resources of one rule are shown at once; the others are folded."""

_UNKNOWN_SHARE: Final = 0.12
"""Of a bar: what a term takes whose length nobody knows."""


@dataclass(frozen=True)
class Part:
    """A term of a sum as it is drawn: its share of the bar's width, and its colour."""

    term: Term
    share: float
    colour: str


@dataclass(frozen=True)
class Bar:
    """A sum as it is drawn; ``limit`` is where the budget ends, as a share of the width."""

    sum: Sum
    parts: tuple[Part, ...]
    limit: float


@dataclass(frozen=True)
class Filed:
    """A control and the rules that are filed under it."""

    control: Control
    checks: tuple[Counted, ...]

    @property
    def outcome(self) -> Outcome:
        """What they say together."""
        return together(self.checks)


@dataclass(frozen=True)
class Catalogue:
    """A framework, and those of its controls that rules are filed under."""

    framework: Framework
    filed: tuple[Filed, ...]

    @property
    def outcome(self) -> Outcome:
        """What all rules in it say together."""
        return together(check for each in self.filed for check in each.checks)

    @property
    def broken(self) -> int:
        """How many controls a rule says no to."""
        return sum(each.outcome == "failed" for each in self.filed)


def render(judgement: Judgement) -> str:
    """The page."""
    summary, shown = Summary(judgement), picture(judgement.deployment)
    return (
        environment()
        .get_template("report.html")
        .render(
            tool=TOOL,
            version=VERSION,
            most_places=_MOST_PLACES,
            judgement=judgement,
            summary=summary,
            picture=shown,
            wide=drawing.wide(shown),
            narrow=drawing.narrow(shown),
            bars=[bar(sum_) for sum_ in judgement.budgets],
            frameworks=list(_filed(summary)),
            stacks=[(stack, summary.regions(stack), len(managed(stack))) for stack in judgement.deployment.stacks],
        )
    )


def bar(sum_: Sum) -> Bar:
    """How a sum is drawn: as wide as the longer of the sum and its budget."""
    unknown = sum(term.seconds is None for term in sum_.terms)
    known = 1 - min(0.5, unknown * _UNKNOWN_SHARE)
    longest = max(sum_.seconds, sum_.budget_seconds * (known if unknown else 1), 1e-9)
    shares = [_share(term.seconds, longest, known, unknown) for term in sum_.terms]
    parts = tuple(
        Part(term, share, "unknown" if term.seconds is None else f"part-{number % _COLOURS}")
        for number, (term, share) in enumerate(zip(sum_.terms, shares, strict=True))
    )
    limit = max(0.0, min(1.0, sum_.budget_seconds / longest * known))
    return Bar(sum_, parts, limit)


def _share(value: float | None, longest: float, known: float, unknown: int) -> float:
    if value is None:
        return (1 - known) / unknown
    return max(0.0, value) / longest * known


def _filed(summary: Summary) -> Iterator[Catalogue]:
    """Each catalogue of controls with those that rules are filed under."""
    for framework in FRAMEWORKS:
        found: dict[str, tuple[Control, list[Counted]]] = {}
        for family in summary.families:
            for check in family.checks:
                for written in check.check.controls:
                    filed = control(written)
                    if filed is not None and filed.framework is framework:
                        found.setdefault(filed.id, (filed, []))[1].append(check)
        if found:
            ordered = sorted(found, key=in_order)
            yield Catalogue(framework, tuple(Filed(found[id_][0], tuple(found[id_][1])) for id_ in ordered))


def environment(*folders: Path) -> Environment:
    """Templates of these folders and of this one, in which whatever others wrote is shown and never acts."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  # nobody else needs it

    found = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(counted=counted, seconds=seconds, duration=duration, control=control, page=_page)
    found.globals.update(total=total, shortfall=shortfall, listed=drawing.listed)
    return found


def _finalized(value: Any) -> Any:
    """Whatever the template shows: text of others is made fit to be shown, markup of ours is."""
    return value if isinstance(value, Markup) else clean(str(value))


def _page(address: str) -> str:
    """The address of a page; empty if it is none, such as a script."""
    return address if address.startswith(("https://", "http://")) else ""
