"""A drill that cannot go on is reported as well, with everything given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from drill import run, steps
from drill.deployed import NotReadyError
from drill.measure import measure
from drill.records import Event, Execution
from drill.stage import Stage
from drill.steps import Scenario, workflow
from tests.unit.drill.records import WEST, region_lost


class Scene:
    """A stage on which the workflow ends as it is told to."""

    old, new = "us-east-1", WEST

    def __init__(self, status: str = "SUCCEEDED", error: str = "") -> None:
        self.ended = Execution("arn", WEST, "failover", 0, 1, status, error, "why", ())
        self.told: list[Event | str] = []
        self.gave_back = False

    def start(self, region: str, mode: str, reason: str, *, force: bool = False) -> None:
        assert (region, mode, bool(reason), force) == (WEST, "failover", True, False)

    def wait_for_workflow(self) -> Execution:
        return self.ended

    def tell(self, _kind: str, text: str) -> None:
        self.told.append(text)

    def give_back(self) -> None:
        self.gave_back = True


def act(scene: Scene, *more: steps.Step, **options: Any) -> str:
    scenario = Scenario("by-hand", "Made by hand", (workflow("failover", reason="a test", **options), *more), ())
    return run._act(scenario, cast("Stage", scene))


def never(_stage: Stage) -> None:
    pytest.fail("a drill that stopped goes on")


def test_all_steps_are_taken_and_nothing_stopped_it() -> None:
    taken: list[object] = []
    scene = Scene()
    assert act(scene, taken.append) == ""
    assert taken == [scene]
    assert not scene.gave_back, "a scenario gives back by its own steps"


def test_a_workflow_that_fails_is_where_a_drill_stops_and_gives_back() -> None:
    scene = Scene("FAILED", "StandbyIsBroken")
    assert act(scene, never) == "the failover ended in StandbyIsBroken: why"
    assert scene.gave_back
    assert "StandbyIsBroken" in str(scene.told)


def test_a_workflow_that_has_to_be_refused_is_no_reason_to_stop() -> None:
    assert act(Scene("FAILED", "StandbyIsBroken"), refused=True) == ""


def test_whatever_is_not_ready_stops_it_too() -> None:
    def unready(_stage: Stage) -> None:
        raise NotReadyError("us-east-1 does not answer")

    assert act(Scene(), unready, never) == "us-east-1 does not answer"


def test_a_drill_that_stopped_has_not_kept_its_promises() -> None:
    found = measure(region_lost(stopped="us-east-1 does not answer"))
    assert not found.met
    assert found.verdicts[0].found == "us-east-1 does not answer"


class TestComparedInFull:
    def stage(self, *answers: bool) -> Any:
        given = list(answers)
        scene: Any = Scene()
        scene.deployed = SimpleNamespace(reconcile=lambda region: region == WEST and bool(given) and given.pop(0))
        scene.tell = lambda _kind, text, _region: scene.told.append(text)
        return scene

    def test_asks_the_region_that_goes_on_until_it_has_come_to_the_end(self) -> None:
        scene = self.stage(False, True)
        steps.compared_in_full(steps.NEW)(scene)
        assert WEST in scene.told[0]

    def test_stops_the_drill_when_there_is_no_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(steps, "COMPARED_SECONDS", 0)
        with pytest.raises(NotReadyError, match="does not come to an end"):
            steps.compared_in_full(steps.NEW)(self.stage())
