"""The processor, as it is deployed: each payment in the ledger exactly once, or still in the queue."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from domain.payment_index import timestamp
from tests.unit.functions.support import (
    APPLICATION,
    REGION,
    Cloud,
    ControlItem,
    Database,
    Deploy,
    Events,
    Function,
    payment_json,
    request,
    signature,
    unique,
)


@pytest.fixture(scope="module")
def processor(deploy: Deploy, processor_variables: dict[str, str], sessions_table: str) -> Function:
    """The processor, on a ledger whose schema is up to date."""
    return deploy("processor", SESSIONS_TABLE=sessions_table, **processor_variables)


@pytest.fixture(autouse=True)
def _active(control_item: ControlItem) -> None:
    """Every test begins in the active region."""


def accepted(webhook: Function, **changes: Any) -> str:
    """A payment that was accepted; its id."""
    payment_id = unique("pay")
    body = payment_json(payment_id, **changes)
    answer = webhook(request("POST", "/v1/webhooks/payments", headers=signature(body), body=body))
    assert answer.status == 202, answer.payload
    return payment_id


def delivery(*payment_ids: str) -> dict[str, Any]:
    """An event as SQS makes it for Lambda."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": "r",
                "body": json.dumps({"payment_id": payment_id}),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:payments",
                "awsRegion": REGION,
            }
            for number, payment_id in enumerate(payment_ids)
        ]
    }


def failed(processor: Function, *payment_ids: str) -> list[str]:
    """Deliver the payments in one batch; those that stay in the queue."""
    answer = processor(delivery(*payment_ids))
    assert answer.error is None, answer.log
    numbers = [int(each["itemIdentifier"].removeprefix("m-")) for each in answer.payload["batchItemFailures"]]
    return [payment_ids[number] for number in numbers]


def rows(ledger: Connection, payment_id: str, table: str = "payments") -> list[list[Any]]:
    found: list[list[Any]] = ledger.run(
        f"SELECT amount, currency, region, epoch FROM ledger.{table} WHERE payment_id = :id",  # noqa: S608
        id=payment_id,
    )
    return found


def status(cloud: Cloud, table: str, payment_id: str) -> dict[str, Any]:
    item: dict[str, Any] = cloud.client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": f"payment#{payment_id}"}}, ConsistentRead=True
    )["Item"]
    return item


class TestSettlement:
    def test_a_payment_is_settled_with_the_senders_amount(
        self, webhook: Function, processor: Function, ledger: Connection, cloud: Cloud, sessions_table: str
    ) -> None:
        payment_id = accepted(webhook, amount=4711, currency="JPY")
        assert failed(processor, payment_id) == []
        assert rows(ledger, payment_id) == [[4711, "JPY", REGION, 1]]
        item = status(cloud, sessions_table, payment_id)
        assert item["status"]["S"] == "settled"
        assert "expires_at" in item
        assert "unsettled_shard" not in item
        assert item["closed_order"]["S"] == f"0000000001#{item['closed_at']['S']}"

    def test_a_payment_that_is_delivered_again_and_again_is_settled_once(
        self, webhook: Function, processor: Function, ledger: Connection
    ) -> None:
        payment_id = accepted(webhook)
        assert failed(processor, payment_id, payment_id) == []
        assert failed(processor, payment_id) == []
        assert len(rows(ledger, payment_id)) == 1

    def test_a_payment_that_is_delivered_to_several_at_once_is_settled_once(
        self, webhook: Function, processor: Function, ledger: Connection
    ) -> None:
        payment_id = accepted(webhook)
        with ThreadPoolExecutor(4) as pool:
            assert all(not left for left in pool.map(lambda _: failed(processor, payment_id), range(4)))
        assert len(rows(ledger, payment_id)) == 1

    def test_a_crash_after_the_ledger_is_repaired_by_the_next_delivery(
        self, webhook: Function, processor: Function, ledger: Connection, cloud: Cloud, sessions_table: str
    ) -> None:
        payment_id = accepted(webhook)
        sha = status(cloud, sessions_table, payment_id)["body_sha256"]["S"]
        ledger.run(
            "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
            " VALUES (:id, :sha, 1250, 'EUR', :region, 1, now())",
            id=payment_id,
            sha=sha,
            region=REGION,
        )
        assert failed(processor, payment_id) == []
        assert len(rows(ledger, payment_id)) == 1
        assert status(cloud, sessions_table, payment_id)["status"]["S"] == "settled"

    def test_one_bad_message_holds_none_of_the_others_up(
        self, webhook: Function, processor: Function, ledger: Connection
    ) -> None:
        good = accepted(webhook)
        assert failed(processor, "nobody-has-sent-this", good) == ["nobody-has-sent-this"]
        assert len(rows(ledger, good)) == 1


class TestTheEvent:
    def test_says_what_the_ledger_says_and_nothing_of_the_customer(
        self, webhook: Function, processor: Function, ledger: Connection, events: Events
    ) -> None:
        customer = {"reference": "customer-7", "email": "ada@tap.example"}
        payment_id = accepted(webhook, amount=4711, currency="JPY", customer=customer)
        assert failed(processor, payment_id) == []
        (event,) = events.heard(payment_id)
        (row,) = ledger.run("SELECT accepted_at, settled_at FROM ledger.payments WHERE payment_id = :id", id=payment_id)
        assert event == {
            "type": "payment.settled",
            "version": 1,
            "payment_id": payment_id,
            "amount": 4711,
            "currency": "JPY",
            "region": REGION,
            "epoch": 1,
            "accepted_at": timestamp(row[0].astimezone(UTC)),
            "settled_at": timestamp(row[1].astimezone(UTC)),
        }

    def test_is_published_once_however_often_the_message_is_delivered_later(
        self, webhook: Function, processor: Function, events: Events
    ) -> None:
        payment_id = accepted(webhook)
        assert failed(processor, payment_id, payment_id) == []
        assert failed(processor, payment_id) == []
        assert len(events.heard(payment_id)) == 1

    def test_is_made_up_for_when_there_was_nobody_to_take_it(
        self, webhook: Function, processor: Function, events: Events, cloud: Cloud, sessions_table: str
    ) -> None:
        payment_id = accepted(webhook)
        function = processor.client.get_function_configuration(FunctionName=processor.name)["Environment"]["Variables"]
        gone = {**function, "EVENTS_TOPIC_ARN": events.topic + "-gone"}
        processor.client.update_function_configuration(FunctionName=processor.name, Environment={"Variables": gone})
        try:
            assert failed(processor, payment_id) == [payment_id]
            assert status(cloud, sessions_table, payment_id)["status"]["S"] == "accepted"
        finally:
            processor.client.update_function_configuration(
                FunctionName=processor.name, Environment={"Variables": function}
            )
        assert failed(processor, payment_id) == []
        assert len(events.heard(payment_id)) == 1
        assert status(cloud, sessions_table, payment_id)["status"]["S"] == "settled"


class TestConflict:
    def test_the_log_says_why_a_message_stays_in_the_queue(
        self, processor: Function, control_item: ControlItem
    ) -> None:
        missing = processor(delivery(unique("pay")))
        assert "the table does not hold" in missing.log
        control_item.put("standby")
        assert "this region is standby" in processor(delivery(unique("pay"))).log

    def test_other_content_under_the_same_id_is_recorded_and_never_settled(
        self,
        webhook: Function,
        processor: Function,
        ledger: Connection,
        cloud: Cloud,
        sessions_table: str,
        events: Events,
    ) -> None:
        payment_id = accepted(webhook, amount=100)
        ledger.run(
            "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
            " VALUES (:id, repeat('a', 64), 999, 'EUR', 'us-west-2', 1, now())",
            id=payment_id,
        )
        assert failed(processor, payment_id) == []
        assert rows(ledger, payment_id) == [[999, "EUR", "us-west-2", 1]]
        assert rows(ledger, payment_id, "conflicts") == [[100, "EUR", REGION, 1]]
        assert status(cloud, sessions_table, payment_id)["status"]["S"] == "conflict"
        assert events.heard(payment_id) == []


class TestWhoMaySettle:
    @pytest.mark.parametrize("state", ["standby", "fenced"])
    def test_a_region_that_is_not_active_settles_nothing_and_keeps_the_message(
        self, webhook: Function, processor: Function, ledger: Connection, control_item: ControlItem, state: str
    ) -> None:
        payment_id = accepted(webhook)
        control_item.put(state)
        assert failed(processor, payment_id) == [payment_id]
        assert rows(ledger, payment_id) == []

    @pytest.mark.parametrize("epoch", [2, 7], ids=["the ledger is behind", "far behind"])
    def test_a_region_in_another_epoch_than_the_ledger_settles_nothing(
        self, webhook: Function, processor: Function, ledger: Connection, control_item: ControlItem, epoch: int
    ) -> None:
        payment_id = accepted(webhook)
        control_item.put("active", epoch)
        assert failed(processor, payment_id) == [payment_id]
        assert rows(ledger, payment_id) == []

    def test_an_old_region_settles_nothing_after_a_failover(
        self, webhook: Function, processor: Function, ledger: Connection
    ) -> None:
        payment_id = accepted(webhook)
        ledger.run("INSERT INTO ledger.epochs (epoch, region) VALUES (2, 'us-west-2')")
        ledger.run("UPDATE ledger.current_epoch SET epoch = 2")
        try:
            assert failed(processor, payment_id) == [payment_id]
        finally:
            ledger.run("UPDATE ledger.current_epoch SET epoch = 1")
            ledger.run("DELETE FROM ledger.epochs WHERE epoch = 2")
        assert rows(ledger, payment_id) == []
        assert failed(processor, payment_id) == []
        assert len(rows(ledger, payment_id)) == 1


class TestTheLedgerEnforces:
    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": 0},
            {"amount": -1},
            {"currency": "eur"},
            {"body_sha256": "short"},
            {"payment_id": "-leading"},
            {"region": "here"},
            {"epoch": 9},
        ],
        ids=str,
    )
    def test_rows_that_no_payment_can_be(self, ledger: Connection, changes: dict[str, Any]) -> None:
        row = {
            "payment_id": unique("row"),
            "body_sha256": "b" * 64,
            "amount": 1,
            "currency": "EUR",
            "region": REGION,
            "epoch": 1,
            **changes,
        }
        names = ", ".join(row)
        with pytest.raises(DatabaseError):
            ledger.run(
                f"INSERT INTO ledger.payments ({names}, accepted_at)"  # noqa: S608
                f" VALUES ({', '.join(f':{name}' for name in row)}, now())",
                **row,
            )

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger.payments SET amount = 1",
            "DELETE FROM ledger.payments",
            "UPDATE ledger.current_epoch SET epoch = 1",
            "INSERT INTO ledger.epochs (epoch, region) VALUES (3, 'us-east-1')",
            "CREATE TABLE ledger.mine ()",
            "TRUNCATE ledger.conflicts",
        ],
    )
    @pytest.mark.usefixtures("processor")
    def test_the_functions_user_may_add_and_change_nothing(self, database: Database, statement: str) -> None:
        with database.connect(APPLICATION) as application, pytest.raises(DatabaseError, match="permission denied"):
            application.run(statement)
