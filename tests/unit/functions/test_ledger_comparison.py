"""The reconciler after a failover, as it is deployed: what is settled in the table and not in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pg8000.native import Connection

from domain.payment import parse_payment
from domain.payment_store import PaymentStore
from tests.unit.functions.support import (
    REGION,
    Cloud,
    ControlItem,
    Deploy,
    Function,
    Queue,
    new_table,
    payment_json,
    unique,
)

PROGRESS = {"pk": {"S": f"comparison#{REGION}"}}
Settle = Callable[..., str]


@dataclass(frozen=True)
class Failover:
    """Begins an epoch, in the ledger and in the control item."""

    ledger: Connection
    control_item: ControlItem

    def __call__(self, epoch: int = 2) -> None:
        self.ledger.run(
            "INSERT INTO ledger.epochs (epoch, region) VALUES (:epoch, :region)", epoch=epoch, region=REGION
        )
        self.ledger.run("UPDATE ledger.current_epoch SET epoch = :epoch", epoch=epoch)
        self.control_item.put("active", epoch)


@pytest.fixture
def table(cloud: Cloud) -> str:
    """A table of its own, so that every payment in it is the test's."""
    return new_table(cloud)


@pytest.fixture
def control(cloud: Cloud, table: str) -> ControlItem:
    """The region is the standby of the first epoch."""
    item = ControlItem(cloud.client("dynamodb"), table)
    item.put("standby", 1)
    return item


@pytest.fixture
def queue(cloud: Cloud) -> Queue:
    client = cloud.client("sqs")
    return Queue(client, client.create_queue(QueueName=unique("payments"))["QueueUrl"])


@pytest.fixture
def reconciler(
    deploy: Deploy, ledger_variables: dict[str, str], table: str, control: ControlItem, queue: Queue
) -> Function:
    reader = {"DATABASE_READER_HOST": ledger_variables["DATABASE_WRITER_HOST"]}
    return deploy("reconciler", SESSIONS_TABLE=table, QUEUE_URL=queue.url, **ledger_variables, **reader)


@pytest.fixture(autouse=True)
def _begun_elsewhere(ledger: Connection) -> Iterator[None]:
    """The first epoch is the other region's, whose standby this region is."""
    begun = "UPDATE ledger.epochs SET region = :region WHERE epoch = 1"
    ledger.run(begun, region="us-west-2")
    yield
    ledger.run(begun, region=REGION)


@pytest.fixture
def failover(ledger: Connection, control: ControlItem) -> Iterator[Failover]:
    yield Failover(ledger, control)
    ledger.run("UPDATE ledger.current_epoch SET epoch = 1")
    ledger.run("DELETE FROM ledger.epochs WHERE epoch > 1")


@pytest.fixture
def settle(cloud: Cloud, table: str, ledger: Connection) -> Settle:
    """A payment that the table says is settled; ``lost`` is its row in the ledger."""
    store = PaymentStore(cloud.client("dynamodb"), table)

    def write(*, lost: bool = False, minutes_ago: float = 60, epoch: int = 1) -> str:
        payment, then = parse_payment(payment_json(unique("pay")).encode()), datetime.now(UTC)
        then -= timedelta(minutes=minutes_ago)
        stored, _ = store.accept(payment, region=REGION, epoch=epoch, now=then)
        if not lost:
            ledger.run(
                "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
                " VALUES (:id, :sha, 1250, 'EUR', :region, :epoch, now())",
                id=payment.id,
                sha=payment.body_sha256,
                region=REGION,
                epoch=epoch,
            )
        store.close(stored, "settled", epoch=epoch, now=then)
        return payment.id

    return write


def item(cloud: Cloud, table: str, payment_id: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": f"payment#{payment_id}"}}, ConsistentRead=True
    )["Item"]
    return found


def reopened(reconciler: Function, event: dict[str, Any] | None = None) -> int:
    answer = reconciler(event or {})
    assert answer.error is None, answer.log
    assert "NotCompared" not in answer.log, answer.log
    return int(answer.payload["reopened"])


class TestAfterAFailover:
    def test_what_the_ledger_has_lost_waits_again_and_is_enqueued(
        self, reconciler: Function, settle: Settle, failover: Failover, cloud: Cloud, table: str, queue: Queue
    ) -> None:
        kept, lost = settle(), settle(lost=True)
        failover()
        assert reopened(reconciler) == 1
        again = item(cloud, table, lost)
        assert again["status"]["S"] == "accepted"
        assert again["unsettled_shard"]["S"].startswith("unsettled#")
        assert not {"expires_at", "closed_at", "closed_shard", "closed_order"} & again.keys()
        assert item(cloud, table, kept)["status"]["S"] == "settled"
        assert queue.drained() == [lost]

    def test_the_processor_settles_it_in_the_new_epoch(
        self,
        reconciler: Function,
        settle: Settle,
        failover: Failover,
        deploy: Deploy,
        processor_variables: dict[str, str],
        ledger: Connection,
        table: str,
    ) -> None:
        lost = settle(lost=True)
        failover()
        assert reopened(reconciler) == 1
        processor = deploy("processor", SESSIONS_TABLE=table, **processor_variables)
        record = {"messageId": "m", "body": f'{{"payment_id": "{lost}"}}', "eventSource": "aws:sqs", "attributes": {}}
        assert processor({"Records": [record]}).payload == {"batchItemFailures": []}
        assert ledger.run("SELECT epoch FROM ledger.payments WHERE payment_id = :id", id=lost) == [[2]]
        assert reopened(reconciler, {"full": True}) == 0
        ledger.run("DELETE FROM ledger.payments WHERE payment_id = :id", id=lost)

    def test_payments_of_the_new_epoch_are_not_touched(
        self, reconciler: Function, settle: Settle, failover: Failover, cloud: Cloud, table: str
    ) -> None:
        failover()
        ours = settle(lost=True, minutes_ago=1, epoch=2)
        assert reopened(reconciler) == 0
        assert item(cloud, table, ours)["status"]["S"] == "settled"

    def test_in_the_first_epoch_nothing_can_be_lost(
        self, reconciler: Function, settle: Settle, control: ControlItem
    ) -> None:
        settle(lost=True)
        control.put("active", 1)
        assert reopened(reconciler) == 0

    def test_bounded_runs_go_on_where_the_last_one_ended(
        self, reconciler: Function, settle: Settle, failover: Failover
    ) -> None:
        for number in range(6):
            settle(lost=number % 2 == 0)
        failover()
        answers = [reconciler({"limit": 2}).payload for _ in range(4)]
        assert [each["compared"] for each in answers] == [2, 2, 2, 0]
        assert sum(each["reopened"] for each in answers) == 3
        assert answers[-1]["finished"]

    def test_runs_at_once_reopen_each_payment_once(
        self, reconciler: Function, settle: Settle, failover: Failover
    ) -> None:
        for _ in range(5):
            settle(lost=True)
        failover()
        with ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(lambda _: reopened(reconciler), range(3))) == 5

    def test_what_arrives_late_from_the_lost_region_is_found_by_the_next_pass(
        self, reconciler: Function, settle: Settle, failover: Failover, cloud: Cloud, table: str
    ) -> None:
        settle()
        failover()
        assert reopened(reconciler) == 0
        late = settle(lost=True, minutes_ago=59)
        assert reopened(reconciler) == 0, "the pass has ended"
        cloud.client("dynamodb").update_item(
            TableName=table,
            Key=PROGRESS,
            UpdateExpression="SET finished_at = :then",
            ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00.000Z"}},
        )
        assert reopened(reconciler) == 1
        assert item(cloud, table, late)["status"]["S"] == "accepted"

    def test_a_ledger_in_another_epoch_is_compared_with_nothing(
        self, reconciler: Function, settle: Settle, control: ControlItem, cloud: Cloud, table: str
    ) -> None:
        lost = settle(lost=True)
        control.put("active", 2)
        assert "NotCompared" in reconciler({}).log
        assert item(cloud, table, lost)["status"]["S"] == "settled"

    def test_how_many_were_reopened_is_measured_with_the_dimensions_that_its_alarm_reads(
        self, reconciler: Function, settle: Settle, failover: Failover
    ) -> None:
        settle(lost=True)
        failover()
        (measured,) = [each for each in reconciler({}).metrics() if "ReopenedPayments" in each]
        assert measured["ReopenedPayments"] == [1]
        assert (measured["service"], measured["environment"]) == ("reconciler", "test")


class TestTheCheckpoint:
    def test_moves_on_in_the_standby_and_a_failover_begins_there(
        self, reconciler: Function, settle: Settle, failover: Failover
    ) -> None:
        for _ in range(4):
            settle()
        assert reconciler({}).payload["compared"] == 4
        assert reconciler({}).payload["compared"] == 0
        failover()
        assert reconciler({}).payload["compared"] == 0
        assert reconciler({"full": True}).payload["compared"] == 4

    def test_stops_before_what_this_copy_of_the_ledger_has_not_got_yet(
        self, reconciler: Function, settle: Settle, failover: Failover
    ) -> None:
        settle(lost=True)
        first = reconciler({}).payload
        assert (first["compared"], first["reopened"], first["finished"]) == (0, 0, False)
        failover()
        assert reopened(reconciler) == 1

    def test_does_not_move_between_the_promotion_of_the_ledger_and_that_of_the_region(
        self, reconciler: Function, settle: Settle, failover: Failover, control: ControlItem
    ) -> None:
        """In that moment the copy is the writer, and in the new epoch without what it never got of the last one."""
        settle(lost=True)
        failover(2)
        control.put("standby", 2)
        between = reconciler({}).payload
        assert (between["compared"], between["finished"]) == (0, False)
        control.put("active", 2)
        assert reopened(reconciler) == 1

    def test_leaves_out_what_was_settled_just_now(self, reconciler: Function, settle: Settle) -> None:
        """The tables replicate out of order: what is passed by once is not looked at again."""
        settle(minutes_ago=1)
        assert reconciler({}).payload["compared"] == 0
