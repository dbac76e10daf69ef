"""The order of stacks: dependencies first, the independent ones together, nothing new after a failure."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from deployment import schedule
from deployment.errors import DeploymentError, StoppedError
from deployment.synthesis import Stack

DEADLINE = 10.0


def stack(name: str, *dependencies: str) -> Stack:
    return Stack(name, Path(name), Path(name) / "cdk.tf.json", dependencies)


STACKS = [
    stack("global"),
    stack("primary", "global"),
    stack("secondary", "global"),
    stack("routing", "primary", "secondary"),
]


def test_each_stack_follows_what_it_depends_on() -> None:
    done: list[str] = []
    schedule.run(STACKS, schedule.forwards(STACKS), lambda one: done.append(one.name))
    assert done[0] == "global"
    assert done[-1] == "routing"


def test_destroying_goes_the_other_way() -> None:
    done: list[str] = []
    schedule.run(STACKS, schedule.backwards(STACKS), lambda one: done.append(one.name))
    assert done[0] == "routing"
    assert done[-1] == "global"


def test_stacks_that_do_not_depend_on_each_other_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=DEADLINE)

    def step(one: Stack) -> None:
        if one.name in ("primary", "secondary"):
            both.wait()  # passes only if the other one is there too

    schedule.run(STACKS, schedule.forwards(STACKS), step)


def test_after_a_failure_nothing_new_starts_and_what_runs_may_finish() -> None:
    failed, finished = threading.Event(), []

    def step(one: Stack) -> None:
        if one.name == "primary":
            failed.set()
            raise DeploymentError("primary: no")
        if one.name == "secondary":
            failed.wait(DEADLINE)
        finished.append(one.name)

    with pytest.raises(DeploymentError, match="primary: no") as refused:
        schedule.run(STACKS, schedule.forwards(STACKS), step)
    assert finished == ["global", "secondary"]
    assert "Not started: routing" in str(refused.value)


def test_an_interruption_stays_an_interruption() -> None:
    def step(one: Stack) -> None:
        raise StoppedError(f"{one.name}: interrupted")

    with pytest.raises(StoppedError) as stopped:
        schedule.run(STACKS, schedule.forwards(STACKS), step)
    assert stopped.value.code == 130
