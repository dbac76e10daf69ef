"""The deployment under test, which tests run on it, and what most of them send."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import session, target
from tests.integration.platform import REGION_STACKS, Platform, Region, connect

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker for what only the embedded AWS can do, keep secrets out of messages, and say who calls."""
    os.environ["AWS_SDK_UA_APP_ID"] = "tap-tests"  # the embedded AWS records the driver's calls, and these are not
    config.addinivalue_line("markers", "only_with(**settings): about a deployment with these settings")
    config.addinivalue_line("markers", "disruptive: takes a region's traffic away for some seconds")
    config.addinivalue_line("markers", "soak: a campaign, which `make soak` runs for longer")
    config.addinivalue_line("markers", "failover: moves the platform to the other region and back; runs last")
    config.addinivalue_line("markers", "embedded_only: stops a database, or looks where only the embedded AWS lets one")
    if config.option.tbstyle == "auto":
        config.option.tbstyle = "short"  # the long style shows the arguments of calls, passwords among them


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose by target, settings and time: what cannot run here is deselected and counted as such, never skipped."""
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (chosen if _runs_here(config, item) else others).append(item)
    # What moves the platform runs when nobody looks any more at where it was deployed.
    items.sort(key=lambda item: item.get_closest_marker("failover") is not None)
    chosen.sort(key=lambda item: item.get_closest_marker("failover") is not None)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = chosen


def _runs_here(config: pytest.Config, item: pytest.Item) -> bool:
    if not item.path.is_relative_to(HERE):
        return True
    here = target.chosen() == "embedded" or not (
        item.get_closest_marker("embedded_only")
        # An account's deployment may have traffic: who knows that it has none says so.
        or (item.get_closest_marker("disruptive") and os.environ.get("DISRUPT") != "1")
    )
    for marker in item.iter_markers("only_with"):
        here = here and all(getattr(session.settings(), name) == value for name, value in marker.kwargs.items())
    if item.get_closest_marker("after_destroy"):
        # A deployment is either there or gone: `-m after_destroy` asks for them.
        return here and bool(config.option.markexpr)
    item.add_marker(pytest.mark.deployed)
    return here


@pytest.fixture(scope="session")
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """The deployment; this process is a client of its target until the tests end."""
    before = dict(os.environ)
    try:
        found = connect()
    except LookupError as error:
        problem = str(error)
    else:
        yield found
        os.environ.clear()
        os.environ.update(before)
        return
    if all(item.path.is_relative_to(HERE) for item in request.session.items):
        request.session.shouldfail = problem  # once is enough
    pytest.fail(problem, pytrace=False)


@pytest.fixture(params=REGION_STACKS)
def region(request: pytest.FixtureRequest, platform: Platform) -> Region:
    """Each of the two regions in turn."""
    return platform.regions[request.param]


@pytest.fixture
def peer(platform: Platform, region: Region) -> Region:
    """The other region."""
    return platform.peer(region)
