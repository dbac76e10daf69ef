"""The control item: who is active, and what a region does when it is fenced."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.integration import payments
from tests.integration.platform import Answer, Platform, Region, eventually

NOTICED_SECONDS = 30
REPLICATION_SECONDS = 60
CONTROL = {"pk": {"S": "control"}}


def control_item(platform: Platform, region: Region) -> dict[str, Any]:
    answer = platform.client("dynamodb", region).get_item(
        TableName=platform.shared["sessions_table"], Key=CONTROL, ConsistentRead=True
    )
    item: dict[str, Any] = answer["Item"]
    return item


def cache_seconds(platform: Platform, region: Region) -> float:
    """How long the webhook may go on with an old state."""
    configuration = platform.client("lambda", region).get_function_configuration(
        FunctionName=region.outputs["functions"]["webhook"]
    )
    return float(configuration["Environment"]["Variables"]["CONTROL_CACHE_SECONDS"])


@contextmanager
def declared(platform: Platform, region: Region, state: str) -> Iterator[None]:
    """The region's state is this one while the block runs; then it is again what it was, in every function too."""
    table, dynamodb = platform.shared["sessions_table"], platform.client("dynamodb", region)
    before = control_item(platform, region)
    changed = json.loads(json.dumps(before))
    changed["regions"]["M"][region.name]["S"] = state
    dynamodb.put_item(TableName=table, Item=changed)
    try:
        yield
    finally:
        dynamodb.put_item(TableName=table, Item=before)
        for each in platform.regions.values():
            eventually(partial(control_item, platform, each), lambda seen: seen == before, within=REPLICATION_SECONDS)
        # No answer can tell that the last warm function has forgotten the state; only its cache's age can.
        time.sleep(cache_seconds(platform, region))
        eventually(
            lambda: platform.get(region, "/health/database"), lambda seen: seen.status == 200, within=NOTICED_SECONDS
        )


def test_the_deployment_says_who_is_active_and_both_regions_know(platform: Platform, region: Region) -> None:
    item = control_item(platform, region)

    assert item["epoch"] == {"N": "1"}
    assert item["regions"]["M"] == {
        platform.primary.name: {"S": "active"},
        platform.standby.name: {"S": "standby"},
    }


@pytest.mark.disruptive
def test_a_fenced_region_refuses_payments_reports_unhealthy_and_still_tells_a_payments_status(
    platform: Platform, region: Region, peer: Region
) -> None:
    known = payments.content()
    platform.send(region, json.dumps(known))

    def refused() -> Answer:
        return platform.send(region, payments.body())

    with declared(platform, region, "fenced"):
        answer = eventually(refused, lambda seen: seen.status == 503, within=NOTICED_SECONDS)
        assert answer.status == 503, "a fenced region took a payment"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"

        database = eventually(
            lambda: platform.get(region, "/health/database"), lambda seen: seen.status == 503, within=NOTICED_SECONDS
        )
        assert database.status == 503
        assert platform.get(region, "/health/active").status == 503
        assert platform.get(region, "/health/live").status == 200
        assert platform.read(region, known["id"]).status == 200
        assert platform.send(peer, payments.body()).status == 202, "the other region is not fenced"

    assert platform.send(region, payments.body()).status == 202


@pytest.mark.disruptive
def test_the_standby_pulls_the_switch_by_calling_itself_active(platform: Platform) -> None:
    """Route 53's inverted check on this answer is what takes the shared name away from the primary."""
    standby = platform.standby
    assert platform.get(standby, "/health/active").status == 503

    with declared(platform, standby, "active"):
        assert platform.get(standby, "/health/active").status == 200

    assert platform.get(standby, "/health/active").status == 503
