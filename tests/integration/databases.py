"""Taking a region's database away, which only the embedded AWS can do."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.platform import Platform, Region


@contextmanager
def stopped(platform: Platform, region: Region) -> Iterator[None]:
    """A region's PostgreSQL is down while the block runs, and up again afterwards, whatever happens in it."""

    def ask_for(verb: str) -> None:
        url = f"{platform.emulator.endpoint}/_embedded/postgres/{region.name}/{verb}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=60) as answer:  # noqa: S310
            assert answer.status == 200

    ask_for("stop")
    try:
        yield
    finally:
        ask_for("start")
