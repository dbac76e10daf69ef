"""The guard, as it is deployed: the consumer is on exactly while the control item calls the region active."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from domain.consumer import Consumer as Mapping
from domain.consumer import Held
from tests.unit.functions.support import Answer, Cloud, ControlItem, Deploy, Function, Queue, eventually, unique


@dataclass(frozen=True)
class Consumer:
    """A mapping, and the queue that it takes from."""

    client: Any
    id: str
    queue: Queue

    @property
    def state(self) -> str:
        return str(self.client.get_event_source_mapping(UUID=self.id)["State"])

    def switch(self, *, on: bool) -> None:
        self.client.update_event_source_mapping(UUID=self.id, Enabled=on)

    @property
    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages"]
        told = self.queue.client.get_queue_attributes(QueueUrl=self.queue.url, AttributeNames=names)
        return int(told["Attributes"][names[0]])

    def modified(self) -> Any:
        return self.client.get_event_source_mapping(UUID=self.id)["LastModified"]


@pytest.fixture(scope="module")
def consumer(cloud: Cloud, deploy: Deploy, sessions_table: str) -> Iterator[Consumer]:
    """A function that takes whatever is in a queue of its own."""
    sqs, client = cloud.client("sqs"), cloud.client("lambda")
    url = sqs.create_queue(QueueName=unique("guarded"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    taker = deploy("reconciler", SESSIONS_TABLE=sessions_table, QUEUE_URL=url)
    made = client.create_event_source_mapping(FunctionName=taker.name, EventSourceArn=arn, Enabled=False)
    yield Consumer(client, made["UUID"], Queue(sqs, url))
    client.delete_event_source_mapping(UUID=made["UUID"])


@dataclass(frozen=True)
class Parameter:
    """The mirror of the active region."""

    client: Any
    name: str

    def write(self, value: str) -> None:
        self.client.put_parameter(Name=self.name, Value=value, Type="String", Overwrite=True)

    def read(self) -> tuple[str, int]:
        """Value and version."""
        found = self.client.get_parameter(Name=self.name)["Parameter"]
        return found["Value"], found["Version"]


@pytest.fixture(scope="module")
def mirror(cloud: Cloud) -> Iterator[Parameter]:
    parameter = Parameter(cloud.client("ssm"), unique("active-region"))
    parameter.write("none")
    yield parameter
    parameter.client.delete_parameter(Name=parameter.name)


@pytest.fixture(scope="module")
def variables(consumer: Consumer, mirror: Parameter, sessions_table: str) -> dict[str, str]:
    return {
        "SESSIONS_TABLE": sessions_table,
        "CONSUMER_MAPPING": consumer.id,
        "ACTIVE_REGION_PARAMETER": mirror.name,
    }


@pytest.fixture(scope="module")
def guard(deploy: Deploy, variables: dict[str, str]) -> Function:
    return deploy("guard", **variables)


def differs(answer: Answer) -> list[float]:
    """What the guard has measured."""
    (measured,) = [each for each in answer.metrics() if "ConsumerDiffers" in each]
    return list(measured["ConsumerDiffers"])


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        ("active", False, "Enabled"),
        ("standby", True, "Disabled"),
        ("fenced", True, "Disabled"),
        ("promoting", True, "Disabled"),
    ],
)
def test_what_differs_is_switched_and_told(
    guard: Function, consumer: Consumer, control_item: ControlItem, state: str, before: bool, after: str
) -> None:
    consumer.switch(on=before)
    control_item.put(state)
    answer = guard({})
    assert answer.error is None, answer.log
    assert consumer.state == after
    assert answer.payload["switched"] is True
    assert differs(answer) == [1]


@pytest.mark.parametrize(("state", "on"), [("active", True), ("standby", False), ("fenced", False)])
def test_what_is_right_is_left_alone(
    guard: Function, consumer: Consumer, control_item: ControlItem, state: str, on: bool
) -> None:
    consumer.switch(on=on)
    control_item.put(state)
    before = consumer.modified()
    answer = guard({})
    assert answer.payload == {
        "state": state,
        "consumer": "Enabled" if on else "Disabled",
        "switched": False,
        "mirrored": True,
    }
    assert consumer.modified() == before
    assert differs(answer) == [0]


def test_without_a_control_item_the_consumer_is_off(
    guard: Function, consumer: Consumer, control_item: ControlItem
) -> None:
    consumer.switch(on=True)
    control_item.remove()
    assert guard({}).payload["state"] == "standby"
    assert consumer.state == "Disabled"


def test_a_consumer_that_is_off_takes_nothing_and_one_that_is_on_does(
    guard: Function, consumer: Consumer, control_item: ControlItem
) -> None:
    control_item.put("standby")
    consumer.switch(on=True)
    guard({})
    consumer.queue.client.send_message(QueueUrl=consumer.queue.url, MessageBody=json.dumps({"payment_id": "p"}))
    assert not eventually(lambda: consumer.waiting == 0, seconds=3)
    control_item.put("active")
    guard({})
    assert eventually(lambda: consumer.waiting == 0)


def test_a_state_that_cannot_be_read_changes_nothing_and_fails(
    deploy: Deploy, consumer: Consumer, mirror: Parameter, variables: dict[str, str]
) -> None:
    consumer.switch(on=True)
    mirror.write("us-west-2")
    answer = deploy("guard", **{**variables, "SESSIONS_TABLE": "no-such-table"})({})
    assert answer.error is not None
    assert consumer.state == "Enabled"
    assert mirror.read()[0] == "us-west-2"


def test_a_consumer_that_is_gone_is_an_error(
    deploy: Deploy, variables: dict[str, str], control_item: ControlItem
) -> None:
    control_item.put("active")
    nobody = "00000000-0000-0000-0000-000000000000"
    assert deploy("guard", **{**variables, "CONSUMER_MAPPING": nobody})({}).error is not None


class TestTheMirror:
    @pytest.mark.parametrize(("state", "told"), [("active", "us-east-1"), ("fenced", "none"), ("standby", "none")])
    def test_says_which_region_the_control_item_calls_active(
        self, guard: Function, mirror: Parameter, control_item: ControlItem, state: str, told: str
    ) -> None:
        mirror.write("us-west-2")
        control_item.put(state)
        assert guard({}).payload["mirrored"] is True
        assert mirror.read()[0] == told

    def test_that_is_right_is_not_written_again(
        self, guard: Function, mirror: Parameter, control_item: ControlItem
    ) -> None:
        """A parameter keeps a hundred versions, and the guard runs 1,440 times a day."""
        control_item.put("active")
        guard({})
        before = mirror.read()
        guard({})
        assert mirror.read() == before

    def test_that_cannot_be_kept_is_told_and_stops_nothing(
        self, deploy: Deploy, variables: dict[str, str], consumer: Consumer, control_item: ControlItem
    ) -> None:
        consumer.switch(on=False)
        control_item.put("active")
        answer = deploy("guard", **{**variables, "ACTIVE_REGION_PARAMETER": "no-such-parameter"})({})
        assert (answer.error, answer.payload["switched"], answer.payload["mirrored"]) == (None, True, False)
        assert "no-such-parameter" in answer.log
        assert consumer.state == "Enabled"


class Lambda:
    """Lambda's API with a mapping in a state of its own choice, which refuses to be switched if it is told to."""

    def __init__(self, state: str, refusal: str | None = None) -> None:
        self.state, self.refusal, self.asked = state, refusal, list[bool]()

    def get_event_source_mapping(self, **_: str) -> dict[str, str]:
        return {"State": self.state}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803 - boto3's names
        self.asked.append(Enabled)
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal}}, f"UpdateEventSourceMapping {UUID}")


class TestWhatLambdaIsBusyWith:
    @pytest.mark.parametrize(
        ("state", "on"), [("Enabling", True), ("Disabling", False)], ids=["being switched on", "being switched off"]
    )
    def test_on_its_way_to_where_it_belongs_is_right(self, state: str, on: bool) -> None:
        service = Lambda(state)
        assert Mapping(service, "m").hold(on=on) == Held(state, differs=False, switched=False)
        assert service.asked == []

    @pytest.mark.parametrize(
        ("state", "on"),
        [("Disabling", True), ("Enabling", False), ("Creating", True), ("Updating", False), ("Deleting", True)],
    )
    def test_is_left_alone_and_told(self, state: str, on: bool) -> None:
        service = Lambda(state)
        assert Mapping(service, "m").hold(on=on) == Held(state, differs=True, switched=False)
        assert service.asked == []

    def test_in_between_is_left_to_the_next_run(self) -> None:
        service = Lambda("Disabled", refusal="ResourceInUseException")
        assert Mapping(service, "m").hold(on=True) == Held("Disabled", differs=True, switched=False)

    def test_is_another_thing_than_what_it_refuses(self) -> None:
        with pytest.raises(ClientError):
            Mapping(Lambda("Disabled", refusal="AccessDeniedException"), "m").hold(on=True)
