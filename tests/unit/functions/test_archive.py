"""What the processor keeps of a payment in S3, before the table may forget it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pg8000.native import Connection

from tests.unit.functions.support import REGION, Archive, Cloud, ControlItem, Function, payment_json
from tests.unit.functions.test_processor import accepted, delivery, failed, processor, rows, status

__all__ = ["processor"]

PERSONAL = {
    "customer": {"reference": "customer-4711", "email": "somebody@example.com"},
    "description": "A rather private matter, für Ümläute",
}


@pytest.fixture(autouse=True)
def _active(control_item: ControlItem) -> None:
    """Every test begins in the active region."""


@contextmanager
def out_of_order(archive: Archive, bucket: str) -> Iterator[None]:
    """S3 refuses every write to ``bucket`` while the block runs."""
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [refusal]})
    archive.client.put_bucket_policy(Bucket=bucket, Policy=policy)
    try:
        yield
    finally:
        archive.client.delete_bucket_policy(Bucket=bucket)


def count(answer: Any, metric: str) -> int:
    return sum(len(each[metric]) for each in answer.metrics() if metric in each)


class TestTheReceipt:
    def test_says_what_the_ledger_says_under_a_key_that_follows_from_the_payment(
        self, webhook: Function, processor: Function, ledger: Connection, archive: Archive
    ) -> None:
        payment_id = accepted(webhook, amount=4711, currency="JPY", **PERSONAL)
        assert failed(processor, payment_id) == []
        ((sha, accepted_at, settled_at),) = ledger.run(
            "SELECT body_sha256, accepted_at, settled_at FROM ledger.payments WHERE payment_id = :id", id=payment_id
        )
        assert archive.keys(archive.receipts, payment_id) == [f"payments/{accepted_at:%Y/%m/%d}/{payment_id}.json"]
        assert json.loads(archive.kept(archive.receipts, payment_id)) == {
            "payment_id": payment_id,
            "body_sha256": sha,
            "amount": 4711,
            "currency": "JPY",
            "region": REGION,
            "epoch": 1,
            "accepted_at": accepted_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "settled_at": settled_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }

    def test_holds_nothing_of_the_customer(self, webhook: Function, processor: Function, archive: Archive) -> None:
        payment_id = accepted(webhook, **PERSONAL)
        assert failed(processor, payment_id) == []
        text = archive.kept(archive.receipts, payment_id).decode()
        for part in ("customer", "somebody", "example.com", "private"):
            assert part not in text

    def test_is_written_once_however_often_the_message_comes(
        self, webhook: Function, processor: Function, cloud: Cloud, sessions_table: str, archive: Archive
    ) -> None:
        payment_id = accepted(webhook)
        assert failed(processor, payment_id) == []
        before = archive.kept(archive.receipts, payment_id)
        reopened(cloud, sessions_table, payment_id)
        assert failed(processor, payment_id, payment_id) == []
        assert archive.kept(archive.receipts, payment_id) == before
        assert status(cloud, sessions_table, payment_id)["status"]["S"] == "settled"


class TestTheDocument:
    def test_is_the_senders_content_with_the_hash_that_the_receipt_names(
        self, webhook: Function, processor: Function, archive: Archive
    ) -> None:
        payment_id = accepted(webhook, **PERSONAL)
        assert failed(processor, payment_id) == []
        document = archive.kept(archive.documents, payment_id)
        assert json.loads(document) == json.loads(payment_json(payment_id, **PERSONAL))
        sha = hashlib.sha256(document).hexdigest()
        assert json.loads(archive.kept(archive.receipts, payment_id))["body_sha256"] == sha
        assert archive.keys(archive.documents, payment_id) == [f"payments/{payment_id}/{sha}.json"]

    def test_is_kept_of_a_conflict_too_and_a_receipt_is_not(
        self, webhook: Function, processor: Function, ledger: Connection, archive: Archive
    ) -> None:
        payment_id = accepted(webhook, amount=100)
        ledger.run(
            "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
            " VALUES (:id, repeat('a', 64), 999, 'EUR', 'us-west-2', 1, now())",
            id=payment_id,
        )
        assert failed(processor, payment_id) == []
        assert json.loads(archive.kept(archive.documents, payment_id))["amount"] == 100
        assert archive.keys(archive.receipts, payment_id) == []


class TestWhenS3Fails:
    @pytest.mark.parametrize("kind", ["receipts", "documents"])
    def test_the_message_stays_in_the_queue_and_the_next_delivery_completes_what_is_missing(
        self,
        webhook: Function,
        processor: Function,
        ledger: Connection,
        cloud: Cloud,
        sessions_table: str,
        archive: Archive,
        kind: str,
    ) -> None:
        """As after a crash between ledger and receipt: the row is there, and the payment is still open."""
        payment_id = accepted(webhook)
        with out_of_order(archive, getattr(archive, kind)):
            answer = processor(delivery(payment_id))
        assert answer.payload == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
        assert count(answer, "ArchiveUnavailable") == 1
        assert len(rows(ledger, payment_id)) == 1
        item = status(cloud, sessions_table, payment_id)
        assert item["status"]["S"] == "accepted"
        assert "expires_at" not in item

        assert failed(processor, payment_id) == []
        assert len(rows(ledger, payment_id)) == 1
        for bucket in (archive.receipts, archive.documents):
            assert archive.kept(bucket, payment_id)
        assert status(cloud, sessions_table, payment_id)["status"]["S"] == "settled"

    def test_the_rest_of_the_batch_does_not_wait_for_it_again(
        self, webhook: Function, processor: Function, archive: Archive
    ) -> None:
        payment_ids = [accepted(webhook) for _ in range(3)]
        with out_of_order(archive, archive.documents):
            assert failed(processor, *payment_ids) == payment_ids
        assert [archive.keys(archive.receipts, payment_id) for payment_id in payment_ids] == [[], [], []]
        assert failed(processor, *payment_ids) == []

    def test_the_log_says_nothing_of_the_customer(
        self, webhook: Function, processor: Function, archive: Archive
    ) -> None:
        payment_id = accepted(webhook, **PERSONAL)
        with out_of_order(archive, archive.documents):
            answer = processor(delivery(payment_id))
        assert count(answer, "ArchiveUnavailable") == 1
        for part in ("customer-4711", "somebody@example.com", "private"):
            assert part not in answer.log


def reopened(cloud: Cloud, table: str, payment_id: str) -> None:
    """The payment, as if the table had not been closed yet."""
    cloud.client("dynamodb").update_item(
        TableName=table,
        Key={"pk": {"S": f"payment#{payment_id}"}},
        UpdateExpression="SET #status = :accepted",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":accepted": {"S": "accepted"}},
    )
