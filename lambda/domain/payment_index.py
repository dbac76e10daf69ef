"""The indexes of the sessions table that payments are found through, and how one page of them is read.

``unsettled`` and ``closed`` are sparse: a payment is in exactly one of them. Their partitions are shards, because a
status has few values, and one key for each would throttle the writes of the whole table.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

SHARDS: Final = 16
_PREFIX: Final = "payment#"


@dataclass(frozen=True)
class Position:
    """A payment's place in one partition of an index, by what the index orders."""

    order: str
    payment_id: str


@dataclass(frozen=True)
class Index:
    """An index by its name and the two attributes that are its key; it holds nothing else."""

    name: str
    partition: str
    order: str

    def page(
        self,
        client: Any,
        table: str,
        partition: str,
        *,
        limit: int,
        after: Position | None = None,
        before: str | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Position], bool]:
        """Return up to ``limit`` places, and whether there may be more. Raises what botocore raises.

        ``after`` need not be a payment's place; ``before`` bounds the order and is left out itself.
        """
        condition, values = f"{self.partition} = :partition", {":partition": {"S": partition}}
        if before is not None:
            condition, values = f"{condition} AND {self.order} < :before", {**values, ":before": {"S": before}}
        start = {} if after is None else {"ExclusiveStartKey": self._start(partition, after)}
        answer = client.query(
            TableName=table,
            IndexName=self.name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=not newest_first,
            Limit=limit,
            **start,
        )
        found = [Position(item[self.order]["S"], payment_id_of(item)) for item in answer["Items"]]
        return found, "LastEvaluatedKey" in answer

    def _start(self, partition: str, after: Position) -> dict[str, Any]:
        return {
            **item_key(after.payment_id),
            self.partition: {"S": partition},
            self.order: {"S": after.order},
        }


UNSETTLED: Final = Index("unsettled", "unsettled_shard", "accepted_at")
CLOSED: Final = Index("closed", "closed_shard", "closed_order")
CUSTOMER: Final = Index("customer", "customer_reference", "accepted_at")
INDEXES: Final = (UNSETTLED, CLOSED, CUSTOMER)


def item_key(payment_id: str) -> dict[str, Any]:
    """The key of a payment's item."""
    return {"pk": {"S": f"{_PREFIX}{payment_id}"}}


def payment_id_of(item: dict[str, Any]) -> str:
    """The payment whose item it is."""
    return str(item["pk"]["S"]).removeprefix(_PREFIX)


def shard_of(payment_id: str) -> int:
    """The shard that a payment belongs to, for good."""
    return hashlib.sha256(payment_id.encode()).digest()[0] % SHARDS


def partition(status: str, shard: int) -> str:
    """The partition of ``unsettled`` or ``closed`` that holds a shard's payments of one status."""
    return f"{'unsettled' if status == 'accepted' else status}#{shard:02d}"


def partitions(status: str) -> Iterable[str]:
    """All of them."""
    return (partition(status, shard) for shard in range(SHARDS))


def order_in(epoch: int, when: str = "") -> str:
    """What ``closed`` orders: the epoch in which a payment was closed, then the time; without one, where it begins."""
    return f"{epoch:010d}#{when}"


def timestamp(moment: datetime) -> str:
    """A time in UTC as items have it: ISO 8601 with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
