"""Settled payments compared with a region's copy of the ledger: what a failover has lost is settled again.

``settled`` can reach the other region's table before the row reaches the other region's ledger. So:

* In the standby, the payments settled in the current epoch are looked up in the copy of the ledger there, and how far
  they are all in it is the checkpoint. It stays LATE behind the clock, because items arrive out of order.
* In the active region, the payments settled in earlier epochs are compared with the writer from the checkpoint on, and
  those whose row is missing are reopened. An hour after the end of a pass the next one begins at the checkpoint again:
  what a region had settled before it was lost arrives when it comes back.

Progress is in an item of the table, one for each region. Two runs at once compare the same payments twice.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from pg8000.native import Connection

from domain.payment_index import CLOSED, Position, order_in, partitions, timestamp
from domain.payment_store import SETTLED, PaymentStore, store_error
from domain.region_state import Control, State

LATE: Final = timedelta(minutes=15)
"""Both tables agree within a second or so; what takes longer than this is found after the failover all the same."""

PASS_AGAIN: Final = timedelta(hours=1)
# One query of the index, and one of the ledger.
PAGE: Final = 500

Places = dict[str, Position]


class StaleLedgerError(Exception):
    """The ledger is in another epoch than this region: a comparison would find missing what is not lost."""


@dataclass(frozen=True)
class Compared:
    """What one run has done."""

    compared: int = 0
    reopened: int = 0
    finished: bool = True
    """False: there is more, for the next run."""


@dataclass
class Progress:
    """How far each shard is: ``checkpoint`` as the standby, ``reached`` in this epoch's pass as the active region."""

    epoch: int
    checkpoint: Places
    reached: Places
    finished_at: str

    def restart(self, epoch: int) -> None:
        """Begin a pass over all that the table still has; as the standby, over this epoch."""
        self.epoch, self.reached, self.finished_at = epoch, {}, ""


def has_work(control: Control) -> bool:
    """Tell whether a region in this state has anything to compare: in the first epoch nothing can have been lost."""
    return control.state is State.STANDBY or (control.state is State.ACTIVE and control.epoch > 1)


class LedgerComparison:
    """The comparison of one region."""

    def __init__(self, client: Any, table: str, region: str) -> None:
        self._client, self._table, self._region = client, table, region
        self._key = {"pk": {"S": f"comparison#{region}"}}
        self._store = PaymentStore(client, table)

    def run(
        self, connection: Connection, control: Control, *, limit: int, from_start: bool, enough: Callable[[], bool]
    ) -> Compared:
        """Compare up to ``limit`` payments, as the region's state says, until ``enough`` says so.

        ``from_start`` takes no notice of the checkpoint. Raises StaleLedgerError, StoreError, and what pg8000 raises.
        """
        ((epoch, begun_in),) = connection.run(
            "SELECT epoch, region FROM ledger.current_epoch JOIN ledger.epochs USING (epoch)"
        ) or [[None, None]]
        if epoch != control.epoch:
            raise StaleLedgerError(f"the ledger is in epoch {epoch}, this region in {control.epoch}")
        if control.state is State.STANDBY and begun_in == self._region:
            # About to be active: this is the writer already, and what it never got of earlier epochs is lost to it.
            return Compared(finished=False)
        progress = self._load()
        before = deepcopy(progress)
        if from_start:
            progress.restart(control.epoch)
        step = self._follow if control.state is State.STANDBY else self._take_back
        compared = step(connection, control, progress, limit, enough)
        if progress != before:
            self._save(progress)
        return compared

    def _follow(
        self, connection: Connection, control: Control, progress: Progress, limit: int, enough: Callable[[], bool]
    ) -> Compared:
        """As the standby: move the checkpoint on to the first payment that this copy of the ledger lacks."""
        begin = Position(order_in(control.epoch), "")
        before, compared, finished = order_in(control.epoch, timestamp(datetime.now(UTC) - LATE)), 0, True
        for shard in partitions(SETTLED):
            # A copy that is in this epoch has all that was ever written in earlier ones.
            place = max(progress.checkpoint.get(shard, begin), begin, key=lambda each: each.order)
            more = place.order < before
            while more and compared < limit and not enough():
                found, more = self._page(shard, after=place, before=before, limit=min(PAGE, limit - compared))
                there = _in_ledger(connection, found)
                known = _leading(found, there)
                compared += len(known)
                more = more and len(known) == len(found)
                finished = finished and len(known) == len(found)
                place = known[-1] if known else place
            progress.checkpoint[shard] = place
            finished = finished and not more
        return Compared(compared=compared, finished=finished)

    def _take_back(
        self, connection: Connection, control: Control, progress: Progress, limit: int, enough: Callable[[], bool]
    ) -> Compared:
        """As the active region: reopen what was settled in earlier epochs and is not in the ledger."""
        now = datetime.now(UTC)
        if progress.epoch != control.epoch or _again(progress.finished_at, now):
            progress.epoch, progress.reached, progress.finished_at = control.epoch, dict(progress.checkpoint), ""
        if progress.finished_at:
            return Compared()
        before, compared, reopened, finished = order_in(control.epoch), 0, 0, True
        for shard in partitions(SETTLED):
            more = True
            while more and compared < limit and not enough():
                place = progress.reached.get(shard)
                found, more = self._page(shard, after=place, before=before, limit=min(PAGE, limit - compared))
                there = _in_ledger(connection, found)
                missing = [each for each in found if each.payment_id not in there]
                reopened += sum(self._store.reopen(each.payment_id, order=each.order) for each in missing)
                compared += len(found)
                if found:
                    progress.reached[shard] = found[-1]
            finished = finished and not more
        if finished:
            progress.finished_at = timestamp(now)
        return Compared(compared, reopened, finished)

    def _page(self, shard: str, *, after: Position | None, before: str, limit: int) -> tuple[list[Position], bool]:
        try:
            return CLOSED.page(self._client, self._table, shard, after=after, before=before, limit=limit)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None

    def _load(self) -> Progress:
        try:
            item = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True).get("Item", {})
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        return Progress(
            epoch=int(item.get("epoch", {}).get("N", "0")),
            checkpoint=_places(item.get("checkpoint")),
            reached=_places(item.get("reached")),
            finished_at=item.get("finished_at", {}).get("S", ""),
        )

    def _save(self, progress: Progress) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="SET epoch = :epoch, checkpoint = :checkpoint, reached = :reached, finished_at = :at",
                ExpressionAttributeValues={
                    ":epoch": {"N": str(progress.epoch)},
                    ":checkpoint": _item(progress.checkpoint),
                    ":reached": _item(progress.reached),
                    ":at": {"S": progress.finished_at},
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None


def _in_ledger(connection: Connection, places: list[Position]) -> set[str]:
    if not places:
        return set()
    rows = connection.run(
        "SELECT payment_id FROM ledger.payments WHERE payment_id = ANY(CAST(:ids AS text[]))",
        ids=[each.payment_id for each in places],
    )
    return {row[0] for row in rows or []}


def _leading(places: list[Position], there: set[str]) -> list[Position]:
    """The places before the first one whose payment is not there."""
    missing = (number for number, each in enumerate(places) if each.payment_id not in there)
    return places[: next(missing, len(places))]


def _again(finished_at: str, now: datetime) -> bool:
    return bool(finished_at) and finished_at < timestamp(now - PASS_AGAIN)


def _places(attribute: dict[str, Any] | None) -> Places:
    stored = (attribute or {}).get("M", {})
    return {shard: Position(place["M"]["order"]["S"], place["M"]["payment_id"]["S"]) for shard, place in stored.items()}


def _item(places: Places) -> dict[str, Any]:
    return {
        "M": {
            shard: {"M": {"order": {"S": place.order}, "payment_id": {"S": place.payment_id}}}
            for shard, place in places.items()
        }
    }
