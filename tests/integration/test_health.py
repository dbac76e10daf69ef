"""What Route 53 and the probes are told about each region."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration import databases, payments
from tests.integration.platform import Answer, Platform, Region, eventually

ROUTE53_SECONDS = 2.0
"""A health checker waits no longer for the status: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html"""

NOTICED_SECONDS = 30
"""A verdict is held for 5 s; the rest is for slow machines."""


def health(platform: Platform, region: Region, question: str) -> int:
    return platform.get(region, f"/health/{question}").status


def settles_on(platform: Platform, region: Region, question: str, status: int) -> Answer:
    return eventually(
        lambda: platform.get(region, f"/health/{question}"), lambda seen: seen.status == status, within=NOTICED_SECONDS
    )


def test_each_region_is_live(platform: Platform, region: Region) -> None:
    assert health(platform, region, "live") == 200


def test_each_region_reaches_its_database(platform: Platform, region: Region) -> None:
    answer = settles_on(platform, region, "database", 200)
    assert answer.status == 200, answer.body


def test_only_the_primary_calls_itself_active(platform: Platform) -> None:
    assert health(platform, platform.primary, "active") == 200
    assert health(platform, platform.standby, "active") == 503


@pytest.mark.parametrize("question", ["live", "database", "active"])
def test_health_is_told_without_a_signature_and_never_cached(platform: Platform, region: Region, question: str) -> None:
    answer = platform.get(region, f"/health/{question}")

    assert answer.status in (200, 503)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("question", ["live", "database", "active"])
def test_a_warm_answer_comes_before_route_53_gives_up(platform: Platform, region: Region, question: str) -> None:
    platform.get(region, f"/health/{question}")

    started = time.monotonic()
    platform.get(region, f"/health/{question}")

    assert time.monotonic() - started < ROUTE53_SECONDS


@contextmanager
def stopped_database(platform: Platform, region: Region) -> Iterator[None]:
    """A region's PostgreSQL is down while the block runs; then both regions are healthy again."""
    try:
        with databases.stopped(platform, region):
            yield
    finally:
        for each in platform.regions.values():
            settles_on(platform, each, "database", 200)


@pytest.mark.embedded_only
class TestWithoutDatabase:
    """A region's database is gone."""

    def test_the_region_counts_as_unhealthy_and_recovers(
        self, platform: Platform, region: Region, peer: Region
    ) -> None:
        with stopped_database(platform, region):
            answer = settles_on(platform, region, "database", 503)

            assert answer.status == 503, "a stopped database went unnoticed"
            assert answer.headers["content-type"] == "application/problem+json"
            started = time.monotonic()
            assert health(platform, region, "database") == 503
            assert time.monotonic() - started < ROUTE53_SECONDS
            assert health(platform, region, "live") == 200, "the function runs, database or not"
            assert health(platform, peer, "database") == 200, "the other region has a database of its own"

        assert health(platform, region, "database") == 200

    def test_payments_are_accepted_all_the_same(self, platform: Platform, region: Region) -> None:
        with stopped_database(platform, region):
            assert platform.send(region, payments.body()).status == 202
