"""One self-contained page about a drill, in the clothes of the gate's report. It runs no script and asks no network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from drill.measure import Gap, Part, Result
from drill.records import NOTE, Record
from drill.report import charts
from policies.reports.html import environment

_TEMPLATES: Final = Path(__file__).parent / "templates"
_COLOURS: Final = 8
"""How many the page has for the parts of a sum."""


def render(record: Record, result: Result) -> str:
    """The page."""
    rows = [
        (
            "Ingest: from the last payment accepted before to the first one after",
            result.ingest,
            record.budgets.get("ingest_rto"),
        ),
        (
            "Settlement: from the last payment in the ledger before to the first one after",
            result.settlement,
            record.budgets.get("settlement_rto"),
        ),
    ]
    return (
        environment(_TEMPLATES)
        .get_template("drill.html")
        .render(
            record=record,
            result=result,
            verdict="Every promise was kept" if result.met else "Not every promise was kept",
            recoveries=rows,
            bars=bars,
            classes=charts.CLASSES,
            traffic=charts.traffic(record),
            workflows=[(execution, charts.workflow(execution)) for execution in record.executions],
            note=NOTE,
        )
    )


def bars(gap: Gap, budget: float | None) -> list[tuple[Part, float, str]]:
    """The parts of a sum as configured: each with its share of the width, and its colour."""
    longest = max(gap.configured, budget or 0.0, 1e-9)
    inside = [part for part in gap.parts if not part.outside]
    return [(part, part.configured / longest, f"part-{number % _COLOURS}") for number, part in enumerate(inside)]
