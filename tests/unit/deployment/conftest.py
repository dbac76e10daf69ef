"""A deployment's settings on an embedded AWS of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from embedded.environment import ACCOUNT_ID
from embedded.launcher import Emulator
from lib.settings import Settings, load

PREFIX = "drive"
"""Of these tests alone: the emulator serves other suites of the session too."""


@pytest.fixture
def cloud(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The test's process as a client of the emulator."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(emulator.environment(before))
    for name in [name for name in os.environ if name.startswith("TAP_") or name == "ENVIRONMENT_SUFFIX"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TAP_PREFIX", PREFIX)
    monkeypatch.setenv("TAP_ACCOUNT_ID", ACCOUNT_ID)
    yield emulator
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def settings(cloud: Emulator) -> Settings:
    """Settings with the defaults of the embedded AWS."""
    return load()
