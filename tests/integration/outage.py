"""Means of the tests that lose a region: it answers nobody for a while, and is whole again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from embedded import control
from tests.integration.platform import Platform, Region, eventually

BACK_SECONDS = 120


@contextmanager
def lost(platform: Platform, region: Region) -> Iterator[None]:
    """The region is dead while the block runs; after it everything answers as before."""
    endpoint = platform.emulator.endpoint
    control.kill(endpoint, region.name)
    try:
        yield
    finally:
        control.restore(endpoint, region.name)
        all_answer(platform)


def all_answer(platform: Platform) -> None:
    """Wait until both regions answer, and their databases too."""
    for each in platform.regions.values():
        for check in ("live", "database"):
            seen = eventually(
                lambda each=each, check=check: _status(platform, each, check),  # type: ignore[misc]
                lambda status: status == 200,
                within=BACK_SECONDS,
            )
            assert seen == 200, f"{each} is not back: /health/{check} answers {seen}"


def _status(platform: Platform, region: Region, check: str) -> int:
    try:
        return platform.get(region, f"/health/{check}").status
    except OSError:
        return 0
