"""What the runbooks say is typed here, in their order, against an embedded AWS with things of the names in them.

Commands that the pages mark as AWS's own are only read (tests/unit/test_runbooks.py).
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jmespath
import pytest
from botocore import xform_name
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection, identifier

from domain.migrations import load, migrate, say_region
from tests.unit import runbooks
from tests.unit.functions.support import MASTER, Cloud, Database, unique
from tests.unit.functions.test_failover_workflow import _code
from tests.unit.runbooks import RUNBOOKS, Command

EAST, WEST = "us-east-1", "us-west-2"
SHORT = {EAST: "use1", WEST: "usw2"}
SUFFIX, ACCOUNT = "books", "000000000000"
TABLE, RESTORED = f"tap-sessions-global-{SUFFIX}", f"tap-sessions-restored-{SUFFIX}"
RECEIPTS, KEY = f"tap-receipts-{ACCOUNT}-usw2-{SUFFIX}", "payments/2027/01/31/order-1.json"
SIGNING, LEDGER = f"tap-signing-global-{SUFFIX}", f"tap-ledger-global-{SUFFIX}"
LOST, KEPT = {"pk": {"S": "payment#lost"}, "status": {"S": "accepted"}}, {"pk": {"S": "payment#kept"}, "n": {"N": "2"}}


@dataclass
class World:
    """Two regions with what the commands name, and what they have answered so far."""

    cloud: Cloud
    values: dict[str, str] = field(default_factory=lambda: {"suffix": SUFFIX, "account": ACCOUNT})
    answers: list[tuple[str, Any]] = field(default_factory=list)

    def type(self, command: Command) -> Any:
        """What the AWS CLI would send; the part of the answer that ``--query`` asks for."""
        filled = command.with_values(self.values)
        assert not re.search(r"<[^>]+>", filled.text), f"nobody has said what to put in: {filled.text}"
        assert filled.operation is not None
        client = self.cloud.client(filled.service, filled.options["region"])
        answer = getattr(client, xform_name(filled.operation.name))(**runbooks.arguments(filled))
        if query := filled.options.get("query"):
            answer = jmespath.search(query, answer)
            assert answer not in (None, [], ""), f"{query} finds nothing in the answer"
        self.answers.append((filled.text, answer))
        return answer

    def type_all(self, document: str) -> list[str]:
        """Type every command of a runbook that is not AWS's alone; what was typed."""
        typed = []
        for command in runbooks.of_the_cli(RUNBOOKS / f"{document}.md"):
            if not command.aws_only:
                self._learn(command, self.type(command))
                typed.append(command.text)
        return typed

    def _learn(self, command: Command, answer: Any) -> None:
        """What a person would copy from one command's answer into the next."""
        if isinstance(answer, dict) and "executionArn" in answer:
            self.values["executionArn"] = answer["executionArn"]
        if command.words[2] == "list-object-versions":
            oldest = min(answer["Versions"], key=lambda version: version["LastModified"])
            self.values["VersionId"] = oldest["VersionId"]
        if command.words[2] == "list-secret-version-ids":
            previous = [version for version, stages, _ in answer if "AWSPREVIOUS" in (stages or [])]
            self.values["PreviousVersionId"] = previous[0] if previous else ""
        if command.words[2] == "get-random-password":
            self.values["the new key"] = answer
        if command.words[2] == "scan":
            assert {each["pk"]["S"] for each in answer} == {LOST["pk"]["S"]}
            self.values["item"] = json.dumps(answer[0])
        if command.words[2] == "update-item" and isinstance(answer, dict) and "Attributes" in answer:
            self.values["the new epoch"] = answer["Attributes"]["epoch"]["N"]

    @property
    def control(self) -> dict[str, Any]:
        """The control item's epoch and states."""
        item = self.item({"pk": {"S": "control"}})
        return {"epoch": item["epoch"]["N"], **{name: state["S"] for name, state in item["regions"]["M"].items()}}

    def item(self, key: dict[str, Any]) -> dict[str, Any]:
        """One item of the sessions table."""
        found: dict[str, Any] = self.cloud.client("dynamodb", WEST).get_item(TableName=TABLE, Key=key)["Item"]
        return found


@pytest.fixture(scope="module")
def _built(cloud: Cloud) -> Iterator[Cloud]:
    _tables(cloud)
    _functions_and_machines(cloud)
    _ledger(cloud)
    _secret(cloud)
    _bucket(cloud)
    yield cloud
    _remove_ledger(cloud)


def _tables(cloud: Cloud) -> None:
    dynamodb = cloud.client("dynamodb", WEST)
    for table in (TABLE, RESTORED):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    dynamodb.put_item(TableName=RESTORED, Item=LOST)
    dynamodb.put_item(TableName=TABLE, Item=KEPT)


def _functions_and_machines(cloud: Cloud) -> None:
    iam, role = cloud.client("iam"), unique("role")
    trust = {"Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", **trust}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))["Role"]["Arn"]
    for name in ("begin-epoch", "reconciler"):
        cloud.client("lambda", WEST).create_function(
            FunctionName=f"tap-{name}-usw2-{SUFFIX}",
            Role=arn,
            Runtime="python3.13",
            Handler="stand_in.handler",
            Code={"ZipFile": _code("event")},
        )
    done = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    for region, short in SHORT.items():
        cloud.client("stepfunctions", region).create_state_machine(
            name=f"tap-failover-{short}-{SUFFIX}", definition=json.dumps(done), roleArn=arn
        )


def _ledger(cloud: Cloud) -> None:
    member = {"Engine": "aurora-postgresql", "GlobalClusterIdentifier": LEDGER}
    master = {"MasterUsername": MASTER["username"], "MasterUserPassword": MASTER["password"], "DatabaseName": "ledger"}
    cloud.client("rds", EAST).create_global_cluster(GlobalClusterIdentifier=LEDGER, Engine="aurora-postgresql")
    for region, settings in ((EAST, master), (WEST, {})):
        cloud.client("rds", region).create_db_cluster(
            DBClusterIdentifier=f"tap-ledger-{SHORT[region]}-{SUFFIX}", **settings, **member
        )


def _remove_ledger(cloud: Cloud) -> None:
    found = cloud.client("rds", WEST).describe_global_clusters(GlobalClusterIdentifier=LEDGER)
    for member in sorted(found["GlobalClusters"][0]["GlobalClusterMembers"], key=lambda each: each["IsWriter"]):
        arn = member["DBClusterArn"]
        rds = cloud.client("rds", arn.split(":")[3])
        rds.remove_from_global_cluster(GlobalClusterIdentifier=LEDGER, DbClusterIdentifier=arn)
        rds.delete_db_cluster(DBClusterIdentifier=arn.rpartition(":")[2], SkipFinalSnapshot=True)
    cloud.client("rds", EAST).delete_global_cluster(GlobalClusterIdentifier=LEDGER)


def _secret(cloud: Cloud) -> None:
    cloud.client("secretsmanager", EAST).create_secret(
        Name=SIGNING, SecretString=json.dumps({"key": "first"}), AddReplicaRegions=[{"Region": WEST}]
    )


def _bucket(cloud: Cloud) -> None:
    s3 = cloud.client("s3", WEST)
    s3.create_bucket(Bucket=RECEIPTS, CreateBucketConfiguration={"LocationConstraint": WEST})
    s3.put_bucket_versioning(Bucket=RECEIPTS, VersioningConfiguration={"Status": "Enabled"})


@pytest.fixture
def world(_built: Cloud) -> World:
    """As deployed: the east is active, in the first epoch."""
    regions = {"M": {EAST: {"S": "active"}, WEST: {"S": "standby"}}}
    item = {"pk": {"S": "control"}, "epoch": {"N": "1"}, "regions": regions}
    _built.client("dynamodb", WEST).put_item(TableName=TABLE, Item=item)
    return World(_built)


def test_a_failover_by_hand_fences_the_lost_region_and_promotes_the_other(world: World) -> None:
    assert len(world.type_all("failover")) == 6
    assert world.control == {"epoch": "2", EAST: "fenced", WEST: "active"}
    (begun,) = [answer for text, answer in world.answers if "begin-epoch" in text]
    assert json.loads(begun["Payload"].read()) == {"epoch": 2}
    members = world.cloud.client("rds", WEST).describe_global_clusters(GlobalClusterIdentifier=LEDGER)
    (writer,) = [each for each in members["GlobalClusters"][0]["GlobalClusterMembers"] if each["IsWriter"]]
    assert writer["DBClusterArn"].split(":")[3] == WEST


@pytest.mark.parametrize("document", ["switchover", "region-restored", "break-glass"])
def test_what_else_is_typed_when_a_region_is_lost_is_understood(world: World, document: str) -> None:
    assert world.type_all(document)


def test_a_restore_brings_back_what_is_missing_and_leaves_the_rest(world: World) -> None:
    s3 = world.cloud.client("s3", WEST)
    s3.put_object(Bucket=RECEIPTS, Key=KEY, Body=b"as it was")
    s3.delete_object(Bucket=RECEIPTS, Key=KEY)
    world.values |= {"key": KEY, "epoch": "7"}

    world.type_all("restore")

    assert world.item({"pk": LOST["pk"]}) == LOST
    assert world.item({"pk": KEPT["pk"]}) == KEPT
    assert s3.get_object(Bucket=RECEIPTS, Key=KEY)["Body"].read() == b"as it was"
    assert world.control == {"epoch": "7", EAST: "active", WEST: "standby"}


def test_a_restore_overwrites_no_item_that_is_there(world: World) -> None:
    (put,) = [c for c in runbooks.of_the_cli(RUNBOOKS / "restore.md") if c.words[2] == "put-item"]
    world.values["item"] = json.dumps({**KEPT, "n": {"N": "1"}})
    with pytest.raises(world.cloud.client("dynamodb", WEST).exceptions.ConditionalCheckFailedException):
        world.type(put)
    assert world.item({"pk": KEPT["pk"]}) == KEPT


def test_settlement_stops_in_both_regions_before_anything_is_restored(world: World) -> None:
    first = next(c for c in runbooks.of_the_cli(RUNBOOKS / "restore.md") if not c.aws_only)
    world.type(first)
    assert world.control == {"epoch": "1", EAST: "standby", WEST: "standby"}


def test_a_key_is_rotated_and_the_one_before_is_taken_away(world: World) -> None:
    secrets = world.cloud.client("secretsmanager", EAST)
    secrets.put_secret_value(SecretId=SIGNING, SecretString=json.dumps({"key": "second"}))

    rotated = world.type_all("rotate-secrets")

    assert [text for text in rotated if "put-secret-value" in text]
    held = json.loads(secrets.get_secret_value(SecretId=SIGNING)["SecretString"])["key"]
    assert held == world.values["the new key"]
    assert len(held) == 48
    stages = secrets.list_secret_version_ids(SecretId=SIGNING, IncludeDeprecated=True)["Versions"]
    taken = world.values["PreviousVersionId"]
    assert taken
    assert [each for each in stages if each["VersionId"] == taken and each.get("VersionStages")] == []


@pytest.fixture
def ledger_of_two(database: Database) -> Iterator[Connection]:
    """A ledger in its second epoch, with two payments of the first."""
    context, name = ssl.create_default_context(cafile=str(database.trust_bundle)), unique("restore").replace("-", "_")
    user, password = MASTER["username"], MASTER["password"]
    place = {"host": database.host, "port": database.port, "password": password, "ssl_context": context}
    with Connection(user, database=database.name, **place) as first:
        first.run(f"CREATE DATABASE {identifier(name)}")
    with Connection(user, database=name, **place) as connection:
        say_region(connection, EAST)
        migrate(connection, load())
        for payment in ("lost", "kept"):
            _settle(connection, payment, epoch=1)
        connection.run("SELECT ledger.begin_epoch(2, :region)", region=WEST)
        yield connection


def _settle(connection: Connection, payment: str, *, epoch: int) -> None:
    connection.run(
        "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
        " VALUES (:payment, :sha256, 1250, 'EUR', :region, :epoch, now())",
        payment=payment,
        sha256="a" * 64,
        region=EAST,
        epoch=epoch,
    )


def test_rows_of_the_ledger_come_back_and_the_epoch_is_guarded_again(ledger_of_two: Connection) -> None:
    run = ledger_of_two.run
    before = run("SELECT * FROM ledger.payments ORDER BY payment_id")
    for table in ("epochs", "payments", "conflicts"):
        run(f"CREATE TABLE public.saved_{table} AS TABLE ledger.{table}")
    run("DELETE FROM ledger.payments WHERE payment_id = 'lost'")

    statements = runbooks.block("restore", "sql")
    loaded = re.sub(r"-- \\copy was_(\w+) FROM .*", r"INSERT INTO was_\1 TABLE public.saved_\1;", statements)
    assert loaded.count("TABLE public.saved_") == 3
    for statement in loaded.split(";"):
        if statement.strip():
            run(statement)

    assert run("SELECT * FROM ledger.payments ORDER BY payment_id") == before
    with pytest.raises(DatabaseError, match="epoch 1 is not the current one"):
        _settle(ledger_of_two, "late", epoch=1)
