"""The deployment under test, which tests run on it, and what most of them send."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import target
from tests.integration.platform import REGION_STACKS, Platform, Region, connect

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker for what only the embedded AWS can do."""
    config.addinivalue_line("markers", "embedded_only: stops a database, or looks where only the embedded AWS lets one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose by target: what the target cannot do is deselected, and counted as such; nothing is ever skipped."""
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        if not item.path.is_relative_to(HERE):
            chosen.append(item)
            continue
        if item.get_closest_marker("after_destroy") is None:
            item.add_marker(pytest.mark.deployed)
        embedded_only = item.get_closest_marker("embedded_only") is not None
        (others if embedded_only and target.chosen() != "embedded" else chosen).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = chosen


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """The deployment; this process is a client of its target until the tests end."""
    before = dict(os.environ)
    try:
        found = connect()
    except LookupError as problem:
        pytest.fail(str(problem), pytrace=False)
    yield found
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=REGION_STACKS)
def region(request: pytest.FixtureRequest, platform: Platform) -> Region:
    """Each of the two regions in turn."""
    return platform.regions[request.param]


@pytest.fixture
def peer(platform: Platform, region: Region) -> Region:
    """The other region."""
    return platform.peer(region)
