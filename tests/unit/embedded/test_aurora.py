"""Aurora's API over real PostgreSQL: what a global database promises, asked of the embedded AWS."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pg8000.exceptions
import pg8000.native
import pytest

from embedded import control as regions
from embedded import launcher
from tests.unit.embedded.clouds import Cloud
from tests.unit.embedded.functions import function
from tests.unit.embedded.postgres_client import command_lines, connect, contents, eventually, trusting

pytestmark = pytest.mark.emulator

PRIMARY, STANDBY = "us-east-1", "us-west-2"
ENGINE = {"Engine": "aurora-postgresql", "EngineVersion": "14.22"}
PASSWORD = "a-long-Password-for-the-ledger"


def rds(emulator: launcher.Emulator, region: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("rds", endpoint_url=emulator.endpoint, region_name=region, **keys)


@dataclass
class GlobalDatabase:
    """A global database with a writer in one region and a reader in another, made through the API."""

    emulator: launcher.Emulator
    name: str
    regions: dict[str, dict[str, Any]] = field(default_factory=dict)
    password: str = PASSWORD

    def create(self) -> None:
        rds(self.emulator, PRIMARY).create_global_cluster(GlobalClusterIdentifier=self.name, **ENGINE)
        master = {"MasterUsername": "ledger_admin", "MasterUserPassword": self.password, "DatabaseName": "ledger"}
        for region, more in ((PRIMARY, master), (STANDBY, {})):
            created = rds(self.emulator, region).create_db_cluster(
                DBClusterIdentifier=f"{self.name}-{region}", GlobalClusterIdentifier=self.name, **ENGINE, **more
            )
            self.regions[region] = created["DBCluster"]
            rds(self.emulator, region).create_db_instance(
                DBInstanceIdentifier=f"{self.name}-{region}-1",
                DBClusterIdentifier=f"{self.name}-{region}",
                DBInstanceClass="db.r6g.large",
                Engine=ENGINE["Engine"],
            )

    def describe(self, region: str) -> dict[str, Any]:
        client = rds(self.emulator, region)
        found: dict[str, Any] = client.describe_db_clusters(DBClusterIdentifier=f"{self.name}-{region}")["DBClusters"][
            0
        ]
        return found

    def members(self) -> dict[str, bool]:
        found = rds(self.emulator, PRIMARY).describe_global_clusters(GlobalClusterIdentifier=self.name)
        members = found["GlobalClusters"][0]["GlobalClusterMembers"]
        return {member["DBClusterArn"].split(":")[3]: member["IsWriter"] for member in members}

    def servers(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """Of what runs in a region, what is this database's."""
        ours = {cluster["DBClusterArn"] for cluster in self.regions.values()}
        return [server for server in answer["servers"] if server["cluster"] in ours]

    @cached_property
    def endpoint(self) -> str:
        """The global writer endpoint."""
        found = rds(self.emulator, PRIMARY).describe_global_clusters(GlobalClusterIdentifier=self.name)
        address: str = found["GlobalClusters"][0]["Endpoint"]
        return address

    def run(self, statement: str, at: str | None = None) -> Any:
        """Run a statement at a region's endpoint, or at the global writer endpoint."""
        return self.connect(at).run(statement)

    def connect(self, at: str | None = None) -> pg8000.native.Connection:
        address = self.regions[at]["Endpoint"] if at else self.endpoint
        return connect(address, self.regions[PRIMARY]["Port"], self.password, trusting(self.emulator.trust_bundle))

    def is_standby(self, region: str) -> bool:
        standby: bool = self.run("SELECT pg_is_in_recovery()", region)[0][0]
        return standby

    def switch(self, operation: str, target: str, **more: Any) -> None:
        getattr(rds(self.emulator, target), operation)(
            GlobalClusterIdentifier=self.name, TargetDbClusterIdentifier=self.regions[target]["DBClusterArn"], **more
        )

    def destroy(self) -> None:
        for _, region in sorted((writer, region) for region, writer in self.members().items()):
            rds(self.emulator, region).remove_from_global_cluster(
                GlobalClusterIdentifier=self.name, DbClusterIdentifier=self.regions[region]["DBClusterArn"]
            )
        for region in self.regions:
            client = rds(self.emulator, region)
            client.delete_db_instance(DBInstanceIdentifier=f"{self.name}-{region}-1", SkipFinalSnapshot=True)
            client.delete_db_cluster(DBClusterIdentifier=f"{self.name}-{region}", SkipFinalSnapshot=True)
        rds(self.emulator, PRIMARY).delete_global_cluster(GlobalClusterIdentifier=self.name)


def control(emulator: launcher.Emulator, method: str, path: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"{emulator.endpoint}/_embedded/postgres/{path}", method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def wait_until_level(database: GlobalDatabase, standby: str = STANDBY) -> None:
    """Wait until the standby has all that the writer has written so far."""
    written = database.run("SELECT pg_current_wal_lsn()")[0][0]
    eventually(lambda: database.run(f"SELECT pg_last_wal_replay_lsn() >= '{written}'", standby), [[True]])


@pytest.fixture(scope="module")
def database(emulator: launcher.Emulator) -> Iterator[GlobalDatabase]:
    made = GlobalDatabase(emulator, "ledger")
    made.create()
    yield made
    made.destroy()


@pytest.fixture
def ledger(database: GlobalDatabase) -> Iterator[GlobalDatabase]:
    """A global database whose writer is in the primary region; afterwards everything is put right again."""
    yield database
    for region in (PRIMARY, STANDBY):
        control(database.emulator, "POST", f"{region}/start")
    if not database.members()[PRIMARY]:
        database.switch("switchover_global_cluster", PRIMARY)
    database.run("DROP OWNED BY CURRENT_USER")
    wait_until_level(database)


def test_each_endpoint_is_an_address_of_its_own_on_one_port(ledger: GlobalDatabase) -> None:
    clusters = [ledger.describe(region) for region in (PRIMARY, STANDBY)]
    addresses = {ledger.endpoint, *(cluster["Endpoint"] for cluster in clusters)}
    assert len(addresses) == 3
    assert all(address.startswith("127.") for address in addresses)
    assert len({cluster["Port"] for cluster in clusters}) == 1
    for cluster in clusters:
        assert cluster["ReaderEndpoint"] == cluster["Endpoint"]
        created = ledger.regions[cluster["DBClusterArn"].split(":")[3]]
        for name in ("Endpoint", "ReaderEndpoint", "Port"):  # instances have been added since
            assert cluster[name] == created[name]


def test_what_is_written_through_the_global_endpoint_is_read_in_both_regions(ledger: GlobalDatabase) -> None:
    ledger.run("CREATE TABLE payment AS SELECT 'pay_1' AS id")
    for region in (PRIMARY, STANDBY):
        eventually(partial(ledger.run, "SELECT to_regclass('payment') IS NOT NULL", region), [[True]])
        assert ledger.run("SELECT id FROM payment", region) == [["pay_1"]]
    assert [ledger.is_standby(region) for region in (PRIMARY, STANDBY)] == [False, True]


def test_a_switchover_loses_nothing_and_the_global_endpoint_follows(ledger: GlobalDatabase) -> None:
    ledger.run("CREATE TABLE payment (id int)")
    for target in (STANDBY, PRIMARY):
        before = ledger.connect()
        before.run("INSERT INTO payment SELECT generate_series(1, 20000)")
        ledger.switch("switchover_global_cluster", target)
        with pytest.raises(pg8000.exceptions.InterfaceError):
            before.run("SELECT 1")
        assert ledger.members()[target]
        assert not ledger.is_standby(target)
        ledger.run("INSERT INTO payment VALUES (0)")
    assert ledger.run("SELECT count(*) FROM payment") == [[40002]]
    eventually(lambda: ledger.run("SELECT count(*) FROM payment", STANDBY), [[40002]])


def test_a_failover_works_while_the_writers_region_is_gone(ledger: GlobalDatabase) -> None:
    ledger.run("CREATE TABLE payment (id int)")
    eventually(lambda: ledger.run("SELECT to_regclass('payment') IS NOT NULL", STANDBY), [[True]])
    status, answer = control(ledger.emulator, "POST", f"{PRIMARY}/stop")
    assert (status, [server["running"] for server in ledger.servers(answer)]) == (200, [False])
    for at in (PRIMARY, None):
        with pytest.raises(pg8000.exceptions.InterfaceError, match="Can't create a connection"):
            ledger.connect(at)

    ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    ledger.run("INSERT INTO payment VALUES (1)")

    control(ledger.emulator, "POST", f"{PRIMARY}/start")
    eventually(lambda: ledger.run("SELECT count(*) FROM payment", PRIMARY), [[1]])
    assert [ledger.is_standby(region) for region in (PRIMARY, STANDBY)] == [True, False]


def test_a_failover_from_a_healthy_writer_makes_it_a_standby(ledger: GlobalDatabase) -> None:
    ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    assert [ledger.is_standby(region) for region in (PRIMARY, STANDBY)] == [True, False]
    assert ledger.members() == {PRIMARY: False, STANDBY: True}


def test_a_switchover_that_cannot_work_changes_nothing(ledger: GlobalDatabase) -> None:
    control(ledger.emulator, "POST", f"{STANDBY}/stop")
    with pytest.raises(botocore.exceptions.ClientError, match=r"InvalidDBClusterStateFault.*not running"):
        ledger.switch("switchover_global_cluster", STANDBY)
    assert ledger.members() == {PRIMARY: True, STANDBY: False}
    ledger.run("CREATE TABLE still_writable (id int)")


def test_a_stopped_region_comes_back_as_it_was(ledger: GlobalDatabase) -> None:
    ledger.run("CREATE TABLE payment AS SELECT 'pay_1' AS id")
    for region in (PRIMARY, STANDBY):
        control(ledger.emulator, "POST", f"{region}/stop")
        with pytest.raises(pg8000.exceptions.InterfaceError, match="Can't create a connection"):
            ledger.connect(region)
        control(ledger.emulator, "POST", f"{region}/start")
        status, answer = control(ledger.emulator, "GET", f"{region}/status")
        role = "writer" if region == PRIMARY else "standby"
        servers = ledger.servers(answer)
        assert (status, [(server["role"], server["running"]) for server in servers]) == (200, [(role, True)])
    assert ledger.run("SELECT id FROM payment") == [["pay_1"]]
    eventually(lambda: ledger.run("SELECT count(*) FROM pg_class WHERE relname = 'payment'", STANDBY), [[1]])


def test_the_databases_go_and_come_back_with_their_region(ledger: GlobalDatabase) -> None:
    """The writer is lost with its region, the other one promoted, and the old one comes back as its standby."""
    ledger.run("CREATE TABLE payment AS SELECT 'pay_1' AS id")
    eventually(lambda: ledger.run("SELECT count(*) FROM pg_class WHERE relname = 'payment'", STANDBY), [[1]])
    regions.kill(ledger.emulator.endpoint, PRIMARY)
    with pytest.raises(pg8000.exceptions.InterfaceError, match="Can't create a connection"):
        ledger.connect(PRIMARY)
    ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    assert ledger.run("SELECT id FROM payment") == [["pay_1"]]

    regions.restore(ledger.emulator.endpoint, PRIMARY)
    assert [ledger.is_standby(region) for region in (PRIMARY, STANDBY)] == [True, False]


def test_a_region_that_is_back_before_its_new_writers_becomes_a_standby_as_soon_as_that_is_there(
    ledger: GlobalDatabase,
) -> None:
    ledger.run("CREATE TABLE payment (id int)")
    wait_until_level(ledger)
    regions.kill(ledger.emulator.endpoint, PRIMARY)
    ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    regions.kill(ledger.emulator.endpoint, STANDBY)
    for region in (PRIMARY, STANDBY):
        regions.restore(ledger.emulator.endpoint, region)
    assert [ledger.is_standby(region) for region in (PRIMARY, STANDBY)] == [True, False]
    ledger.run("INSERT INTO payment VALUES (1)")
    eventually(partial(ledger.run, "SELECT count(*) FROM payment", PRIMARY), [[1]])


def slow_replication(ledger: GlobalDatabase, least: int, most: int) -> None:
    regions.lag(ledger.emulator.endpoint, "aurora", least=least, most=most)


@pytest.fixture
def late_ledger(ledger: GlobalDatabase) -> Iterator[GlobalDatabase]:
    """A global database whose standby is two seconds behind."""
    slow_replication(ledger, 2000, 2000)
    yield ledger
    regions.restore(ledger.emulator.endpoint, PRIMARY)
    slow_replication(ledger, 20, 200)


def has_payments(ledger: GlobalDatabase, at: str | None = None) -> bool:
    found: bool = ledger.run("SELECT to_regclass('payment') IS NOT NULL", at)[0][0]
    return found


def test_a_change_reaches_the_standby_after_its_lag(late_ledger: GlobalDatabase) -> None:
    late_ledger.run("CREATE TABLE payment (id int)")
    assert not has_payments(late_ledger, STANDBY)
    eventually(lambda: has_payments(late_ledger, STANDBY), True)


def test_a_failover_loses_what_had_not_arrived_when_the_region_died(late_ledger: GlobalDatabase) -> None:
    late_ledger.run("CREATE TABLE payment (id int)")
    wait_until_level(late_ledger)
    late_ledger.run("INSERT INTO payment VALUES (1)")
    regions.kill(late_ledger.emulator.endpoint, PRIMARY)
    time.sleep(2.5)  # what is under way must not arrive even so
    late_ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    assert late_ledger.run("SELECT count(*) FROM payment") == [[0]]


def test_a_switchover_waits_for_what_has_not_arrived(late_ledger: GlobalDatabase) -> None:
    late_ledger.run("CREATE TABLE payment AS SELECT 'pay_1' AS id")
    late_ledger.switch("switchover_global_cluster", STANDBY)
    assert late_ledger.run("SELECT id FROM payment") == [["pay_1"]]


def test_nothing_is_replicated_through_a_partition_and_all_of_it_after(ledger: GlobalDatabase) -> None:
    regions.cut_off(ledger.emulator.endpoint, PRIMARY)
    ledger.run("CREATE TABLE payment (id int)")
    time.sleep(1)
    assert not has_payments(ledger, STANDBY)
    regions.restore(ledger.emulator.endpoint, PRIMARY)
    eventually(lambda: has_payments(ledger, STANDBY), True)


def test_a_failover_through_a_partition_leaves_two_writers_until_it_ends(ledger: GlobalDatabase) -> None:
    """Nothing on the new writer's side can stop the old one, whose rows are given up when the partition ends."""
    ledger.run("CREATE TABLE payment (region text)")
    wait_until_level(ledger)
    regions.cut_off(ledger.emulator.endpoint, PRIMARY)
    ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    ledger.run("INSERT INTO payment VALUES ('us-east-1')", PRIMARY)
    ledger.run("INSERT INTO payment VALUES ('us-west-2')", STANDBY)
    regions.restore(ledger.emulator.endpoint, PRIMARY)
    assert [ledger.is_standby(region) for region in (PRIMARY, STANDBY)] == [True, False]
    for region in (PRIMARY, STANDBY):
        eventually(partial(ledger.run, "SELECT region FROM payment", region), [[STANDBY]])


ASKING = """
import socket, struct

def handler(event, context):
    try:
        with socket.create_connection((event["host"], event["port"]), timeout=5) as connection:
            connection.sendall(struct.pack("!II", 8, 80877103))  # PostgreSQL's question whether it speaks TLS
            return connection.recv(1).decode()
    except OSError:
        return ""
"""


def test_a_partition_parts_functions_from_a_writer_in_the_other_region(ledger: GlobalDatabase) -> None:
    """They know the global endpoint only; behind the partition it leads to the writer that their region has, if any."""
    cloud = Cloud(ledger.emulator)
    functions = {region: function(cloud, ASKING, region=region) for region in (PRIMARY, STANDBY)}
    where = json.dumps({"host": ledger.endpoint, "port": ledger.regions[PRIMARY]["Port"]}).encode()

    def answered() -> dict[str, bool]:
        answers = {
            region: cloud.client("lambda", region).invoke(FunctionName=arn, Payload=where)
            for region, arn in functions.items()
        }
        return {region: json.load(answer["Payload"]) == "S" for region, answer in answers.items()}

    assert answered() == {PRIMARY: True, STANDBY: True}
    regions.cut_off(ledger.emulator.endpoint, PRIMARY)
    assert answered() == {PRIMARY: True, STANDBY: False}
    ledger.switch("failover_global_cluster", STANDBY, AllowDataLoss=True)
    assert answered() == {PRIMARY: True, STANDBY: True}
    regions.restore(ledger.emulator.endpoint, PRIMARY)


def test_control_names_what_it_does_not_know(emulator: launcher.Emulator) -> None:
    assert control(emulator, "POST", "eu-west-1/stop")[0] == 404
    assert control(emulator, "GET", f"{PRIMARY}/stop")[0] == 404


def test_the_master_password_is_changed_on_the_writer(ledger: GlobalDatabase) -> None:
    changed = {"MasterUserPassword": "another-long-Password", "ApplyImmediately": True}
    with pytest.raises(botocore.exceptions.ClientError, match="writer"):
        rds(ledger.emulator, STANDBY).modify_db_cluster(DBClusterIdentifier=f"ledger-{STANDBY}", **changed)
    assert ledger.run("SELECT 1") == [[1]]

    rds(ledger.emulator, PRIMARY).modify_db_cluster(DBClusterIdentifier=f"ledger-{PRIMARY}", **changed)
    with pytest.raises(pg8000.exceptions.DatabaseError, match="password authentication failed"):
        ledger.run("SELECT 1")
    ledger.password = "another-long-Password"
    assert ledger.run("SELECT 1") == [[1]]


def test_a_cluster_whose_server_cannot_be_made_leaves_no_record(emulator: launcher.Emulator) -> None:
    client = rds(emulator, "us-east-2")
    reserved = {"MasterUsername": "rdsadmin", "MasterUserPassword": PASSWORD}
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidDBClusterStateFault") as refused:
        client.create_db_cluster(DBClusterIdentifier="reserved", **ENGINE, **reserved)
    assert PASSWORD not in str(refused.value)
    assert client.describe_db_clusters()["DBClusters"] == []
    assert control(emulator, "GET", "us-east-2/status")[0] == 404


def test_no_password_shows_in_the_process_list_in_the_logs_or_on_disk(ledger: GlobalDatabase) -> None:
    ledger.switch("switchover_global_cluster", STANDBY)
    assert PASSWORD not in command_lines()
    assert PASSWORD.encode() not in contents(ledger.emulator.state_dir)
    assert PASSWORD.encode() not in contents(servers_home(ledger.emulator.state_dir))


def servers_home(state_dir: Path) -> Path:
    return Path(json.loads((state_dir / "postgres.json").read_text())["folder"])


def test_a_cluster_that_leaves_is_a_writer_of_its_own_and_deleted_ones_leave_nothing(
    emulator: launcher.Emulator,
) -> None:
    passing = GlobalDatabase(emulator, "passing")
    passing.create()
    home = servers_home(emulator.state_dir)
    before = {path.name for path in home.iterdir()}
    rds(emulator, STANDBY).remove_from_global_cluster(
        GlobalClusterIdentifier="passing", DbClusterIdentifier=passing.regions[STANDBY]["DBClusterArn"]
    )
    passing.run("CREATE TABLE only_here (id int)", STANDBY)
    assert passing.run("SELECT to_regclass('only_here') IS NULL", PRIMARY) == [[True]]

    passing.destroy()

    gone = before - {path.name for path in home.iterdir()}
    assert len(gone) == 2
    eventually(lambda: [name for name in gone if f"{home}/{name}/" in command_lines()], answer=[])
    for region in (PRIMARY, STANDBY):
        with pytest.raises(pg8000.exceptions.InterfaceError, match="Can't create a connection"):
            passing.connect(region)


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_left_when_the_embedded_aws_ends(tmp_path: Path, killed: bool) -> None:
    first = launcher.start(tmp_path)
    try:
        made = GlobalDatabase(first, "ledger")
        made.create()
        home, trust_bundle = servers_home(tmp_path), first.trust_bundle
        if killed:
            os.kill(first.pid, signal.SIGKILL)
            second = launcher.start(tmp_path)
            assert second.pid != first.pid
    finally:
        launcher.stop(tmp_path)
    eventually(lambda: f"{home}/" in command_lines(), answer=False)
    assert not home.exists()
    assert not trust_bundle.exists()


def test_two_deployments_do_not_meet(emulator: launcher.Emulator, ledger: GlobalDatabase, tmp_path: Path) -> None:
    try:
        other = GlobalDatabase(launcher.start(tmp_path), "ledger")
        other.create()
        other.run("CREATE TABLE elsewhere (id int)")
        assert ledger.run("SELECT to_regclass('elsewhere') IS NULL") == [[True]]
        assert other.endpoint != ledger.endpoint
        assert other.emulator.trust_bundle.read_text() != emulator.trust_bundle.read_text()
    finally:
        launcher.stop(tmp_path)
