"""Replication between regions is late, seeded and never at once; what has not arrived in time is lost to the other."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from embedded import control, launcher
from embedded.errors import EmbeddedError
from embedded.server.lag import AURORA, DEFAULTS, DYNAMODB, S3, LagError, Lags, Range
from tests.unit.embedded.clouds import EAST, WEST, Cloud, unique
from tests.unit.embedded.postgres_client import eventually


@pytest.fixture
def cloud(closed_cloud: Cloud) -> Iterator[Cloud]:
    """The embedded AWS, whose regions and lags are put back after each test."""
    yield closed_cloud
    for region in (EAST, WEST):
        control.restore(closed_cloud.emulator.endpoint, region)
    for store in (DYNAMODB, S3):
        lag(closed_cloud, store, DEFAULTS[store].least, DEFAULTS[store].most)
    eventually(partial(control.under_way, closed_cloud.emulator.endpoint), {DYNAMODB: 0, S3: 0})


def lag(cloud: Cloud, store: Any, least: int, most: int) -> None:
    control.lag(cloud.emulator.endpoint, store, least=least, most=most)


class Table:
    """A global table in two regions."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self.name = cloud, unique("table")
        client = self.client(EAST)
        client.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        client.update_table(TableName=self.name, ReplicaUpdates=[{"Create": {"RegionName": WEST}}])

    def client(self, region: str) -> Any:
        return self._cloud.client("dynamodb", region)

    def put(self, region: str, key: str, value: str) -> None:
        self.client(region).put_item(TableName=self.name, Item={"pk": {"S": key}, "value": {"S": value}})

    def delete(self, region: str, key: str) -> None:
        self.client(region).delete_item(TableName=self.name, Key={"pk": {"S": key}})

    def items(self, region: str) -> dict[str, str]:
        found = self.client(region).scan(TableName=self.name, ConsistentRead=True)["Items"]
        return {item["pk"]["S"]: item["value"]["S"] for item in found}


@pytest.fixture
def table(cloud: Cloud) -> Table:
    return Table(cloud)


class TestAGlobalTable:
    @pytest.mark.parametrize(("here", "there"), [(EAST, WEST), (WEST, EAST)])
    def test_carries_a_write_to_the_other_region_after_its_lag(
        self, cloud: Cloud, table: Table, here: str, there: str
    ) -> None:
        lag(cloud, DYNAMODB, 1500, 1500)
        table.put(here, "p", "1")
        assert (table.items(here), table.items(there)) == ({"p": "1"}, {})
        eventually(partial(table.items, there), {"p": "1"})

    def test_carries_the_items_of_one_transaction_late_and_in_pieces(self, cloud: Cloud, table: Table) -> None:
        lag(cloud, DYNAMODB, 100, 1500)
        puts = [
            {"Put": {"TableName": table.name, "Item": {"pk": {"S": str(n)}, "value": {"S": "1"}}}} for n in range(20)
        ]
        table.client(EAST).transact_write_items(TransactItems=puts)
        seen: list[set[str]] = []

        def arrived() -> int:
            seen.append(set(table.items(WEST)))
            return len(seen[-1])

        eventually(arrived, 20)
        pieces = [each for each in seen if 0 < len(each) < 20]
        assert pieces
        assert any(each != {str(n) for n in range(len(each))} for each in pieces)

    def test_keeps_the_later_of_two_writes_in_both_regions(self, cloud: Cloud, table: Table) -> None:
        lag(cloud, DYNAMODB, 1500, 1500)
        table.put(EAST, "p", "first")
        table.put(WEST, "p", "second")
        for region in (EAST, WEST):
            eventually(partial(control.under_way, cloud.emulator.endpoint), {DYNAMODB: 0, S3: 0})
            assert table.items(region) == {"p": "second"}

    def test_does_not_bring_back_what_was_deleted_after_it_was_written(self, cloud: Cloud, table: Table) -> None:
        lag(cloud, DYNAMODB, 1000, 1000)
        table.put(EAST, "p", "1")
        lag(cloud, DYNAMODB, 1, 1)
        table.delete(EAST, "p")
        eventually(partial(control.under_way, cloud.emulator.endpoint), {DYNAMODB: 0, S3: 0})
        assert (table.items(EAST), table.items(WEST)) == ({}, {})

    def test_loses_to_the_other_region_what_had_not_arrived_when_it_died_until_it_is_back(
        self, cloud: Cloud, table: Table
    ) -> None:
        table.put(EAST, "arrived", "1")
        eventually(partial(table.items, WEST), {"arrived": "1"})
        lag(cloud, DYNAMODB, 1000, 1000)
        table.put(EAST, "late", "1")
        control.kill(cloud.emulator.endpoint, EAST)
        table.put(WEST, "since", "1")
        time.sleep(1.5)
        assert table.items(WEST) == {"arrived": "1", "since": "1"}
        control.restore(cloud.emulator.endpoint, EAST)
        for region in (EAST, WEST):
            eventually(partial(table.items, region), {"arrived": "1", "late": "1", "since": "1"})

    def test_catches_up_after_a_partition_and_the_last_writer_has_won(self, cloud: Cloud, table: Table) -> None:
        control.cut_off(cloud.emulator.endpoint, EAST)
        table.put(WEST, "both", "west")
        table.put(EAST, "both", "east, later")
        table.put(EAST, "east", "1")
        table.put(WEST, "west", "1")
        time.sleep(1)
        assert table.items(EAST) == {"both": "east, later", "east": "1"}
        assert table.items(WEST) == {"both": "west", "west": "1"}
        control.restore(cloud.emulator.endpoint, EAST)
        for region in (EAST, WEST):
            eventually(partial(table.items, region), {"both": "east, later", "east": "1", "west": "1"})

    def test_streams_in_the_other_region_what_arrived_there(self, cloud: Cloud, table: Table) -> None:
        table.put(EAST, "p", "1")
        eventually(partial(table.items, WEST), {"p": "1"})
        streams = cloud.client("dynamodbstreams", WEST)
        arn = table.client(WEST).describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
        assert [(each["eventName"], each["dynamodb"]["Keys"]) for each in records] == [("INSERT", {"pk": {"S": "p"}})]


class Buckets:
    """A bucket whose objects are replicated to another region's."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.names = {EAST: unique("source"), WEST: unique("replica")}
        for region, name in self.names.items():
            where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != EAST else {}
            self.client(region).create_bucket(Bucket=name, **where)
            self.client(region).put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        rule = {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.names[WEST]}"},
        }
        self.client(EAST).put_bucket_replication(
            Bucket=self.names[EAST],
            ReplicationConfiguration={"Role": "arn:aws:iam::000000000000:role/replication", "Rules": [rule]},
        )

    def client(self, region: str) -> Any:
        return self._cloud.client("s3", region)

    def put(self, key: str, body: bytes, **more: str) -> str:
        return str(self.client(EAST).put_object(Bucket=self.names[EAST], Key=key, Body=body, **more)["VersionId"])

    def read(self, region: str, key: str) -> bytes | None:
        client = self.client(region)
        try:
            found: bytes = client.get_object(Bucket=self.names[region], Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
        return found

    def status(self, key: str, **version: str) -> str:
        head = self.client(EAST).head_object(Bucket=self.names[EAST], Key=key, **version)
        return str(head["ReplicationStatus"])


@pytest.fixture
def buckets(cloud: Cloud) -> Buckets:
    return Buckets(cloud)


class TestABucket:
    def test_says_pending_until_the_copy_has_arrived(self, cloud: Cloud, buckets: Buckets) -> None:
        lag(cloud, S3, 1500, 1500)
        version = buckets.put("receipt", b"1")
        assert (buckets.status("receipt"), buckets.read(WEST, "receipt")) == ("PENDING", None)
        eventually(partial(buckets.read, WEST, "receipt"), b"1")
        assert [buckets.status("receipt"), buckets.status("receipt", VersionId=version)] == ["COMPLETED", "COMPLETED"]

    def test_keeps_a_keys_versions_in_order(self, cloud: Cloud, buckets: Buckets) -> None:
        lag(cloud, S3, 1, 1000)
        for n in range(10):
            buckets.put("receipt", str(n).encode())
        eventually(partial(control.under_way, cloud.emulator.endpoint), {DYNAMODB: 0, S3: 0})
        assert buckets.read(WEST, "receipt") == b"9"

    def test_carries_tags_and_delete_markers(self, buckets: Buckets) -> None:
        buckets.put("receipt", b"1", Tagging="kind=receipt")
        eventually(partial(buckets.read, WEST, "receipt"), b"1")
        tags = buckets.client(WEST).get_object_tagging(Bucket=buckets.names[WEST], Key="receipt")["TagSet"]
        assert tags == [{"Key": "kind", "Value": "receipt"}]
        buckets.client(EAST).delete_object(Bucket=buckets.names[EAST], Key="receipt")
        assert buckets.read(WEST, "receipt") == b"1"
        eventually(partial(buckets.read, WEST, "receipt"), None)

    def test_loses_to_the_other_region_what_had_not_arrived_when_it_died_until_it_is_back(
        self, cloud: Cloud, buckets: Buckets
    ) -> None:
        lag(cloud, S3, 1000, 1000)
        buckets.put("late", b"1")
        control.kill(cloud.emulator.endpoint, EAST)
        time.sleep(1.5)
        assert buckets.read(WEST, "late") is None
        control.restore(cloud.emulator.endpoint, EAST)
        eventually(partial(buckets.read, WEST, "late"), b"1")


class TestTheLag:
    def draws(self, lags: Lags, store: str, names: list[str]) -> list[float]:
        return [lags.draw(store, name) for name in names]

    def test_is_the_same_again_with_the_same_seed_however_stores_take_turns(self) -> None:
        one, other = Lags("7"), Lags("7")
        names = ["a", "b", "a", "c"]
        expected = self.draws(one, DYNAMODB, names)
        self.draws(other, S3, ["a", "a", "a"])
        assert self.draws(other, DYNAMODB, names) == expected
        assert self.draws(Lags("8"), DYNAMODB, names) != expected
        assert len(set(expected)) == len(names)

    @pytest.mark.parametrize("store", [DYNAMODB, S3, AURORA])
    def test_stays_within_its_stores_range_and_is_never_zero(self, store: str) -> None:
        within = DEFAULTS[store]
        drawn = self.draws(Lags(), store, [str(n) for n in range(200)])
        assert 0 < within.least / 1000 <= min(drawn) <= max(drawn) <= within.most / 1000

    @pytest.mark.parametrize("text", ["0-0", "0-5", "5-1", "5", "a-b", "1-900001", ""])
    def test_cannot_be_zero_endless_or_nonsense(self, text: str) -> None:
        with pytest.raises(LagError, match="never zero"):
            Range.of(text)

    def test_is_told_and_changed_while_the_server_runs(self, cloud: Cloud) -> None:
        lag(cloud, DYNAMODB, 3, 4)
        told = control.call(cloud.emulator.endpoint, "GET", "replication")
        assert (told["milliseconds"][DYNAMODB], told["milliseconds"][AURORA]) == ("3-4", "20-200")
        with pytest.raises(control.ControlError, match="never zero"):
            lag(cloud, DYNAMODB, 0, 0)
        with pytest.raises(control.ControlError, match="replication/<dynamodb"):
            control.call(cloud.emulator.endpoint, "POST", "replication/glacier/1-2")

    def test_is_set_by_the_environment_that_starts_the_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TAP_EMBEDDED_LAG_S3", "none")
        with pytest.raises(EmbeddedError, match=r"TAP_EMBEDDED_LAG_S3 = 'none': a lag is"):
            launcher.start(tmp_path)
        monkeypatch.setenv("TAP_EMBEDDED_LAG_S3", "5-6")
        monkeypatch.setenv("TAP_EMBEDDED_LAG_SEED", "drill")
        try:
            told = control.call(launcher.start(tmp_path).endpoint, "GET", "replication")
        finally:
            launcher.stop(tmp_path)
        assert (told["seed"], told["milliseconds"][S3]) == ("drill", "5-6")
