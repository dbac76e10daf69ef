"""SNS: what becomes of a message that a function does not take."""

import json
import time
from typing import Any

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique
from tests.unit.embedded.functions import function

BROKEN = "def handler(event, context):\n    raise RuntimeError('nobody is told')\n"
PATIENCE_SECONDS = 20.0
"""The emulator waits one second and then two before it tries again; AWS waits minutes."""


def queue(cloud: Cloud) -> tuple[str, str]:
    """URL and ARN of a new queue that takes what anybody sends."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("dead"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def kept_aside(cloud: Cloud, url: str) -> dict[str, Any]:
    """The first message in a queue, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for message in cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            return dict(json.loads(message["Body"]))
    raise AssertionError("nothing was kept aside")


@closes("functions_are_invoked_asynchronously")
class TestAFunctionThatIsSubscribed:
    def test_and_fails_is_tried_again_and_then_the_message_goes_to_its_destination(self, cloud: Cloud) -> None:
        sns, functions, (url, dead) = cloud.client("sns"), cloud.client("lambda"), queue(cloud)
        broken, topic = function(cloud, BROKEN), sns.create_topic(Name=unique("settled"))["TopicArn"]
        functions.put_function_event_invoke_config(
            FunctionName=broken, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": dead}}
        )
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=broken)
        sns.publish(TopicArn=topic, Message="settled")
        found = kept_aside(cloud, url)
        assert found["requestContext"]["condition"] == "RetriesExhausted"
        assert found["requestPayload"]["Records"][0]["Sns"]["Message"] == "settled"

    def test_and_is_gone_leaves_the_message_to_the_subscriptions_queue(self, cloud: Cloud) -> None:
        sns, (url, dead) = cloud.client("sns"), queue(cloud)
        broken, topic = function(cloud, BROKEN), sns.create_topic(Name=unique("settled"))["TopicArn"]
        sns.subscribe(
            TopicArn=topic,
            Protocol="lambda",
            Endpoint=broken,
            Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})},
        )
        cloud.client("lambda").delete_function(FunctionName=broken)
        sns.publish(TopicArn=topic, Message="settled")
        assert kept_aside(cloud, url)["Message"] == "settled"
        assert topic.split(":")[3] == EAST
