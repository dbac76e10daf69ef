"""Text of others in a report: shown, and nothing more."""

from __future__ import annotations

import pytest

from policies.reports.controls import control, in_order
from policies.reports.text import clean, counted, line, seconds, shortened


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain – text, é, 漢字, 🙂", "plain – text, é, 漢字, 🙂"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("null\x00", "null\\u0000"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("half \ud800 a character", "half \\ud800 a character"),
        ("next\x85line", "next\\u0085line"),
    ],
)
def test_what_cannot_be_seen_is_written_out(written: str, shown: str) -> None:
    assert clean(written) == shown
    shown.encode("utf-8")


def test_a_line_is_one_line() -> None:
    assert line("  one\n\ttwo \r\n three ") == "one two three"


def test_numbers_read_like_words() -> None:
    assert (counted(1, "family", "families"), counted(2, "family", "families")) == ("1 family", "2 families")
    assert counted(1234, "check") == "1,234 checks"
    assert [seconds(value) for value in (90, 61.5, 0.25, 0, 1000, None)] == [
        "90 s",
        "61.5 s",
        "0.25 s",
        "0 s",
        "1,000 s",
        "unknown",
    ]


def test_what_is_too_long_ends_after_a_word() -> None:
    assert shortened("one two three", 13) == "one two three"
    assert shortened("one two three", 10) == "one two…"
    assert shortened("x" * 20, 10) == "x" * 9 + "…"


def test_a_control_knows_its_page_where_there_is_a_stable_one() -> None:
    practice = control("WA-REL:REL11-BP01")
    assert practice is not None
    assert practice.title == "Monitor all components of the workload to detect failures"
    assert practice.page.endswith("/reliability-pillar/rel_withstand_component_failures_monitoring_health.html")
    nist = control("NIST-800-53:CP-9(8)")
    assert nist is not None
    assert (nist.id, nist.page) == ("CP-9(8)", "")
    assert control("ISO-27001:A.5") is None


def test_controls_are_ordered_by_their_numbers() -> None:
    assert sorted(["10.5.1", "2.2.1", "CP-9", "CP-10", "CP-9(8)"], key=in_order) == [
        "CP-9",
        "CP-9(8)",
        "CP-10",
        "2.2.1",
        "10.5.1",
    ]
