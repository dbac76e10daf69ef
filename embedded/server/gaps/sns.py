"""SNS: what becomes of a message that a function does not take."""

import importlib
import json
from typing import Any

from embedded.server.patching import Service, around, gap


@gap(
    "services.sns",
    *("_deliver_to_lambda", "_deliver_to_sqs", "_topics"),
    *("services.lambda_svc:_get_func_record_for_ref", "services.lambda_svc:invoke_async_with_retry"),
)
def functions_are_invoked_asynchronously(sns: Service) -> None:
    """A function is invoked once, and what it fails on is gone; a subscription's dead-letter queue is never used.

    SNS hands a message to Lambda, which tries again and then sends it to the function's destination; what SNS cannot
    hand over goes to the subscription's queue, as the subscriber would have got it.

    https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    lambda_ = importlib.import_module("ministack.services.lambda_svc")

    @around(sns, "_deliver_to_lambda")
    def deliver(_original: Any, endpoint: str, envelope: str, topic_arn: str, sub_arn: str, *_rest: Any) -> None:
        function, _, _ = lambda_._get_func_record_for_ref(endpoint)
        if function:
            record = {"EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "EventSource": "aws:sns"}
            lambda_.invoke_async_with_retry(function, {"Records": [{**record, "Sns": json.loads(envelope)}]})
            return
        subscriptions = sns._topics.get(topic_arn, {}).get("subscriptions", [])
        policy = next(
            (each["attributes"].get("RedrivePolicy") for each in subscriptions if each["arn"] == sub_arn), None
        )
        if policy:
            sns._deliver_to_sqs(json.loads(policy)["deadLetterTargetArn"], envelope, False, "", topic_arn=topic_arn)
