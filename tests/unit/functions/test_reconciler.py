"""The reconciler, as it is deployed: what was accepted and not settled goes to the queue again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.payment import parse_payment
from domain.payment_store import PaymentStore
from tests.unit.functions.support import REGION, Cloud, ControlItem, Deploy, Function, Queue, payment_json, unique

Accept = Callable[..., str]


@pytest.fixture(scope="module")
def variables(ledger_variables: dict[str, str], sessions_table: str) -> dict[str, str]:
    """Where the reconciler finds table and ledger."""
    reader = {"DATABASE_READER_HOST": ledger_variables["DATABASE_WRITER_HOST"]}
    return {**ledger_variables, **reader, "SESSIONS_TABLE": sessions_table}


@pytest.fixture(scope="module")
def reconciler(deploy: Deploy, variables: dict[str, str], queue: Queue) -> Function:
    return deploy("reconciler", QUEUE_URL=queue.url, **variables)


@pytest.fixture(autouse=True)
def _nothing_waits(queue: Queue, control_item: ControlItem) -> None:
    """What other tests have left in the queue is none of these tests' business."""
    queue.drained()


@pytest.fixture
def accept(cloud: Cloud, sessions_table: str) -> Accept:
    """Writes an accepted payment of some age to the table, as the webhook does."""
    store = PaymentStore(cloud.client("dynamodb"), sessions_table)

    def write(*, minutes_ago: float) -> str:
        payment = parse_payment(payment_json(unique("old")).encode())
        then = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        store.accept(payment, region=REGION, epoch=1, now=then)
        return payment.id

    return write


def test_what_waits_for_long_is_enqueued_and_the_oldest_first(
    reconciler: Function, accept: Accept, queue: Queue
) -> None:
    young, old, older = accept(minutes_ago=2), accept(minutes_ago=60), accept(minutes_ago=600)
    answer = reconciler({})
    assert answer.payload["state"] == "active"
    assert answer.payload["enqueued"] >= 3
    assert [each for each in queue.drained() if each in {young, old, older}] == [older, old, young]


def test_what_was_accepted_just_now_is_left_to_the_webhooks_message(
    reconciler: Function, accept: Accept, queue: Queue
) -> None:
    fresh = accept(minutes_ago=0)
    reconciler({})
    assert fresh not in queue.drained()


def test_what_is_closed_is_not_enqueued(
    reconciler: Function, accept: Accept, queue: Queue, cloud: Cloud, sessions_table: str
) -> None:
    store = PaymentStore(cloud.client("dynamodb"), sessions_table)
    settled = store.find(accept(minutes_ago=5))
    assert settled is not None
    store.close(settled, "settled", epoch=1, now=datetime.now(UTC))
    reconciler({})
    assert settled.id not in queue.drained()


def test_how_long_the_oldest_payment_has_waited_is_measured_with_the_dimensions_that_its_alarm_reads(
    reconciler: Function, accept: Accept
) -> None:
    accept(minutes_ago=1_000)
    (measured,) = [each for each in reconciler({}).metrics() if "OldestUnsettledSeconds" in each]
    (declared,) = measured["_aws"]["CloudWatchMetrics"]
    assert declared["Namespace"] == "tap"
    assert [sorted(dimensions) for dimensions in declared["Dimensions"]] == [["environment", "service"]]
    assert (measured["service"], measured["environment"]) == ("reconciler", "test")
    assert 60_000 <= measured["OldestUnsettledSeconds"][0] < 61_000


def test_a_queue_that_is_behind_gets_no_more(
    deploy: Deploy, accept: Accept, cloud: Cloud, variables: dict[str, str]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName=unique("full"))["QueueUrl"]
    for start in range(0, 1_010, 10):
        entries = [{"Id": str(n), "MessageBody": "{}"} for n in range(start, start + 10)]
        cloud.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    # Those that wait for their next try are as many as those that nobody has looked at yet.
    for _ in range(5):
        cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
    accept(minutes_ago=5)
    answer = deploy("reconciler", QUEUE_URL=url, **variables)({})
    assert answer.payload["enqueued"] == 0
    assert "ReconcilerHeldBack" in answer.log


@pytest.mark.parametrize("state", ["standby", "fenced"])
def test_a_region_that_is_not_active_enqueues_nothing(
    reconciler: Function, accept: Accept, queue: Queue, control_item: ControlItem, state: str
) -> None:
    accept(minutes_ago=5)
    control_item.put(state)
    payload = reconciler({}).payload
    assert (payload["enqueued"], payload["state"]) == (0, state)
    assert queue.drained() == []


def test_two_runs_at_once_enqueue_what_is_settled_once(reconciler: Function, accept: Accept, queue: Queue) -> None:
    waiting = accept(minutes_ago=5)
    reconciler({})
    reconciler({})
    assert set(queue.drained()) >= {waiting}


def test_on_demand_it_enqueues_no_more_than_it_is_asked_for(reconciler: Function, accept: Accept, queue: Queue) -> None:
    for _ in range(3):
        accept(minutes_ago=5)
    assert reconciler({"limit": 2}).payload["enqueued"] == 2
    assert len(queue.drained()) == 2


def test_in_full_it_enqueues_even_what_was_accepted_just_now(
    reconciler: Function, accept: Accept, queue: Queue
) -> None:
    fresh = accept(minutes_ago=0.01)
    reconciler({"full": True})
    assert fresh in queue.drained()


@pytest.mark.parametrize("event", [{"limit": 0}, {"limit": 1_000_000}, {"limit": "5"}, {"limit": True}, {"full": 1}])
def test_what_it_cannot_do_it_refuses(reconciler: Function, event: dict[str, Any]) -> None:
    answer = reconciler(event)
    assert answer.error is not None
    assert "whole number" in answer.payload["errorMessage"]


def test_without_a_ledger_what_waits_is_enqueued_all_the_same(
    deploy: Deploy, accept: Accept, queue: Queue, control_item: ControlItem, variables: dict[str, str]
) -> None:
    """A name that nobody listens at: the comparison of a second epoch fails, and the rest goes on."""
    waiting = accept(minutes_ago=5)
    control_item.put("active", 2)
    nowhere = {"DATABASE_WRITER_HOST": "127.0.0.1", "DATABASE_PORT": "1"}
    answer = deploy("reconciler", QUEUE_URL=queue.url, **{**variables, **nowhere})({})
    assert waiting in queue.drained()
    assert "NotCompared" in answer.log
    assert answer.payload["finished"] is False
