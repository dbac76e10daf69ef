"""Payments looked up by status or by customer: one bounded page at a time, whatever the table holds.

An index tells which payments belong to a page; what is known of them is read from the table, so that a status is never
older than the answer. A cursor is where the page before has ended. It is checked and not signed: the request that
carries it is, and all that another cursor could do is begin elsewhere in the same list.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from domain.payment_index import CLOSED, CUSTOMER, SHARDS, UNSETTLED, Position, item_key, partition, payment_id_of
from domain.payment_store import ACCEPTED, StoredPayment, StoreError, store_error, stored

_FORM: Final = re.compile(r"([0-9]{1,2})\|(?:([0-9TZ#:.-]{1,64})\|([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?")
# DynamoDB leaves keys out when it is busy; more tries than this are the caller's.
_TRIES: Final = 3


class CursorError(Exception):
    """The cursor is none that a page has ended with."""


@dataclass(frozen=True)
class Page:
    """Payments, and the cursor of the next page (None: this was the last)."""

    payments: list[StoredPayment]
    cursor: str | None


@dataclass(frozen=True)
class _Place:
    """Where a page begins: a shard, and the last payment of the page before, if that ended within the shard."""

    shard: int = 0
    after: Position | None = None


class PaymentLists:
    """The lists of this region's table."""

    def __init__(self, client: Any, table: str) -> None:
        self._client, self._table = client, table

    def by_status(self, status: str, *, limit: int, cursor: str | None) -> Page:
        """Return up to ``limit`` payments (at most 100) that have a status, shard by shard.

        Raises CursorError and StoreError.
        """
        index, place = UNSETTLED if status == ACCEPTED else CLOSED, _place(cursor)
        found: list[Position] = []
        try:
            while place.shard < SHARDS and len(found) < limit:
                page, more = index.page(
                    self._client,
                    self._table,
                    partition(status, place.shard),
                    after=place.after,
                    limit=limit - len(found),
                )
                found += page
                place = _Place(place.shard, page[-1]) if more and page else _Place(place.shard + 1)
            # Since it was indexed a payment may have got another status.
            payments = [payment for payment in self._read(found) if payment.status == status]
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        return Page(payments, _cursor(place) if place.shard < SHARDS else None)

    def by_customer(self, reference: str, *, limit: int, cursor: str | None) -> Page:
        """Return up to ``limit`` payments (at most 100) of a customer, the newest first.

        Raises CursorError and StoreError.
        """
        after = _place(cursor).after
        try:
            page, more = CUSTOMER.page(
                self._client, self._table, reference, after=after, limit=limit, newest_first=True
            )
            payments = self._read(page)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        return Page(payments, _cursor(_Place(after=page[-1])) if more and page else None)

    def _read(self, positions: list[Position]) -> list[StoredPayment]:
        """The payments themselves, in the same order; those that have expired since are left out."""
        wanted, found = [item_key(each.payment_id) for each in positions], dict[str, StoredPayment]()
        tries = 0
        while wanted:
            if tries == _TRIES:
                raise StoreError("DynamoDB: keys left unprocessed")
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": wanted, "ConsistentRead": True}})
            found |= {payment_id_of(item): stored(item) for item in answer["Responses"].get(self._table, [])}
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            tries += 1
        return [found[each.payment_id] for each in positions if each.payment_id in found]


def _cursor(place: _Place) -> str:
    after = f"{place.after.order}|{place.after.payment_id}" if place.after else ""
    return base64.urlsafe_b64encode(f"{place.shard}|{after}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> _Place:
    if cursor is None:
        return _Place()
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise CursorError from None
    match = _FORM.fullmatch(text)
    if match is None or int(match[1]) >= SHARDS:
        raise CursorError
    return _Place(int(match[1]), Position(match[2], match[3]) if match[2] else None)
