"""What a drill leaves behind: record, page, text and exit status."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from drill import report
from drill.measure import measure
from drill.records import LOST, Event, Record, load, save
from drill.report import html, terminal
from tests.unit.drill.records import EAST, LAGS, execution, region_lost


def page(record: Record) -> str:
    return html.render(record, measure(record))


def text(record: Record) -> str:
    return terminal.result(record, measure(record))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    save(region_lost(), tmp_path / "drill" / "record.json")
    assert load(tmp_path / "drill" / "record.json") == region_lost()


class TestExitStatus:
    @pytest.fixture(autouse=True)
    def _home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path))

    def test_is_0_when_every_promise_was_kept(self, tmp_path: Path) -> None:
        assert report.write(region_lost()) == 0
        assert {path.name for path in (tmp_path / "drill").iterdir()} == {"by-hand.json", "by-hand.html"}

    def test_is_1_when_a_budget_was_not_met(self) -> None:
        assert report.write(region_lost(budgets={"ingest_rto": 1.0, "settlement_rto": 900.0})) == 1

    def test_is_1_when_something_was_done_twice(self) -> None:
        assert report.write(region_lost(doubles={"ledger": 1})) == 1

    def test_is_2_when_replication_had_no_lag(self) -> None:
        assert report.write(region_lost(replication={**LAGS, "aurora": "0-5"})) == 2


class TestPage:
    def test_asks_for_nothing_and_runs_nothing(self) -> None:
        found = page(region_lost())
        assert "default-src 'none'" in found
        assert not re.search(r"<script|<link|<img|\bsrc=|url\(|@import", found)

    def test_follows_the_readers_colours(self) -> None:
        assert "prefers-color-scheme: dark" in page(region_lost())

    def test_what_others_wrote_does_not_act(self) -> None:
        evil = "<script>alert(1)</script>"
        bad = region_lost(events=(Event(10.0, LOST, evil, EAST),), executions=(execution((evil, 1, 2)),), title=evil)
        assert "<script" not in page(bad)

    def test_states_both_figures_and_what_was_compressed(self) -> None:
        found = page(region_lost())
        assert "121 s" in found
        assert "in the drill 13.0 s" in found
        assert "Compressed 10 times in this drill: the health checks&#39; interval and the TTL of DNS answers" in found

    def test_a_drill_in_real_time_says_so(self) -> None:
        assert "Nothing was compressed" in page(
            replace(region_lost(), pace=replace(region_lost().pace, factor=1.0, compressed=()))
        )

    def test_has_a_bar_for_every_second_with_answers_and_a_mark_for_every_event(self) -> None:
        found = page(region_lost())
        assert found.count('class="taken" x=') == 10
        assert found.count('class="silent" x=') == 12
        assert found.count('class="moved" x=') == 38
        assert found.count('class="mark ') == 2

    def test_shows_each_state_of_the_workflow_with_its_time(self) -> None:
        assert "FindWriter  6.0 s" in page(region_lost())

    def test_nothing_that_happened_is_no_reason_to_fail(self) -> None:
        empty = replace(region_lost(), attempts=(), events=(), executions=(), settled=(), counts=())
        assert "None was started" in page(empty)


class TestText:
    def test_gives_the_verdict_last(self) -> None:
        assert text(region_lost()).endswith("Every promise was kept.")
        assert text(region_lost(doubles={"ledger": 1})).endswith("NOT EVERY PROMISE WAS KEPT.")

    def test_names_every_part_of_a_recovery_time(self) -> None:
        found = text(region_lost())
        assert "RTO of ingest: 121.0 s as configured, 13.0 s in the drill" in found
        assert re.search(r"detection by the health checks +90\.0 s +9\.0 s in the drill", found)
        assert re.search(r"decision of the engineer on call +2\.0 s \(outside the sum\)", found)

    def test_says_what_was_compressed(self) -> None:
        assert "Compressed 10 times: the health checks' interval and the TTL of DNS answers; nothing else." in text(
            region_lost()
        )
