"""Means of the tests of region states: the control item, and a region that is declared something else for a while."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.integration import settlement
from tests.integration.platform import Platform, Region, eventually

NOTICED_SECONDS = 30
REPLICATION_SECONDS = 60
CONTROL = {"pk": {"S": "control"}}


def control_item(platform: Platform, region: Region) -> dict[str, Any]:
    """The control item as a region has it."""
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
        settlement.invoke(platform, region, "guard", {})
        if region is platform.standby:
            # What it has enqueued in the meantime nobody there takes any more; the payments are in the table.
            platform.client("sqs", region).purge_queue(QueueUrl=region.outputs["queue_url"])
        eventually(
            lambda: platform.get(region, "/health/database"), lambda seen: seen.status == 200, within=NOTICED_SECONDS
        )


def epoch_of(platform: Platform, region: Region) -> int:
    """The epoch that a region works in."""
    return int(control_item(platform, region)["epoch"]["N"])
