"""Queues that show what the emulator sends to them."""

import json
import time
from typing import Any

from tests.unit.embedded.clouds import Cloud, unique

PATIENCE_SECONDS = 20.0
"""The emulator waits one second and then two before it tries a function again; AWS waits minutes."""


def queue(cloud: Cloud, service: str) -> tuple[str, str]:
    """URL and ARN of a new queue that takes what a service sends."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def first_message(cloud: Cloud, url: str) -> dict[str, Any]:
    """The first message in a queue, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for message in cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            return dict(json.loads(message["Body"]))
    raise AssertionError("nothing has come")
