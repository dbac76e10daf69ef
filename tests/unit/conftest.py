"""What several suites of unit tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from embedded import launcher
from embedded.launcher import Emulator

if TYPE_CHECKING:
    from tests.unit.app import Deployment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the embedded AWS, so that ``-m "not emulator"`` leaves it out."""
    for item in items:
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.emulator)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An embedded AWS of this test session's own; it is stopped at the end, whatever happens."""
    state_dir = tmp_path_factory.mktemp("embedded")
    try:
        yield launcher.start(state_dir)
    finally:
        launcher.stop(state_dir)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What the app synthesizes with its default settings."""
    from tests.unit import app  # it starts jsii's Node, which most suites do not need

    return app.synthesize(tmp_path_factory.mktemp("deployment"))
