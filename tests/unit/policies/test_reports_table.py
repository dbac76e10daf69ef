"""The table for people at a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.judgement import Judgement
from policies.reports import table
from tests.unit.policies.judgements import DEAD_LETTERS, FUNCTIONS, INTERVAL, RECOVERY, TODAY, slow_check

_COLOUR = re.compile(r"\x1b\[[\d;]+m")
_NAMES = re.compile(r"\S{40,}")
"""What no line may break."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_last_line_is_the_verdict(passing: Judgement, failing: Judgement) -> None:
    verdict = f"gate: passed ({_judged(passing):,} judged, 0 open, {FUNCTIONS} waived)"
    assert table.render(passing).splitlines()[-1] == verdict
    last = table.render(failing).splitlines()[-1]
    assert last.startswith(f"gate: FAILED (1 problem, {len(failing.open)} open findings")


def test_stacks_and_families_are_counted(passing: Judgement) -> None:
    text = table.render(passing)
    for stack in passing.deployment.stacks:
        number = sum(resource.mode == "resource" for resource in stack.resources.values())
        assert re.search(rf"^{stack.name} +us-[\w, -]+ {number}$", text, re.MULTILINE)
    total = len(passing.deployment.resources())
    assert re.search(rf"^all +{total}$", text, re.MULTILINE)
    assert re.search(r"^health +\d+ +\d+ +– +–$", text, re.MULTILINE)
    assert re.search(rf"^checkov \(built in\) +1 +{FUNCTIONS} +– +{FUNCTIONS}$", text, re.MULTILINE)


def test_a_finding_says_which_rule_where_what_and_what_to_do(failing: Judgement) -> None:
    text = table.render(failing, width=160)
    check = slow_check(failing.deployment)
    block = text.partition(f"HIGH  {INTERVAL}\n")[2].partition("\n\n")[0].splitlines()
    assert block[0] == "  Endpoint health checks run every 30 seconds"
    assert block[1] == f"  - {check.address}"
    assert block[2] == f"    {check.path}  {check.source}"
    assert block[3] == "    request_interval is 60, not 30"
    assert block[4].startswith("  risk  A slower check adds")
    assert block[5] == "  do    Set request_interval = 30."


def test_what_is_wrong_with_one_resource_is_told_together(failing: Judgement) -> None:
    text = table.render(failing, width=160)
    block = text.partition(f"CRITICAL  {RECOVERY}\n")[2].partition("\n\n")[0]
    assert block.count("  - aws_dynamodb_table.") == 1
    assert "the table itself has no point-in-time recovery" in block
    assert "the replica in us-west-2 has no point-in-time recovery" in block


def test_the_worst_comes_first(failing: Judgement) -> None:
    text = table.render(failing)
    assert text.index(RECOVERY) < text.index(INTERVAL)


def test_problems_are_sentences_after_the_findings(failing: Judgement) -> None:
    text = table.render(failing, width=160)
    assert text.index(INTERVAL) < text.index("Not everything could be judged\n  - stacks/routing/cdk.tf.json cannot be")


def test_budgets_show_their_parts(failing: Judgement) -> None:
    text = table.render(failing, width=160)
    assert re.search(r"RTO ingest +█+░+  155 s of 300 s$", text, re.MULTILINE)
    assert re.search(r"^ +90 s  detection  aws_route53_health_check: request_interval", text, re.MULTILINE)
    assert "    outside the sum:\n        600 s  a person decides" in text
    assert re.search(r"RTO settlement +█+\?+  more than 90 s of 900 s  NOT ALL OF IT IS KNOWN$", text, re.MULTILINE)
    assert re.search(r"RPO sessions +█+  75 s of 60 s  OVER BUDGET$", text, re.MULTILINE)


def test_waivers_say_how_much_they_cover_and_until_when(passing: Judgement) -> None:
    assert re.search(rf"^CKV_AWS_116 +\* +{FUNCTIONS}  2027-11-30$", table.render(passing), re.MULTILINE)


@pytest.mark.parametrize(("days", "shown"), [(31, ""), (30, " (30 d)"), (0, " (0 d)"), (-1, " (over)")])
def test_a_waiver_that_ends_soon_says_so(passing: Judgement, days: int, shown: str) -> None:
    waiver = replace(DEAD_LETTERS, expires=TODAY + timedelta(days=days))
    text = table.render(replace(passing, waivers=((waiver, 10),)))
    assert re.search(rf"{waiver.expires}{re.escape(shown)}$", text, re.MULTILINE)


def test_notes_are_told(passing: Judgement) -> None:
    assert "Notes\n  - A plan holds no backend." in table.render(replace(passing, notes=("A plan holds no backend.",)))


@pytest.mark.parametrize("width", [40, 80, 100, 160, 400])
@pytest.mark.parametrize("which", ["passing", "failing", "attacked"])
def test_no_line_is_wider_than_the_terminal_but_for_names(
    which: str, width: int, request: pytest.FixtureRequest
) -> None:
    text = table.render(request.getfixturevalue(which), width=width)
    limit = max(table.NARROWEST, min(width, table.WIDEST))
    for each in text.splitlines():
        assert len(each) <= limit or _NAMES.search(each), each


def test_colour_changes_nothing_but_colour(failing: Judgement) -> None:
    coloured = table.render(failing, colour=True)
    assert _COLOUR.search(coloured)
    assert _COLOUR.sub("", coloured) == table.render(failing)


def test_without_colour_there_is_no_escape_whatever_a_resource_is_called(attacked: Judgement) -> None:
    text = table.render(attacked)
    assert "\x1b" not in text
    assert "\\u001b[31m" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert table.terminal(Terminal()) == (120, True)
    assert table.terminal(io.StringIO()) == (100, False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert table.terminal(Terminal()) == (120, False)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert table.terminal(Terminal()) == (120, False)


def _judged(judgement: Judgement) -> int:
    return sum(check.judged for check in judgement.checks)
