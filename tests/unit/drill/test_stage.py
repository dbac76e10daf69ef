"""What a drill finds ready, or makes ready, before it begins."""

from __future__ import annotations

from typing import Any

import pytest

from drill import stage
from drill.deployed import Control, NotReadyError
from drill.records import Execution

EAST, WEST = "us-east-1", "us-west-2"


class Platform:
    """A platform whose workflow does what it says."""

    embedded = False
    hosts = (EAST, WEST)

    def __init__(
        self, states: dict[str, str], transition: dict[str, str] | None = None, ends: str = "SUCCEEDED"
    ) -> None:
        self.states, self.transition, self.ends = states, transition or {}, ends
        self.ran: list[tuple[str, str]] = []

    def control(self, region: str) -> Control:
        assert region in self.hosts
        return Control(1, dict(self.states), self.transition)

    def running(self, region: str) -> list[str]:
        assert region in self.hosts
        return []

    def healthy(self, region: str) -> bool:
        return self.states[region] != "broken"

    def start(self, region: str, mode: str, reason: str, *, force: bool) -> str:
        assert reason
        assert not force
        self.ran.append((mode, region))
        if self.ends == "SUCCEEDED":
            self.transition = {}
            peer = WEST if region == EAST else EAST
            self.states = (
                {region: "standby", peer: self.states[peer]}
                if mode == "rejoin"
                else {region: "active", peer: "standby"}
            )
        return "arn"

    def status(self, region: str, arn: str) -> str:
        assert region in self.hosts
        assert arn
        return self.ends

    def execution(self, region: str, arn: str, mode: str) -> Execution:
        return Execution(arn, region, mode, 0, 1, self.ends, "" if self.ends == "SUCCEEDED" else "Broken", "why", ())

    def answer(self) -> tuple[str, float]:
        return Control(1, self.states, {}).active, 0.0


def made_ready(platform: Any, wanted: str = EAST) -> Control:
    return stage.ready(platform, platform, wanted, lambda _: None)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "HEALTHY_SECONDS", 0)
    monkeypatch.setattr(stage, "REDIRECTED_SECONDS", 0)


def test_a_platform_that_is_ready_is_left_alone() -> None:
    platform = Platform({EAST: "active", WEST: "standby"})
    assert made_ready(platform).active == EAST
    assert platform.ran == []


def test_a_drill_begins_where_its_scenario_wants_it() -> None:
    platform = Platform({EAST: "active", WEST: "standby"})
    assert made_ready(platform, WEST).active == WEST
    assert platform.ran == [("switchover", WEST)]


def test_a_region_that_an_earlier_drill_left_fenced_rejoins_first() -> None:
    platform = Platform({EAST: "fenced", WEST: "active"})
    made_ready(platform)
    assert platform.ran == [("rejoin", EAST), ("switchover", EAST)]


def test_a_transition_that_was_interrupted_is_finished_first() -> None:
    platform = Platform({EAST: "standby", WEST: "standby"}, {"region": WEST, "mode": "switchover"})
    made_ready(platform)
    assert platform.ran == [("switchover", WEST), ("switchover", EAST)]


def test_what_cannot_be_made_ready_is_named() -> None:
    with pytest.raises(NotReadyError, match=r"switchover in us-east-1 .* ended in Broken: why"):
        made_ready(Platform({EAST: "standby", WEST: "active"}, ends="FAILED"))


def test_without_both_regions_healthy_there_is_no_drill() -> None:
    with pytest.raises(NotReadyError, match="us-west-2 does not answer as healthy"):
        made_ready(Platform({EAST: "active", WEST: "broken"}))
