"""Ctrl-C reaches every child, whenever it comes."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from deployment.interrupt import Interrupts

LONG = ["sleep", "60"]


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interruption_before_anybody_waits_for_the_child_reaches_it() -> None:
    interrupts = Interrupts()
    with interrupts.caught():
        child = interrupts.start(LONG)
        press_ctrl_c()
        with interrupts.watching(child):
            assert child.wait(10) == -signal.SIGINT


def test_an_interruption_while_the_child_is_being_started_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        child = start(*arguments, **options)
        press_ctrl_c()
        return child

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    interrupts = Interrupts()
    with interrupts.caught():
        child = interrupts.start(LONG)
        with pytest.raises(KeyboardInterrupt):
            interrupts.wait(child)
    assert child.returncode == -signal.SIGINT


def test_with_no_child_to_hear_of_it_the_command_itself_ends() -> None:
    interrupts = Interrupts()
    with interrupts.caught():
        interrupts.wait(interrupts.start(["true"]))
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()


def test_a_child_that_cannot_be_started_is_nobodys_to_wait_for() -> None:
    interrupts = Interrupts()
    with interrupts.caught():
        with pytest.raises(FileNotFoundError):
            interrupts.start(["/no/such/program"])
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
