"""Payments in the sessions table: written once, on condition that they are new."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from domain.payment import Payment

# Shards of the sparse index of unsettled payments: 16 write to it 16 times as fast as one key would.
UNSETTLED_INDEX = "unsettled"
UNSETTLED_SHARDS = 16
# A closed payment stays readable for 90 days; the ledger keeps it for good.
KEPT_SECONDS = 90 * 86_400

ACCEPTED = "accepted"
ClosedStatus = Literal["settled", "conflict"]


class PaymentConflictError(Exception):
    """The id is taken by a payment with other content."""


class StoreError(Exception):
    """The table cannot be written or read now; the message holds nothing of the payment."""


@dataclass(frozen=True)
class StoredPayment:
    """A payment as the table has it; ``amount`` in minor units, ``accepted_at`` ISO 8601 in UTC."""

    id: str
    status: str
    amount: int
    currency: str
    region: str
    accepted_at: str
    body_sha256: str
    # Of a person, so that no message shows it.
    customer_reference: str = field(repr=False)
    customer_email: str | None = field(repr=False)
    description: str | None = field(repr=False)


@dataclass(frozen=True)
class Unsettled:
    """A payment that waits for the ledger; ``accepted_at`` in UTC."""

    id: str
    accepted_at: datetime


class PaymentStore:
    """The payments that this region's table holds."""

    def __init__(self, client: Any, table: str) -> None:
        self._client, self._table = client, table

    def accept(self, payment: Payment, *, region: str, epoch: int, now: datetime) -> tuple[StoredPayment, bool]:
        """Write ``payment`` and return it with True; with False, as it was first written, when it is known already.

        ``now`` is in UTC. Raises PaymentConflictError and StoreError.
        """
        item = _item(payment, region=region, epoch=epoch, now=now)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise _unavailable(error) from None
            known: dict[str, Any] = error.response.get("Item") or self._read(payment.id) or {}
            if known.get("body_sha256") != item["body_sha256"]:
                raise PaymentConflictError(payment.id) from None
            return _stored(known), False
        except BotoCoreError as error:
            raise _unavailable(error) from None
        return _stored(item), True

    def find(self, payment_id: str) -> StoredPayment | None:
        """Return the payment, or None when this region does not know it. Raises StoreError."""
        try:
            item = self._read(payment_id)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None
        return _stored(item) if item else None

    def close(self, payment: StoredPayment, status: ClosedStatus, *, now: datetime) -> None:
        """Say what has become of ``payment`` and take it out of the index of unsettled ones.

        Done already: nothing is changed. From now on the item may expire: the ledger has the payment. ``now`` is in
        UTC. Raises StoreError.
        """
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": _key(payment.id)}},
                UpdateExpression=(
                    "SET #status = :status, closed_at = :now, expires_at = :expires REMOVE unsettled_shard"
                ),
                # The other region's write may have replaced the item since it was read: that content is not closed.
                ConditionExpression="body_sha256 = :sha AND #status = :accepted",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":status": {"S": status},
                    ":accepted": {"S": ACCEPTED},
                    ":sha": {"S": payment.body_sha256},
                    ":now": {"S": _timestamp(now)},
                    ":expires": {"N": str(int(now.timestamp()) + KEPT_SECONDS)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise _unavailable(error) from None
        except BotoCoreError as error:
            raise _unavailable(error) from None

    def unsettled(self, *, accepted_before: datetime, most: int) -> list[Unsettled]:
        """Return payments accepted before a time (UTC) and not closed since: the oldest, ``most`` of them.

        Raises StoreError.
        """
        found: list[Unsettled] = []
        try:
            for shard in range(UNSETTLED_SHARDS):
                pages = self._client.get_paginator("query").paginate(
                    TableName=self._table,
                    IndexName=UNSETTLED_INDEX,
                    KeyConditionExpression="unsettled_shard = :shard AND accepted_at < :before",
                    ExpressionAttributeValues={
                        ":shard": {"S": _shard(shard)},
                        ":before": {"S": _timestamp(accepted_before)},
                    },
                    PaginationConfig={"MaxItems": most},
                )
                found += [_unsettled(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None
        return sorted(found, key=lambda payment: payment.accepted_at)[:most]

    def _read(self, payment_id: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key={"pk": {"S": _key(payment_id)}}, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item


def _key(payment_id: str) -> str:
    return f"payment#{payment_id}"


def _item(payment: Payment, *, region: str, epoch: int, now: datetime) -> dict[str, Any]:
    shard = hashlib.sha256(payment.id.encode()).digest()[0] % UNSETTLED_SHARDS
    customer = {"reference": {"S": payment.customer_reference}}
    if payment.customer_email is not None:
        customer["email"] = {"S": payment.customer_email}
    item: dict[str, Any] = {
        "pk": {"S": _key(payment.id)},
        "payment_id": {"S": payment.id},
        "body_sha256": {"S": payment.body_sha256},
        "amount": {"N": str(payment.amount)},
        "currency": {"S": payment.currency},
        "customer": {"M": customer},
        "status": {"S": ACCEPTED},
        "region": {"S": region},
        "epoch": {"N": str(epoch)},
        "accepted_at": {"S": _timestamp(now)},
        # No expires_at: what is not settled must not expire.
        "unsettled_shard": {"S": _shard(shard)},
    }
    if payment.description is not None:
        item["description"] = {"S": payment.description}
    return item


def _shard(number: int) -> str:
    return f"unsettled#{number:02d}"


def _unsettled(item: dict[str, Any]) -> Unsettled:
    return Unsettled(item["pk"]["S"].removeprefix(_key("")), datetime.fromisoformat(item["accepted_at"]["S"]))


def _timestamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


def _stored(item: dict[str, Any]) -> StoredPayment:
    customer = item["customer"]["M"]
    return StoredPayment(
        id=item["payment_id"]["S"],
        status=item["status"]["S"],
        amount=int(item["amount"]["N"]),
        currency=item["currency"]["S"],
        region=item["region"]["S"],
        accepted_at=item["accepted_at"]["S"],
        body_sha256=item["body_sha256"]["S"],
        customer_reference=customer["reference"]["S"],
        customer_email=customer.get("email", {}).get("S"),
        description=item.get("description", {}).get("S"),
    )


def _unavailable(error: ClientError | BotoCoreError) -> StoreError:
    reason = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return StoreError(f"DynamoDB: {reason}")
