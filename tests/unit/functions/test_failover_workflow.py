"""The failover workflow, run by the embedded AWS against a real control item and a real global database.

The functions that it calls are stand-ins here, so that each can be told what to answer; tests/integration runs it with
the real ones.
"""

from __future__ import annotations

import copy
import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from embedded.launcher import Emulator
from lib.constructs.failover_states import REFUSALS, Surroundings, definition
from tests.unit.functions.support import MASTER, Cloud, unique

HOME, HERE = "us-east-1", "us-west-2"
ASSUMED_BY = ["lambda.amazonaws.com", "states.amazonaws.com"]
CHANGING = (
    "Fence", "FailOver", "BeginEpoch", "Activate", "SwitchConsumer", "Reconcile", "SendCanary", "Finish", "TellSuccess",
)  # fmt: skip
"""The steps of a failover that have an effect, in order."""


@dataclass(frozen=True)
class Ended:
    """An execution that is over."""

    status: str
    error: str | None
    states: list[str]


@dataclass
class Stage:
    """The region us-west-2, in which the workflow runs, and all that it works on."""

    cloud: Cloud
    table: str
    role: str
    global_cluster: str
    clusters: dict[str, str]
    works_on: Surroundings
    functions: dict[str, str]
    machines: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def machine(self, changed: dict[str, Any] | None = None) -> str:
        """A state machine of its own, with some states other than the real ones."""
        real = definition(self.works_on)
        real["States"].update(changed or {})
        made = self.states.create_state_machine(name=unique("failover"), definition=json.dumps(real), roleArn=self.role)
        self.machines.append(made["stateMachineArn"])
        return str(made["stateMachineArn"])

    def run(self, machine: str | None = None, /, **given: Any) -> Ended:
        """Run a state machine to its end: the real one, to fail over, unless told otherwise."""
        execution = self.states.start_execution(
            stateMachineArn=machine or self.machine(),
            input=json.dumps({"mode": "failover", "reason": "a test", **given}),
        )["executionArn"]
        deadline = time.monotonic() + 60
        while (seen := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.05)
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        entered = [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]
        return Ended(seen["status"], seen.get("error"), entered)

    def answers(self, function: str, answer: str) -> None:
        """Let a stand-in answer the value of a Python expression, in which ``event`` is what it is given."""
        client = self.cloud.client("lambda", HERE)
        client.update_function_code(FunctionName=self.functions[function], ZipFile=_code(answer))
        self.told.add(function)

    def put_control(self, **states: str) -> None:
        """The first epoch, with each region's state."""
        regions = {"M": {HOME: {"S": states["home"]}, HERE: {"S": states["here"]}}}
        item = {"pk": {"S": "control"}, "epoch": {"N": "1"}, "regions": regions}
        self.dynamodb.put_item(TableName=self.table, Item=item)

    @property
    def control(self) -> tuple[int, dict[str, str], bool]:
        """The epoch, each region's state, and whether a transition is under way."""
        item = self.dynamodb.get_item(TableName=self.table, Key={"pk": {"S": "control"}})["Item"]
        states = {name: state["S"] for name, state in item["regions"]["M"].items()}
        return int(item["epoch"]["N"]), states, "transition" in item

    @property
    def writer(self) -> str:
        """The writer's region."""
        found = self.cloud.client("rds").describe_global_clusters(GlobalClusterIdentifier=self.global_cluster)
        (arn,) = [m["DBClusterArn"] for m in found["GlobalClusters"][0]["GlobalClusterMembers"] if m["IsWriter"]]
        return str(arn).split(":")[3]

    def bring_home(self) -> None:
        """The primary is active and writes; every stand-in answers well, and the primary is down."""
        if self.writer != HOME:
            self.cloud.client("rds", HOME).switchover_global_cluster(
                GlobalClusterIdentifier=self.global_cluster, TargetDbClusterIdentifier=self.clusters[HOME]
            )
        self.put_control(home="active", here="standby")

    @property
    def states(self) -> Any:
        return self.cloud.client("stepfunctions", HERE)

    @property
    def dynamodb(self) -> Any:
        return self.cloud.client("dynamodb", HERE)


PEER_IS_DOWN = "{'healthy': event.get('of') == 'here'}"
WELL = {
    "probe": PEER_IS_DOWN,
    "begin_epoch": "event",
    "guard": "{'consumer': 'Enabled'}",
    "reconciler": "{'enqueued': 0}",
    "canary": "{'accepted': True, 'settled': True}",
}


def _code(answer: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("stand_in.py", f"def handler(event, context):\n    return {answer}\n")
    return packed.getvalue()


@pytest.fixture(scope="module")
def _without_waiting(emulator: Emulator) -> Iterator[None]:
    """Waits of state machines take a hundredth of their time."""

    def scale(factor: float) -> None:
        body = json.dumps({"stepfunctions._SFN_WAIT_SCALE": factor}).encode()
        request = urllib.request.Request(f"{emulator.endpoint}/_ministack/config", data=body, method="POST")  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert json.load(answer)["applied"]

    scale(0.01)
    yield
    scale(1)


@pytest.fixture(scope="module")
def built(cloud: Cloud, _without_waiting: None) -> Iterator[Stage]:
    iam, name = cloud.client("iam"), unique("role")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ASSUMED_BY}}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    table, global_cluster = unique("control"), unique("global")
    cloud.client("dynamodb", HERE).create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    rds = cloud.client("rds", HOME)
    rds.create_global_cluster(GlobalClusterIdentifier=global_cluster, Engine="aurora-postgresql")
    member = {"Engine": "aurora-postgresql", "GlobalClusterIdentifier": global_cluster}
    master = {"MasterUsername": MASTER["username"], "MasterUserPassword": MASTER["password"], "DatabaseName": "ledger"}
    made = {
        HOME: rds.create_db_cluster(DBClusterIdentifier=unique("home"), **master, **member),
        HERE: cloud.client("rds", HERE).create_db_cluster(DBClusterIdentifier=unique("here"), **member),
    }
    clusters = {region: answer["DBCluster"]["DBClusterArn"] for region, answer in made.items()}
    client = cloud.client("lambda", HERE)
    functions = {
        stand_in: client.create_function(
            FunctionName=unique(stand_in),
            Role=role,
            Runtime="python3.13",
            Handler="stand_in.handler",
            Code={"ZipFile": _code(answer)},
        )["FunctionArn"]
        for stand_in, answer in WELL.items()
    }
    topic = cloud.client("sns", HERE).create_topic(Name=unique("alerts"))["TopicArn"]
    works_on = Surroundings(
        region=HERE,
        table=table,
        global_cluster=global_cluster,
        cluster_arn=clusters[HERE],
        topic_arn=topic,
        **functions,
    )
    stage = Stage(cloud, table, role, global_cluster, clusters, works_on, functions)
    yield stage
    for machine in stage.machines:
        stage.states.delete_state_machine(stateMachineArn=machine)
    stage.bring_home()
    for region in (HERE, HOME):
        cloud.client("rds", region).remove_from_global_cluster(
            GlobalClusterIdentifier=global_cluster, DbClusterIdentifier=clusters[region]
        )
        identifier = clusters[region].rpartition(":")[2]
        cloud.client("rds", region).delete_db_cluster(DBClusterIdentifier=identifier, SkipFinalSnapshot=True)
    rds.delete_global_cluster(GlobalClusterIdentifier=global_cluster)


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    """Before a failover."""
    built.bring_home()
    yield built
    for function in list(built.told):
        built.answers(function, WELL[function])
    built.told.clear()


def promoted(stage: Stage, *, peer: str) -> None:
    """The region is the active one, once."""
    assert stage.control == (2, {HOME: peer, HERE: "active"}, False)
    assert stage.writer == HERE


class TestAFailover:
    def test_fences_promotes_begins_an_epoch_and_only_then_activates(self, stage: Stage) -> None:
        ended = stage.run()
        assert ended.status == "SUCCEEDED"
        assert [state for state in ended.states if state in CHANGING] == list(CHANGING)
        promoted(stage, peer="fenced")

    def test_asks_twice_before_it_believes_that_the_peer_is_gone(self, stage: Stage) -> None:
        assert stage.run().states.count("AskPeer") == 2

    def test_is_refused_while_the_peer_is_healthy_and_changes_nothing(self, stage: Stage) -> None:
        stage.answers("probe", "{'healthy': True}")
        assert stage.run().error == "PeerIsHealthy"
        assert stage.control == (1, {HOME: "active", HERE: "standby"}, False)
        assert stage.writer == HOME

    def test_of_a_healthy_peer_can_be_forced(self, stage: Stage) -> None:
        stage.answers("probe", "{'healthy': True}")
        assert stage.run(force=True).status == "SUCCEEDED"
        promoted(stage, peer="fenced")

    def test_to_a_broken_standby_is_refused(self, stage: Stage) -> None:
        stage.answers("probe", "{'healthy': False}")
        assert stage.run().error == "StandbyIsBroken"
        assert stage.control[0] == 1


class TestASwitchover:
    def test_leaves_the_peer_as_standby(self, stage: Stage) -> None:
        stage.answers("probe", "{'healthy': True}")
        ended = stage.run(mode="switchover")
        assert ended.status == "SUCCEEDED"
        assert "SwitchOver" in ended.states
        promoted(stage, peer="standby")

    def test_needs_a_healthy_peer(self, stage: Stage) -> None:
        assert stage.run(mode="switchover").error == "PeerIsDown"
        assert stage.control[0] == 1

    def test_that_the_peer_did_not_survive_is_finished_as_a_failover(self, stage: Stage) -> None:
        stage.answers("probe", "{'healthy': True}")
        stage.run(stage.machine({"FindWriter": {"Type": "Fail", "Error": "Killed"}}), mode="switchover")
        stage.answers("probe", PEER_IS_DOWN)
        assert stage.run(mode="failover").status == "SUCCEEDED"
        promoted(stage, peer="fenced")


class TestAnExecutionThatIsKilled:
    @pytest.mark.parametrize("step", CHANGING)
    def test_before_a_step_is_finished_by_the_next(self, stage: Stage, step: str) -> None:
        killed = stage.run(stage.machine({step: {"Type": "Fail", "Error": "Killed"}}))
        assert killed.error == "Killed"
        assert stage.run().status == "SUCCEEDED"
        promoted(stage, peer="fenced")

    @pytest.mark.parametrize("step", CHANGING)
    def test_after_a_step_is_finished_by_the_next(self, stage: Stage, step: str) -> None:
        done = copy.deepcopy(definition(stage.works_on)["States"][step])
        killed = stage.run(
            stage.machine({step: {**done, "Next": "Killed"}, "Killed": {"Type": "Fail", "Error": "Killed"}})
        )
        assert killed.error == "Killed"
        assert stage.run().status == "SUCCEEDED"
        promoted(stage, peer="fenced")

    def test_may_run_beside_the_one_that_goes_on(self, stage: Stage) -> None:
        """Two people start it at the same time."""
        machine = stage.machine()
        given = json.dumps({"mode": "failover", "reason": "both"})
        first = stage.states.start_execution(stateMachineArn=machine, input=given)["executionArn"]
        assert stage.run(machine).status == "SUCCEEDED"
        deadline = time.monotonic() + 30
        while (seen := stage.states.describe_execution(executionArn=first))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert seen["status"] == "SUCCEEDED"
        promoted(stage, peer="fenced")


class TestAStepThatFails:
    @pytest.mark.parametrize(
        ("function", "step"),
        [
            ("probe", "AskHere"),
            ("begin_epoch", "BeginEpoch"),
            ("guard", "SwitchConsumer"),
            ("reconciler", "Reconcile"),
            ("canary", "SendCanary"),
        ],
    )
    def test_ends_in_the_state_of_its_name_and_people_are_told(self, stage: Stage, function: str, step: str) -> None:
        stage.answers(function, "1 / 0")
        ended = stage.run()
        assert (ended.status, ended.error) == ("FAILED", f"{step}Failed")
        assert "TellFailure" in ended.states

    def test_has_its_work_finished_by_the_next_execution(self, stage: Stage) -> None:
        stage.answers("reconciler", "1 / 0")
        stage.run()
        stage.answers("reconciler", WELL["reconciler"])
        assert stage.run().status == "SUCCEEDED"
        promoted(stage, peer="fenced")

    def test_is_a_canary_that_nobody_settles(self, stage: Stage) -> None:
        stage.answers("canary", "{'settled': False}")
        assert stage.run().error == "CanaryNotSettled"
        assert stage.control[1][HERE] == "active"


class TestRejoining:
    def test_makes_a_fenced_region_the_standby_of_the_active_one(self, stage: Stage) -> None:
        stage.put_control(home="active", here="fenced")
        assert stage.run(mode="rejoin").status == "SUCCEEDED"
        assert stage.control == (1, {HOME: "active", HERE: "standby"}, False)

    @pytest.mark.parametrize("here", ["active", "unknown"])
    def test_is_for_a_fenced_region_only(self, stage: Stage, here: str) -> None:
        stage.put_control(home="standby", here=here)
        assert stage.run(mode="rejoin").error == "NotFenced"

    def test_needs_an_active_region_to_stand_by_for(self, stage: Stage) -> None:
        stage.put_control(home="fenced", here="fenced")
        assert stage.run(mode="rejoin").error == "NotFenced"


class TestTheInput:
    @pytest.mark.parametrize("given", [{"mode": "else"}, {"mode": None}, {"reason": " "}, {"reason": 7}])
    def test_must_name_a_mode_and_a_reason(self, stage: Stage, given: dict[str, Any]) -> None:
        assert stage.run(**given).error == "InputRefused"
        assert stage.control[0] == 1

    def test_is_explained_when_it_is_refused(self) -> None:
        assert all(word in REFUSALS["InputRefused"] for word in ("mode", "reason", "force"))
