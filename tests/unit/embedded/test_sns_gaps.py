"""SNS: what becomes of a message that a function does not take."""

import json

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique
from tests.unit.embedded.functions import function
from tests.unit.embedded.queues import first_message, queue

BROKEN = "def handler(event, context):\n    raise RuntimeError('nobody is told')\n"


@closes("functions_are_invoked_asynchronously")
class TestAFunctionThatIsSubscribed:
    def test_and_fails_is_tried_again_and_then_the_message_goes_to_its_destination(self, cloud: Cloud) -> None:
        sns, functions, (url, dead) = cloud.client("sns"), cloud.client("lambda"), queue(cloud, "sns.amazonaws.com")
        broken, topic = function(cloud, BROKEN), sns.create_topic(Name=unique("settled"))["TopicArn"]
        functions.put_function_event_invoke_config(
            FunctionName=broken, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": dead}}
        )
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=broken)
        sns.publish(TopicArn=topic, Message="settled")
        found = first_message(cloud, url)
        assert found["requestContext"]["condition"] == "RetriesExhausted"
        assert found["requestPayload"]["Records"][0]["Sns"]["Message"] == "settled"

    def test_and_is_gone_leaves_the_message_to_the_subscriptions_queue(self, cloud: Cloud) -> None:
        sns, (url, dead) = cloud.client("sns"), queue(cloud, "sns.amazonaws.com")
        broken, topic = function(cloud, BROKEN), sns.create_topic(Name=unique("settled"))["TopicArn"]
        sns.subscribe(
            TopicArn=topic,
            Protocol="lambda",
            Endpoint=broken,
            Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})},
        )
        cloud.client("lambda").delete_function(FunctionName=broken)
        sns.publish(TopicArn=topic, Message="settled")
        assert first_message(cloud, url)["Message"] == "settled"
        assert topic.split(":")[3] == EAST
