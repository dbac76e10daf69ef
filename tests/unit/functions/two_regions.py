"""Two regions for the tests of interleavings: the functions' own code, on tables and ledgers that replicate when told.

Real are the embedded AWS's DynamoDB, PostgreSQL with the migrated schema, and all of ``domain``. The test's own is what
AWS does between the regions: which write has arrived where. DynamoDB carries each item over by itself, its writes in
order, and the last writer wins; Aurora carries over a prefix of what the writer has committed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pg8000.native import Connection

from domain.ledger_comparison import LedgerComparison, StaleLedgerError, has_work
from domain.payment import parse_payment
from domain.payment_store import ACCEPTED, PaymentStore, StoredPayment
from domain.region_state import Control, RegionState, State
from domain.settlement import Settlement, StaleEpochError
from tests.unit.functions.support import payment_json

EAST, WEST = "us-east-1", "us-west-2"
REGIONS = (EAST, WEST)
CONTROL = {"pk": {"S": "control"}}
Item = dict[str, Any]


def other(region: str) -> str:
    """The other one."""
    return WEST if region == EAST else EAST


@dataclass
class Table:
    """One region's replica of the sessions table."""

    client: Any
    name: str
    versions: dict[str, int] = field(default_factory=dict)
    """When each item was last written, wherever that was."""
    seen: dict[str, Item] = field(default_factory=dict)

    def items(self) -> dict[str, Item]:
        """All of them, by key."""
        found = self.client.scan(TableName=self.name, ConsistentRead=True)["Items"]
        return {item["pk"]["S"]: item for item in found}

    def clear(self) -> None:
        """Forget everything."""
        for key in self.items():
            self.client.delete_item(TableName=self.name, Key={"pk": {"S": key}})
        self.versions, self.seen = {}, {}


@dataclass(frozen=True)
class Commit:
    """What one transaction of the writer has written."""

    statement: str
    values: dict[str, Any]


@dataclass
class LedgerCopy:
    """One region's cluster: what it has of the writer's commits, and connections to it."""

    master: Connection
    application: Connection
    failover: Connection
    applied: int = 0

    def rows(self) -> dict[str, tuple[str, int]]:
        """Hash and epoch of each payment."""
        found = self.master.run("SELECT payment_id, body_sha256, epoch FROM ledger.payments") or []
        return {row[0]: (row[1], row[2]) for row in found}

    @property
    def epoch(self) -> int:
        """The epoch it is in."""
        ((held,),) = self.master.run("SELECT epoch FROM ledger.current_epoch") or [[0]]
        return int(held)

    def clear(self) -> None:
        """As after the migration."""
        self.master.run("TRUNCATE ledger.conflicts, ledger.payments")
        self.master.run("UPDATE ledger.current_epoch SET epoch = 1")
        self.master.run("DELETE FROM ledger.epochs WHERE epoch > 1")
        self.applied = 0


@dataclass
class Work:
    """What a processor has in its hands: it can be killed, or overtaken, between any two of its steps."""

    region: str
    control: Control
    payment: StoredPayment
    settled: bool = False


@dataclass
class TwoRegions:
    """The platform. ``domain`` does what is done; this only says where, and what has arrived."""

    tables: dict[str, Table]
    ledgers: dict[str, LedgerCopy]
    writer: str = EAST
    commits: list[Commit] = field(default_factory=list)
    ways: dict[str, dict[str, deque[tuple[int, Item | None]]]] = field(default_factory=dict)
    """What is on its way *to* a region: for each item its versions, oldest first."""
    clock: int = 0
    parted: bool = False
    zombie: str | None = None
    """A region that still writes to its old ledger, because it cannot see that there is a new one."""
    accepted: dict[str, str] = field(default_factory=dict)
    """What senders were answered 202 for: hash by id."""

    def begin(self) -> None:
        """A new deployment: the first epoch, the east active."""
        for region in REGIONS:
            self.tables[region].clear()
            self.ledgers[region].clear()
        self.ways = {region: {} for region in REGIONS}
        regions = {"M": {EAST: {"S": "active"}, WEST: {"S": "standby"}}}
        with self.writes(EAST) as table:
            table.client.put_item(TableName=table.name, Item={**CONTROL, "epoch": {"N": "1"}, "regions": regions})
        self.replicate_all()

    # What the functions do.

    def control(self, region: str) -> Control:
        """What a function of a region reads."""
        table = self.tables[region]
        return RegionState(table.client, table.name, region).fresh()

    def accept(self, region: str, name: str) -> bool:
        """A webhook; whether it was answered 202."""
        control = self.control(region)
        if control.state is State.FENCED:
            return False
        payment = parse_payment(payment_json(name).encode())
        with self.writes(region) as table:
            PaymentStore(table.client, table.name).accept(payment, region=region, epoch=control.epoch, now=self._now())
        self.accepted[name] = payment.body_sha256
        return True

    def take(self, region: str, name: str) -> Work | None:
        """A processor reads the region's state and the payment; None if there is nothing to settle."""
        control = self.control(region)
        payment = self.store(region).find(name)
        if control.state is not State.ACTIVE or payment is None or payment.status != ACCEPTED:
            return None
        return Work(region, control, payment)

    def settle(self, work: Work) -> bool:
        """It writes to the ledger that its region can reach; whether it could."""
        place = self.reachable(work.region)
        if place is None:
            return False
        ledger = self.ledgers[place]
        before = ledger.rows()
        try:
            self.write(work, ledger)
        except StaleEpochError:
            return False
        for name, (sha, epoch) in ledger.rows().items():
            if name not in before:
                assert (epoch, work.control.epoch) == (ledger.epoch, ledger.epoch), "a row of an older epoch"
                assert self.accepted.get(name) == sha, "a row that nobody was promised"
                if place == self.writer:
                    self.commits.append(_row(work, epoch))
                    ledger.applied = len(self.commits)
        work.settled = True
        return True

    def write(self, work: Work, ledger: LedgerCopy) -> None:
        """The transaction."""
        Settlement(ledger.application, work.control.epoch).settle(work.payment)

    def close(self, work: Work) -> None:
        """It says in its table that the payment is settled."""
        with self.writes(work.region) as table:
            PaymentStore(table.client, table.name).close(
                work.payment, "settled", epoch=work.control.epoch, now=self._now()
            )

    def compare(self, region: str, *, full: bool = False) -> bool:
        """A reconciler compares table and ledger; whether there was nothing left to compare."""
        control = self.control(region)
        if not has_work(control):
            return True
        place = region if control.state is State.STANDBY else self.reachable(region)
        if place is None:
            return False
        with self.writes(region) as table:
            comparison = LedgerComparison(table.client, table.name, region)
            try:
                return comparison.run(
                    self.ledgers[place].application, control, limit=1000, from_start=full, enough=lambda: False
                ).finished
            except StaleLedgerError:
                return False

    def unsettled(self, region: str) -> list[str]:
        """What a reconciler would enqueue."""
        later = datetime.now(UTC) + timedelta(days=1)
        return [payment.id for payment in self.store(region).unsettled(accepted_before=later, most=1000)]

    def store(self, region: str) -> PaymentStore:
        """The payments as a region has them."""
        return PaymentStore(self.tables[region].client, self.tables[region].name)

    def reachable(self, region: str) -> str | None:
        """Whose ledger a region's functions write to; None if they reach no writer."""
        if region in (self.zombie, self.writer):
            return region
        return None if self.parted else self.writer

    # What the workflow does.

    def fence(self, region: str, *, planned: bool) -> int | None:
        """The first step of a promotion; its epoch, or None if the region need not be promoted."""
        control = self.control(region)
        if control.state is State.ACTIVE:
            return None
        with self.writes(region) as table:
            table.client.update_item(
                TableName=table.name,
                Key=CONTROL,
                UpdateExpression="SET epoch = :next, regions.#peer = :peer",
                ConditionExpression="epoch = :read",
                ExpressionAttributeNames={"#peer": other(region)},
                ExpressionAttributeValues={
                    ":next": {"N": str(control.epoch + 1)},
                    ":read": {"N": str(control.epoch)},
                    ":peer": {"S": "standby" if planned else "fenced"},
                },
            )
        return control.epoch + 1

    def promote(self, region: str, epoch: int, *, planned: bool) -> None:
        """Aurora makes the region the writer, and the epoch begins."""
        old = self.writer
        if old != region:
            if planned:
                self.replicate_ledger(len(self.commits))
            self.writer, self.commits = region, self.commits[: self.ledgers[region].applied]
            if self.parted:
                self.zombie = old
            else:
                self._rebuild(old)
        ledger = self.ledgers[region]
        held = ledger.epoch
        ledger.failover.run("SELECT ledger.begin_epoch(CAST(:epoch AS bigint), :region)", epoch=epoch, region=region)
        if ledger.epoch != held:
            self.commits.append(
                Commit("SELECT ledger.begin_epoch(CAST(:epoch AS bigint), :region)", {"epoch": epoch, "region": region})
            )
            ledger.applied = len(self.commits)

    def activate(self, region: str, epoch: int) -> None:
        """The last step: the region settles from now on, unless another epoch has begun."""
        with self.writes(region) as table:
            try:
                table.client.update_item(
                    TableName=table.name,
                    Key=CONTROL,
                    UpdateExpression="SET regions.#here = :active",
                    ConditionExpression="epoch = :epoch",
                    ExpressionAttributeNames={"#here": region},
                    ExpressionAttributeValues={":active": {"S": "active"}, ":epoch": {"N": str(epoch)}},
                )
            except table.client.exceptions.ConditionalCheckFailedException:
                return

    # What AWS does between the regions.

    @contextmanager
    def writes(self, region: str) -> Iterator[Table]:
        """Whatever the block changes in a region's table is on its way to the other one."""
        table = self.tables[region]
        yield table
        self.clock += 1
        now = table.items()
        for key in {**table.seen, **now}:
            if now.get(key) != table.seen.get(key):
                table.versions[key] = self.clock
                self.ways[other(region)].setdefault(key, deque()).append((self.clock, now.get(key)))
        table.seen = now

    def under_way(self, region: str) -> list[str]:
        """The items of which something is on its way to a region."""
        return [] if self.parted else sorted(key for key, versions in self.ways[region].items() if versions)

    def replicate(self, region: str, key: str) -> None:
        """The next version of one item arrives; the last writer wins."""
        table = self.tables[region]
        version, item = self.ways[region][key].popleft()
        if version <= table.versions.get(key, 0):
            return
        if item is None:
            table.client.delete_item(TableName=table.name, Key={"pk": {"S": key}})
        else:
            table.client.put_item(TableName=table.name, Item=item)
        table.versions[key], table.seen = version, table.items()

    def replicate_all(self) -> None:
        """Everything arrives that can."""
        for region in REGIONS:
            for key in self.under_way(region):
                while self.ways[region][key]:
                    self.replicate(region, key)

    def replicate_ledger(self, most: int) -> None:
        """The next commits reach the other region's copy."""
        if self.parted:
            return
        copy = self.ledgers[other(self.writer)]
        for commit in self.commits[copy.applied : copy.applied + most]:
            copy.master.run(commit.statement, **commit.values)
            copy.applied += 1

    def part(self) -> None:
        """The regions do not reach each other any more."""
        self.parted = True

    def heal(self) -> None:
        """They do again; an old writer becomes a copy of the new one, and what only it had is gone."""
        self.parted = False
        if self.zombie:
            self.zombie = None
            self._rebuild(other(self.writer))

    def _rebuild(self, region: str) -> None:
        self.ledgers[region].clear()
        self.replicate_ledger(len(self.commits))

    def _now(self) -> datetime:
        """Far enough in the past that the comparison does not wait for latecomers; later with each write."""
        return datetime.now(UTC) - timedelta(hours=2) + timedelta(seconds=self.clock)


def _row(work: Work, epoch: int) -> Commit:
    payment = work.payment
    return Commit(
        "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
        " VALUES (:id, :sha, :amount, :currency, :region, :epoch, CAST(:accepted_at AS timestamptz))",
        {
            "id": payment.id,
            "sha": payment.body_sha256,
            "amount": payment.amount,
            "currency": payment.currency,
            "region": payment.region,
            "epoch": epoch,
            "accepted_at": payment.accepted_at,
        },
    )
