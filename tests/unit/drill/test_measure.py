"""What a drill measures, on records in which every time is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drill.measure import (
    KEPT,
    NO_FAILED_PAYMENT,
    NO_LOSS,
    REFUSED,
    Part,
    Result,
    Verdict,
    interruptions,
    lags_count,
    measure,
)
from drill.records import ASKED, AT_LOSS, AT_THE_END, LOST, RECONCILED, REDIRECTED, Count, Event, Pace
from tests.unit.drill.records import BUDGETS, EAST, LAGS, WEST, attempt, execution, record, region_lost


def seconds(parts: tuple[Part, ...]) -> dict[str, float]:
    return {part.name: part.seconds for part in parts}


def verdict(result: Result, word: str) -> Verdict:
    (found,) = [each for each in result.verdicts if word in each.promise]
    return found


class TestInterruptions:
    def test_are_the_gaps_between_successes_in_which_something_failed(self) -> None:
        found = interruptions([1, 2, 3, 9, 10, 14], [5, 12], since=3, end=20)
        assert [(gap.since, gap.until) for gap in found] == [(3, 9), (10, 14)]

    def test_there_is_none_where_nothing_failed_however_few_payments_there_were(self) -> None:
        assert list(interruptions([1, 2, 50], [], since=2, end=60)) == []

    def test_what_failed_before_is_not_counted(self) -> None:
        assert list(interruptions([1, 5, 6, 7], [3], since=5.5, end=10)) == []

    def test_the_last_goes_on_when_the_last_answer_is_a_failure(self) -> None:
        (gap,) = interruptions([1, 2], [3, 4], since=2, end=10)
        assert not gap.recovered
        assert gap.measured == 8


class TestRecoveryOfIngest:
    def test_the_parts_are_the_whole(self) -> None:
        gap = measure(region_lost()).ingest
        assert (gap.since, gap.until) == (9, 22)
        assert seconds(gap.parts) == {
            "last success until the loss": 1,
            "detection by the health checks": 9,
            "DNS answers that are still kept": 3,
        }
        assert gap.measured == 13

    def test_what_was_compressed_counts_at_its_full_length_and_nothing_else_does(self) -> None:
        assert measure(region_lost()).ingest.configured == 1 + 10 * (9 + 3)

    def test_a_longer_one_of_which_nothing_was_compressed_does_not_hide_it(self) -> None:
        hiccup = tuple(replace(each, status=0) if 35 <= each.sent < 55 else each for each in region_lost().attempts)
        gap = measure(region_lost(attempts=hiccup)).ingest
        assert (gap.since, gap.until) == (9, 22)
        assert gap.configured == 121

    def test_in_real_time_both_figures_are_one(self) -> None:
        gap = measure(region_lost(pace=Pace())).ingest
        assert gap.configured == gap.measured == 13

    def test_is_judged_as_configured_and_never_as_compressed(self) -> None:
        over = measure(region_lost(budgets={**BUDGETS, "ingest_rto": 120.0}))
        assert not verdict(over, "ingest").met
        assert not over.met

    def test_without_a_success_in_the_end_there_is_no_recovery(self) -> None:
        lost = replace(region_lost(), attempts=region_lost().attempts[:20])
        found = measure(lost)
        assert not found.ingest.recovered
        assert verdict(found, "ingest").found == "it did not recover"


class TestRecoveryOfSettlement:
    def test_the_parts_are_the_workflows_phases_and_the_decision_is_outside_the_sum(self) -> None:
        gap = measure(region_lost()).settlement
        assert seconds(gap.parts) == {
            "last success until the loss": 1,
            "detection by the health checks": 9,
            "decision of the engineer on call": 2,
            "confirmation": 5,
            "fence, and caches that run out": 4,
            "promotion of the ledger": 6,
            "the ledger's new epoch": 1,
            "consumers": 3,
        }
        assert gap.measured == 40 - 9 - 2
        assert gap.configured == 40 - 9 - 2 + 9 * 9

    def test_a_longer_one_of_which_nothing_was_compressed_does_not_hide_it(self) -> None:
        pause = tuple(replace(each, at=each.at + 45) if each.at > 41 else each for each in region_lost().settled)
        late = (*region_lost().attempts, attempt(95.0, region=WEST))
        gap = measure(region_lost(settled=pause, attempts=late)).settlement
        assert (gap.since, gap.until) == (9, 40)

    def test_a_run_that_came_to_nothing_is_part_of_the_sum(self) -> None:
        killed = execution(("CheckInput", 20.0, 20.5), status="ABORTED")
        gap = measure(region_lost(executions=(killed, *region_lost().executions))).settlement
        assert seconds(gap.parts)["decision of the engineer on call"] == 1
        assert seconds(gap.parts)["runs of the workflow that came to nothing"] == 1
        assert gap.measured == 40 - 9 - 1

    def test_a_quiet_end_after_the_last_payment_is_no_interruption(self) -> None:
        late = replace(region_lost(), ended=500.0, settled=(*region_lost().settled[:-1], region_lost().settled[-1]))
        late = replace(late, settled=(*late.settled, replace(late.settled[-1], payment="late", at=400.0)))
        assert measure(late).settlement.until == 40

    def test_without_a_workflow_nothing_moved(self) -> None:
        assert measure(region_lost(executions=())).settlement.measured == 0

    def test_without_a_settlement_afterwards_there_is_no_recovery(self) -> None:
        stuck = replace(region_lost(), settled=region_lost().settled[:10])
        assert not measure(stuck).settlement.recovered


class TestLoss:
    def test_reaches_as_far_back_as_the_oldest_payment_that_is_missing(self) -> None:
        (loss,) = measure(region_lost()).losses
        assert loss.seconds == 2
        assert len(loss.count.missing) == 2

    def test_reaches_back_from_the_loss_even_if_a_planned_move_had_begun_before(self) -> None:
        events = (Event(5.0, ASKED, "switchover", WEST), *region_lost().events)
        (loss,) = measure(region_lost(events=events)).losses
        assert loss.seconds == 2

    @pytest.mark.parametrize(("budget", "met"), [(2.0, True), (1.9, False)])
    def test_is_judged_by_the_stores_budget(self, budget: float, met: bool) -> None:
        found = measure(region_lost(judged=("ledger_rpo",), budgets={"ledger_rpo": budget}))
        assert verdict(found, "ledger at the loss").met is met

    def test_a_payment_accepted_afterwards_does_not_reach_back(self) -> None:
        late = Count(RECONCILED, 50.0, "ledger", WEST, 30, ("p45",))
        assert [loss.seconds for loss in measure(region_lost(counts=(late,))).losses] == [0]

    @pytest.mark.parametrize(("moment", "met"), [(AT_LOSS, True), (RECONCILED, True), (AT_THE_END, False)])
    def test_what_a_scenario_must_not_lose_may_be_on_its_way_until_the_end(self, moment: str, met: bool) -> None:
        missing = Count(moment, 10.0, "sessions", WEST, 10, ("p9",))
        assert verdict(measure(region_lost(judged=(NO_LOSS,), counts=(missing,))), "lost").met is met


class TestVerdict:
    def test_doubles_are_never_allowed(self) -> None:
        found = measure(region_lost(doubles={"ledger": 0, "receipts": 1}))
        assert found.doubles == 1
        assert not found.met

    def test_every_payment_must_be_accepted_in_the_end(self) -> None:
        assert verdict(measure(region_lost(judged=(NO_FAILED_PAYMENT,))), "every payment").found == "1 never were"

    def test_a_refusal_must_be_the_one_that_was_expected(self) -> None:
        ended = execution(("CheckInput", 1, 2), status="FAILED", error="StandbyIsBroken")
        refused = record(judged=(f"{REFUSED} StandbyIsBroken",), executions=(ended,))
        assert verdict(measure(refused), "refuses").met
        assert not verdict(measure(replace(refused, executions=(replace(ended, error="PeerIsDown"),))), "refuses").met
        assert not verdict(measure(replace(refused, executions=())), "refuses").met

    @pytest.mark.parametrize(
        ("plans", "met", "found"),
        [
            ({"global": False, "primary": False}, True, "it would change nothing"),
            ({"global": False, "primary": True}, False, "it would change primary"),
            ({}, False, "it was not asked"),
        ],
    )
    def test_terraform_must_be_asked_and_must_change_nothing(
        self, plans: dict[str, bool], met: bool, found: str
    ) -> None:
        told = verdict(measure(region_lost(judged=(KEPT,), plans=plans)), "Terraform")
        assert (told.met, told.found) == (met, found)

    def test_without_a_promise_nothing_is_kept(self) -> None:
        assert measure(record(judged=())).verdicts[-1].met
        assert measure(region_lost()).met

    @pytest.mark.parametrize("store", list(LAGS))
    def test_a_drill_without_lag_in_one_of_the_stores_does_not_count(self, store: str) -> None:
        assert lags_count(LAGS)
        assert not measure(region_lost(replication={**LAGS, store: "0-10"})).met

    def test_answers_are_counted_as_clients_saw_them(self) -> None:
        assert measure(region_lost()).answers == {"202": 48, "no answer": 12}


class TestALossInTheMiddleOfAPlannedMove:
    """A switchover to the west is asked for at 5, the west is lost at 10, the name leads back east at 19."""

    def moved(self) -> Result:
        back = region_lost()
        swapped = {EAST: WEST, WEST: EAST}
        attempts = tuple(replace(a, region=swapped[a.region]) for a in back.attempts)
        events = (
            Event(5.0, ASKED, "switchover", WEST),
            Event(6.0, REDIRECTED, "west", WEST),
            Event(10.0, LOST, "lost", WEST),
            Event(19.0, REDIRECTED, "east", EAST),
        )
        begun = execution(("CheckInput", 5.0, 6.0), status="TIMED_OUT")
        settled = tuple(each for each in back.settled if not 4 < each.at < 40)
        executions = (begun, *back.executions)
        return measure(replace(back, attempts=attempts, events=events, executions=executions, settled=settled))

    def test_only_what_came_after_the_loss_is_detection_and_dns(self) -> None:
        assert seconds(self.moved().ingest.parts) == {
            "last success until the loss": 1,
            "detection by the health checks": 9,
            "DNS answers that are still kept": 3,
        }

    def test_settlement_counts_the_move_that_came_to_nothing_at_its_own_length(self) -> None:
        parts = seconds(self.moved().settlement.parts)
        assert parts["last success until the loss"] == 1
        assert parts["a planned move until the loss"] == 5
        assert parts["detection by the health checks"] == 9


class TestAPlannedSwitchover:
    def test_begins_when_it_is_asked_for_and_interrupts_no_ingest(self) -> None:
        planned = region_lost(
            attempts=tuple(attempt(float(second), region=EAST if second < 30 else WEST) for second in range(60)),
            events=(Event(20.0, ASKED, "switchover", WEST),),
        )
        found = measure(planned)
        assert found.ingest.measured == 0
        assert found.settlement.measured > 0
