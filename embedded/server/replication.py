"""Replication between regions that takes its time: DynamoDB's global tables and S3's buckets.

MiniStack writes replicas at once. Here every such write is a delivery with a lag of its own (``lag.py``). One whose
regions cannot reach each other when it is due waits until they can: what had not arrived when a region was lost
arrives when it is given back.

DynamoDB: items are delivered one by one, those of one moment in any order, and the last writer wins by the time of
the write. S3: the versions of one key keep their order.
"""

import copy
import functools
import importlib
import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from embedded.server.lag import DYNAMODB, S3, Lags
from embedded.server.outage import Condition, Outage
from embedded.server.patching import Gap, Service, around, close_gaps

Item = dict[str, Any]
Moment = tuple[int, str, int]
"""When an item was written: Unix nanoseconds, region, and a number that grows. The greatest wins."""

RELIES_ON = {
    "dynamodb": (
        *("_replicate_write", "_replica_group", "_tables", "_extract_key_val"),
        *("get_account_id", "get_region", "request_scope"),
    ),
    "s3": (
        *("_maybe_replicate", "_maybe_replicate_delete_marker", "_replication_rule_for", "_replication_destination"),
        *("_bucket_replication", "_object_tags", "_object_versions", "_in_account", "bucket_region"),
        *("_replication_rule_prefix", "get_account_id", "core.responses:request_scope"),
    ),
}


@dataclass(frozen=True)
class Delivery:
    """A write on its way from one region to another. ``in_order``: behind all that went before it by its name."""

    store: str
    here: str
    there: str
    name: str
    arrive: Callable[[], None]
    in_order: bool = False


class Deliveries:
    """What is on its way. Deliveries arrive in the server's event loop, in which MiniStack changes its tables."""

    def __init__(self, lags: Lags, outage: Outage) -> None:
        self._lags, self._outage = lags, outage
        self._held: list[Delivery] = []
        self._under_way: dict[str, int] = defaultdict(int)
        self._due: dict[str, float] = defaultdict(float)
        self._lines: dict[str, deque[Delivery]] = defaultdict(deque)
        self._lock = threading.Lock()
        outage.listen(self._release)
        for store in (DYNAMODB, S3):
            lags.count(store, functools.partial(self._count, store))

    def send(self, delivery: Delivery) -> None:
        """Let a write arrive once its store's lag has passed."""
        due = time.monotonic() + self._lags.draw(delivery.store, delivery.name)
        with self._lock:
            self._under_way[delivery.store] += 1
            if delivery.in_order:
                due = self._due[delivery.name] = max(due, self._due[delivery.name])
                self._lines[delivery.name].append(delivery)
        loop = importlib.import_module("ministack.app")._MAIN_LOOP
        loop.call_soon_threadsafe(lambda: loop.call_later(max(0.0, due - time.monotonic()), self._arrive, delivery))

    def _arrive(self, delivery: Delivery) -> None:
        with self._lock:
            if delivery.in_order:
                # Timers of one moment fire in any order: whichever does delivers who is first in the line.
                delivery = self._lines[delivery.name].popleft()
            self._under_way[delivery.store] -= 1
            if not self._outage.connected(delivery.here, delivery.there):
                self._held.append(delivery)
                return
        delivery.arrive()

    def _release(self, _region: str, _before: Condition, _now: Condition) -> None:
        """Send again what can pass by now, in the order in which it would have arrived."""
        with self._lock:
            free: list[Delivery] = []
            held: list[Delivery] = []
            for delivery in self._held:
                (free if self._outage.connected(delivery.here, delivery.there) else held).append(delivery)
            self._held = held
        for delivery in free:
            self.send(delivery)

    def _count(self, store: str) -> int:
        with self._lock:
            return self._under_way[store] + sum(each.store == store for each in self._held)


@dataclass(frozen=True)
class Write:
    """A write to an item of a global table, as MiniStack describes it: images before and after."""

    account: str
    table: str
    key: tuple[str, ...]
    moment: Moment
    event: str
    old: Item | None
    new: Item | None


class GlobalTables:
    """DynamoDB's global tables: each item by itself, the last writer wins."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._dynamodb: Any = None
        self._written: dict[tuple[str, ...], Moment] = {}
        self._numbers = itertools.count()

    def attach(self, dynamodb: Service) -> None:
        """Deliver what MiniStack would write to the replicas at once."""
        self._dynamodb = dynamodb

        @around(dynamodb, "_replicate_write")
        def replicate(original: Any, table: Item, event: str, old: Item | None, new: Item | None) -> None:
            regions = dynamodb._replica_group(table)
            if not regions:
                return
            account, home, name = dynamodb.get_account_id(), dynamodb.get_region(), table["TableName"]
            key = self._key(table, new if new is not None else old or {})
            moment = (time.time_ns(), home, next(self._numbers))
            write = Write(account, name, key, moment, event, *copy.deepcopy((old, new)))
            self._written[account, home, name, *key] = moment
            for region in regions:
                if region != home:
                    arrive = functools.partial(self._arrive, original, write, region)
                    self._deliveries.send(Delivery(DYNAMODB, home, region, "/".join((name, *key)), arrive))

    def _key(self, table: Item, item: Item) -> tuple[str, ...]:
        names = [name for name in (table["pk_name"], table["sk_name"]) if name]
        return tuple(str(self._dynamodb._extract_key_val(item.get(name))) for name in names)

    def _arrive(self, original: Any, write: Write, region: str) -> None:
        place = (write.account, region, write.table, *write.key)
        if self._written.get(place, write.moment) > write.moment:
            return  # the replica has a later one
        self._written[place] = write.moment
        home = write.moment[1]
        with self._dynamodb.request_scope(write.account, home):
            group = {"TableName": write.table, "_global_regions": [home, region]}
            original(group, write.event, write.old, write.new)


class Buckets:
    """S3's replication rules: the versions of a key in order, PENDING until they have arrived."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._s3: Any = None

    def attach(self, s3: Service) -> None:
        """Deliver what MiniStack would copy at once."""
        self._s3 = s3

        @around(s3, "_maybe_replicate")
        def replicate(original: Any, bucket: str, key: str, record: Item, data: Any, tags: Any = None) -> None:
            rule, role = s3._replication_rule_for(bucket, key, tags)
            target = s3._replication_destination(bucket, key, rule, role) if rule else None
            if target is None:
                original(bucket, key, record, data, tags)
                return
            record["replication_status"] = "PENDING"
            copied = copy.deepcopy(record)

            def arrive() -> None:
                original(bucket, key, copied, data, tags)
                self._settle(bucket, key, record, copied, tags)

            self._send(bucket, key, target, arrive)

        @around(s3, "_maybe_replicate_delete_marker")
        def replicate_marker(original: Any, bucket: str, key: str) -> None:
            rules = (s3._bucket_replication.get(bucket) or {}).get("Rules", [])
            matching = (rule for rule in rules if key.startswith(s3._replication_rule_prefix(rule)))
            target = next((s3._replication_destination(bucket, key, rule, "") for rule in matching), None)
            if target is not None:
                self._send(bucket, key, target, lambda: original(bucket, key))

    def _send(self, bucket: str, key: str, target: tuple[str, str, Item], arrive: Callable[[], None]) -> None:
        account, here = self._s3.get_account_id(), self._s3.bucket_region(bucket)
        there = target[2].get("region") or here
        scope = importlib.import_module("ministack.core.responses").request_scope

        def scoped() -> None:
            with scope(account, here):
                arrive()

        self._deliveries.send(Delivery(S3, here, there, f"{bucket}/{key}", scoped, in_order=True))

    def _settle(self, bucket: str, key: str, record: Item, copied: Item, tags: Any) -> None:
        """Tell the source what became of the copy, and give the copy its tags, which MiniStack sets after the write."""
        status = record["replication_status"] = copied["replication_status"]
        for version in self._s3._object_versions.get((bucket, key), []):
            if version["version_id"] == record.get("version_id"):
                version["replication_status"] = status
        if "_replica" not in copied:
            return
        record["_replica"] = copied["_replica"]
        destination, replica_version, account = copied["_replica"]
        tagged = self._s3._object_tags.get((bucket, key, record.get("version_id"))) or tags
        if tagged:
            with self._s3._in_account(account):
                self._s3._object_tags[destination, key, replica_version] = dict(tagged)


def install(lags: Lags, outage: Outage) -> None:
    """Put the lag between the regions. Raises MissingNameError from another MiniStack."""
    deliveries = Deliveries(lags, outage)
    close_gaps(
        [
            Gap("services.dynamodb", RELIES_ON["dynamodb"], GlobalTables(deliveries).attach),
            Gap("services.s3", RELIES_ON["s3"], Buckets(deliveries).attach),
            Gap("app", ("_MAIN_LOOP",), lambda _: None),
        ]
    )
