"""A function that dies in the middle of its work, as a machine under it can."""

import json
import os
import threading
import time
from typing import Any

import pytest

from embedded import control
from tests.unit.embedded.clouds import EAST, WEST, Cloud
from tests.unit.embedded.functions import function
from tests.unit.embedded.postgres_client import eventually

SLEEPING = """
import os, time

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return os.getpid()
"""


def invoke(cloud: Cloud, arn: str, **event: Any) -> dict[str, Any]:
    answer = cloud.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event))
    return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read())}


@pytest.fixture
def arn(closed_cloud: Cloud) -> str:
    return function(closed_cloud, SLEEPING)


def test_whoever_called_hears_of_an_error_and_the_next_call_is_answered(closed_cloud: Cloud, arn: str) -> None:
    endpoint, name = closed_cloud.emulator.endpoint, arn.rpartition(":")[2]
    answers: list[dict[str, Any]] = []
    call = threading.Thread(target=lambda: answers.append(invoke(closed_cloud, arn, seconds=25)))
    started = time.monotonic()
    call.start()
    eventually(lambda: control.kill_function(endpoint, EAST, name, busy_only=True), 1)
    call.join(15)
    assert time.monotonic() - started < 20, "it died of itself"
    assert answers[0]["error"]
    assert invoke(closed_cloud, arn)["error"] is None


def test_what_is_not_at_work_can_be_spared(closed_cloud: Cloud, arn: str) -> None:
    endpoint, name = closed_cloud.emulator.endpoint, arn.rpartition(":")[2]
    process = invoke(closed_cloud, arn)["payload"]
    assert control.kill_function(endpoint, EAST, name, busy_only=True) == 0
    assert invoke(closed_cloud, arn)["payload"] == process
    assert control.kill_function(endpoint, EAST, name) == 0
    assert invoke(closed_cloud, arn)["payload"] != process


def test_other_functions_and_other_regions_go_on(closed_cloud: Cloud, arn: str) -> None:
    endpoint = closed_cloud.emulator.endpoint
    process = invoke(closed_cloud, arn)["payload"]
    control.kill_function(endpoint, EAST, "another")
    control.kill_function(endpoint, WEST, arn.rpartition(":")[2])
    assert invoke(closed_cloud, arn)["payload"] == process


def test_a_queues_consumer_has_no_more_processes_than_this_machine_can_carry(closed_cloud: Cloud) -> None:
    """However many its mapping allows: a backlog would start them all at once."""
    arn = function(closed_cloud, SLEEPING.replace('event.get("seconds", 0)', "2"))
    queues = closed_cloud.client("sqs")
    url = queues.create_queue(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    for number in range(5):
        queues.send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(each), "MessageBody": str(number)} for each in range(10)]
        )
    source = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    closed_cloud.client("lambda").create_event_source_mapping(
        FunctionName=arn, EventSourceArn=source, BatchSize=1, ScalingConfig={"MaximumConcurrency": 1000}
    )
    time.sleep(4)
    at_work = control.kill_function(closed_cloud.emulator.endpoint, EAST, arn.rpartition(":")[2], busy_only=True)
    assert 0 < at_work <= 2 * (os.cpu_count() or 1)


@pytest.mark.parametrize("path", ["functions", "functions/us-east-1/name", "functions/us-east-1/name/start"])
def test_anything_else_is_refused(closed_cloud: Cloud, path: str) -> None:
    with pytest.raises(control.ControlError):
        control.call(closed_cloud.emulator.endpoint, "POST", path)
