"""Payments in the sessions table: written once, on condition that they are new."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from domain.payment import Payment
from domain.payment_index import (
    UNSETTLED,
    item_key,
    order_in,
    partition,
    partitions,
    payment_id_of,
    shard_of,
    timestamp,
)

# A closed payment stays readable for 90 days; the ledger keeps it for good.
KEPT_SECONDS = 90 * 86_400

ACCEPTED = "accepted"
SETTLED = "settled"
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
                raise store_error(error) from None
            known: dict[str, Any] = error.response.get("Item") or self._read(payment.id) or {}
            if known.get("body_sha256") != item["body_sha256"]:
                raise PaymentConflictError(payment.id) from None
            return stored(known), False
        except BotoCoreError as error:
            raise store_error(error) from None
        return stored(item), True

    def find(self, payment_id: str) -> StoredPayment | None:
        """Return the payment, or None when this region does not know it. Raises StoreError."""
        try:
            item = self._read(payment_id)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        return stored(item) if item else None

    def customer_email(self, payment_id: str) -> str | None:
        """Return where the payment's customer is written to, or None when the sender has named no address.

        Raises StoreError, also when this region does not know the payment.
        """
        try:
            item = self._read(payment_id)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        if item is None:
            raise StoreError("the table does not hold the payment")
        address: str | None = item["customer"]["M"].get("email", {}).get("S")
        return address

    def close(self, payment: StoredPayment, status: ClosedStatus, *, epoch: int, now: datetime) -> None:
        """Say what has become of ``payment`` in ``epoch`` and move it to the index of closed ones.

        Done already: nothing is changed. From now on the item may expire: the ledger has the payment. ``now`` is in
        UTC. Raises StoreError.
        """
        when = timestamp(now)
        self._update(
            payment.id,
            "SET #status = :status, closed_at = :now, expires_at = :expires,"
            " closed_shard = :shard, closed_order = :order REMOVE unsettled_shard",
            # The other region's write may have replaced the item since it was read: that content is not closed.
            "body_sha256 = :sha AND #status = :accepted",
            {
                ":status": {"S": status},
                ":accepted": {"S": ACCEPTED},
                ":sha": {"S": payment.body_sha256},
                ":now": {"S": when},
                ":expires": {"N": str(int(now.timestamp()) + KEPT_SECONDS)},
                ":shard": {"S": partition(status, shard_of(payment.id))},
                ":order": {"S": order_in(epoch, when)},
            },
        )

    def reopen(self, payment_id: str, *, order: str) -> bool:
        """Let a payment wait for the ledger again that was settled where the index has it; tell whether it was.

        Settled again since, or gone: nothing is changed. Raises StoreError.
        """
        return self._update(
            payment_id,
            "SET #status = :accepted, unsettled_shard = :shard"
            " REMOVE closed_at, expires_at, closed_shard, closed_order",
            "closed_order = :order AND #status = :settled",
            {
                ":accepted": {"S": ACCEPTED},
                ":settled": {"S": SETTLED},
                ":shard": {"S": partition(ACCEPTED, shard_of(payment_id))},
                ":order": {"S": order},
            },
        )

    def unsettled(self, *, accepted_before: datetime, most: int) -> list[Unsettled]:
        """Return payments accepted before a time (UTC) and not closed since: the oldest, ``most`` of them.

        Raises StoreError.
        """
        found: list[Unsettled] = []
        try:
            for shard in partitions(ACCEPTED):
                pages = self._client.get_paginator("query").paginate(
                    TableName=self._table,
                    IndexName=UNSETTLED.name,
                    KeyConditionExpression="unsettled_shard = :shard AND accepted_at < :before",
                    ExpressionAttributeValues={
                        ":shard": {"S": shard},
                        ":before": {"S": timestamp(accepted_before)},
                    },
                    PaginationConfig={"MaxItems": most},
                )
                found += [_unsettled(item) for page in pages for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        return sorted(found, key=lambda payment: payment.accepted_at)[:most]

    def _update(self, payment_id: str, change: str, condition: str, values: dict[str, Any]) -> bool:
        """Change an item on condition; tell whether the condition held. Raises StoreError."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=item_key(payment_id),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise store_error(error) from None
            return False
        except BotoCoreError as error:
            raise store_error(error) from None
        return True

    def _read(self, payment_id: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=item_key(payment_id), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item


def _item(payment: Payment, *, region: str, epoch: int, now: datetime) -> dict[str, Any]:
    customer = {"reference": {"S": payment.customer_reference}}
    if payment.customer_email is not None:
        customer["email"] = {"S": payment.customer_email}
    item: dict[str, Any] = {
        **item_key(payment.id),
        "payment_id": {"S": payment.id},
        "body_sha256": {"S": payment.body_sha256},
        "amount": {"N": str(payment.amount)},
        "currency": {"S": payment.currency},
        "customer": {"M": customer},
        "customer_reference": {"S": payment.customer_reference},
        "status": {"S": ACCEPTED},
        "region": {"S": region},
        "epoch": {"N": str(epoch)},
        "accepted_at": {"S": timestamp(now)},
        # No expires_at: what is not settled must not expire.
        "unsettled_shard": {"S": partition(ACCEPTED, shard_of(payment.id))},
    }
    if payment.description is not None:
        item["description"] = {"S": payment.description}
    return item


def _unsettled(item: dict[str, Any]) -> Unsettled:
    return Unsettled(payment_id_of(item), datetime.fromisoformat(item["accepted_at"]["S"]))


def stored(item: dict[str, Any]) -> StoredPayment:
    """A payment from its item."""
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


def store_error(error: ClientError | BotoCoreError) -> StoreError:
    """What botocore raised, as the table's users see it."""
    reason = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return StoreError(f"DynamoDB: {reason}")
