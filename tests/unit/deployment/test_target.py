"""Where a deployment goes: an embedded AWS that is there and does not answer is not taken for none."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from deployment import places, target
from embedded import launcher
from embedded.launcher import Emulator


@pytest.fixture
def here(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An embedded AWS that is this deployment's."""
    monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path))
    (tmp_path / "embedded").symlink_to(emulator.state_dir)
    assert launcher.find(places.emulator_folder()) == emulator
    return emulator


class TestIsSilent:
    def test_one_that_answers_is_not(self, here: Emulator) -> None:
        assert here.health()
        assert not target.is_silent("embedded")

    def test_one_whose_process_is_there_and_does_not_answer_is(
        self, here: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(launcher, "PATIENCE_SECONDS", 0.5)
        os.kill(here.pid, signal.SIGSTOP)
        try:
            assert target.is_silent("embedded")
            assert not target.is_silent("aws"), "an account is nobody's process here"
        finally:
            os.kill(here.pid, signal.SIGCONT)
        assert not target.is_silent("embedded")

    def test_none_at_all_is_not(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path))
        assert not target.is_silent("embedded")
