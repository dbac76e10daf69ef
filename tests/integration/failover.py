"""Means of the tests of the failover: the workflow of a region, and who is writer, active and consuming."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.integration import payments
from tests.integration.platform import Platform, Region, eventually
from tests.integration.settlement import connection

EXECUTION_SECONDS = 480
SETTLED_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How an execution has ended, and the states it went through."""

    status: str
    error: str | None
    cause: str | None
    states: list[str]


def start(platform: Platform, region: Region, mode: str, **more: Any) -> str:
    """Start the workflow of a region; its execution's ARN."""
    answer = platform.client("stepfunctions", region).start_execution(
        stateMachineArn=region.outputs["failover_workflow_arn"],
        name=f"test-{uuid.uuid4().hex}",
        input=json.dumps({"mode": mode, "reason": "integration test", **more}),
    )
    return str(answer["executionArn"])


def ended(platform: Platform, region: Region, execution: str) -> Ended:
    """Wait for the end."""
    client = platform.client("stepfunctions", region)
    seen = eventually(
        lambda: client.describe_execution(executionArn=execution),
        lambda answer: answer["status"] != "RUNNING",
        within=EXECUTION_SECONDS,
    )
    return Ended(seen["status"], seen.get("error"), seen.get("cause"), entered(platform, region, execution))


def entered(platform: Platform, region: Region, execution: str) -> list[str]:
    """The states that an execution has entered so far, in order."""
    pages = platform.client("stepfunctions", region).get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=execution) for event in page["events"]]
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def run(platform: Platform, region: Region, mode: str, **more: Any) -> Ended:
    """Start the workflow of a region and wait for its end."""
    return ended(platform, region, start(platform, region, mode, **more))


def control(platform: Platform, region: Region) -> tuple[int, dict[str, str]]:
    """The epoch and each region's state, as a region's table has them."""
    item = platform.client("dynamodb", region).get_item(
        TableName=platform.shared["sessions_table"], Key={"pk": {"S": "control"}}, ConsistentRead=True
    )["Item"]
    return int(item["epoch"]["N"]), {name: state["S"] for name, state in item["regions"]["M"].items()}


def writer(platform: Platform) -> str:
    """The region of the global database's writer."""
    found = platform.client("rds", platform.primary).describe_global_clusters(
        GlobalClusterIdentifier=platform.shared["global_cluster_id"]
    )
    (arn,) = [m["DBClusterArn"] for m in found["GlobalClusters"][0]["GlobalClusterMembers"] if m["IsWriter"]]
    return str(arn).split(":")[3]


def ledger_epoch(platform: Platform) -> list[Any]:
    """The ledger's epoch and the region that began it."""
    with connection(platform, platform.primary.outputs["writer_endpoint"], "database_secret_arns") as ledger:
        (row,) = ledger.run("SELECT epoch, region FROM ledger.current_epoch JOIN ledger.epochs USING (epoch)") or [[]]
        return list(row)


def settled_once(platform: Platform, ids: list[str]) -> dict[str, int]:
    """How often each payment is in the ledger."""
    with connection(platform, platform.primary.outputs["writer_endpoint"], "database_secret_arns") as ledger:
        found = ledger.run(
            "SELECT wanted, count(payment_id) FROM unnest(CAST(:ids AS text[])) AS wanted"
            " LEFT JOIN ledger.payments ON payment_id = wanted GROUP BY wanted",
            ids=ids,
        )
        return dict(found or [])


@dataclass
class Traffic:
    """A sender that does not give up, as a payment provider: what one region refuses it sends to the other."""

    platform: Platform
    accepted: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def send_one(self) -> None:
        """Send a payment until somebody has taken it."""
        content = payments.content()
        for attempt in range(60):
            region = list(self.platform.regions.values())[attempt % 2]
            try:
                status = self.platform.send(region, json.dumps(content)).status
            except OSError:
                status = 0
            if status == 202:
                self.accepted.append(content["id"])
                return
            self.refused.append(status)
            time.sleep(0.2)


@contextmanager
def traffic(platform: Platform) -> Iterator[Traffic]:
    """Payments all through the block, two a second or so."""
    sender, stop = Traffic(platform), threading.Event()

    def send() -> None:
        while not stop.wait(0.5):
            sender.send_one()

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join(60)
