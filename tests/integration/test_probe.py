"""Each region asks the other one over its public name, and says so in its own CloudWatch."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration import settlement
from tests.integration.platform import Platform, Region, eventually
from tests.integration.states import declared

MEASURED_SECONDS = 180
"""Up to a minute until the next run, as long for the metric to be there, and a slow machine."""


def healthy(platform: Platform, region: Region, since: float) -> list[float]:
    """What the region's probe has measured since then, a value for each minute."""
    points = platform.client("cloudwatch", region).get_metric_statistics(
        Namespace=platform.settings.naming.prefix,
        MetricName="PeerHealthy",
        Dimensions=[
            {"Name": "service", "Value": "probe"},
            {"Name": "environment", "Value": platform.shared["environment_suffix"]},
        ],
        StartTime=datetime.fromtimestamp(since, UTC),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=60,
        Statistics=["Minimum"],
    )["Datapoints"]
    return [float(point["Minimum"]) for point in points]


def test_the_schedule_measures_the_peer_as_healthy(platform: Platform, region: Region) -> None:
    since = time.time()
    found = eventually(lambda: healthy(platform, region, since), lambda seen: 1.0 in seen, within=MEASURED_SECONDS)
    assert set(found) == {1.0}


def test_on_demand_it_tells_what_it_has_found(platform: Platform, region: Region) -> None:
    assert settlement.invoke(platform, region, "probe", {}) == {"healthy": True}


@pytest.mark.disruptive
def test_a_fenced_peer_is_measured_as_not_healthy_until_it_is_back(
    platform: Platform, region: Region, peer: Region
) -> None:
    with declared(platform, peer, "fenced"):
        answer = eventually(
            lambda: settlement.invoke(platform, region, "probe", {}),
            lambda seen: not seen["healthy"],
            within=30,
        )
        assert answer == {"healthy": False}
        since = time.time() - 60
        assert eventually(lambda: healthy(platform, region, since), lambda seen: 0.0 in seen, within=MEASURED_SECONDS)

    assert settlement.invoke(platform, region, "probe", {}) == {"healthy": True}
