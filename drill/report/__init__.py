"""What a drill leaves behind: a record as JSON, a page with charts, and the result in the terminal."""

from __future__ import annotations

from deployment import places
from deployment.console import say
from drill.measure import measure
from drill.records import Record, save
from drill.report import html, terminal


def write(record: Record) -> int:
    """Write and show the result; the command's exit status."""
    result = measure(record)
    folder = places.home() / "drill"
    data, page = folder / f"{record.scenario}.json", folder / f"{record.scenario}.html"
    save(record, data)
    page.write_text(html.render(record, result), encoding="utf-8")
    say(terminal.result(record, result))
    say(f"\nrecord  {places.shown(data)}\nreport  {places.shown(page)}")
    if not result.counts:
        return 2
    return 0 if result.met else 1
