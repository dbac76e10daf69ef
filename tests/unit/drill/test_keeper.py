"""Whoever kills the drill, what it took is given back, and what it made is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deployment import places, target
from drill import keeper
from embedded import control, launcher
from embedded.launcher import Emulator


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(keeper, "_give_back", lambda: said.append("gave back"))
    monkeypatch.setattr(keeper, "_end_terraform", lambda: said.append("ended Terraform"))
    monkeypatch.setattr(target, "attach", lambda _: None)
    monkeypatch.setattr(target, "leave", lambda _: said.append("stopped the embedded AWS"))
    return said


def test_a_drill_that_ended_in_order_has_left_nothing_to_do(told: list[str]) -> None:
    keeper.keep(["owns the embedded AWS\n", "done\n"])
    assert told == []


def test_what_a_killed_drill_had_taken_is_given_back(told: list[str]) -> None:
    keeper.keep([])
    assert told == ["gave back"]


def test_what_a_killed_drill_had_deployed_is_gone(told: list[str]) -> None:
    keeper.keep(["owns the embedded AWS\n"])
    assert told == ["ended Terraform", "stopped the embedded AWS"]


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
