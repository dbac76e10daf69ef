"""Whoever kills the drill, what it took is given back, and what it made is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import places, target
from deployment.stacks import READER
from drill import keeper
from embedded import control, launcher
from embedded.launcher import Emulator


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(keeper, "_give_back", lambda: said.append("gave back"))
    monkeypatch.setattr(keeper, "_end_terraform", lambda name: said.append(f"ended {name}"))
    monkeypatch.setattr(target, "attach", lambda _: None)
    monkeypatch.setattr(target, "leave", lambda _: said.append("stopped the embedded AWS"))
    return said


def test_a_drill_that_ended_in_order_has_left_nothing_to_do(told: list[str]) -> None:
    keeper.keep(["owns the embedded AWS\n", "done\n"])
    assert told == []


def test_what_a_killed_drill_had_taken_is_given_back(told: list[str]) -> None:
    keeper.keep([])
    assert told == ["ended reader.pid", "gave back"]


def test_what_a_killed_drill_had_deployed_is_gone(told: list[str]) -> None:
    keeper.keep(["owns the embedded AWS\n"])
    assert told == ["ended reader.pid", "ended terraform.pid", "stopped the embedded AWS"]


def test_a_terraform_that_a_killed_drill_has_left_looking_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path))
    monkeypatch.setattr(keeper, "_give_back", lambda: None)
    folder = tmp_path / "terraform" / "embedded-dev" / "primary"
    folder.mkdir(parents=True)
    program = tmp_path / "terraform-stand-in"
    program.write_text("#!/bin/sh\nsleep 60 &\nwait\n")
    program.chmod(0o755)
    child = subprocess.Popen([program, "-chdir=primary", "plan"], start_new_session=True)
    (folder / READER).write_text(str(child.pid))
    keeper.keep([])
    assert child.wait(10) == -signal.SIGKILL


def test_a_killed_process_is_noticed_and_the_region_is_back(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that takes a region away, and is killed as nothing can survive."""
    monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path))
    (tmp_path / "embedded").symlink_to(emulator.state_dir)
    assert launcher.find(places.emulator_folder()) == emulator
    script = (
        "import os, signal\nfrom drill.keeper import Keeper\nfrom embedded import control\n"
        f"keeper = Keeper(enabled=True).__enter__()\ncontrol.kill({emulator.endpoint!r}, 'us-east-1')\n"
        "print(control.mode({!r}, 'us-east-1'), flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    ).format(emulator.endpoint)
    # The keeper holds the pipe as well: the end of the output is the end of both.
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=places.ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "dead"
    assert done.returncode == -9
    assert control.mode(emulator.endpoint, "us-east-1") == "running"
