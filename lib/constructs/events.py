"""Events of settled payments: an encrypted topic, who is told, and what becomes of an event that nobody took."""

from __future__ import annotations

import json
from typing import Final

from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
)
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.functions import Function
from lib.constructs.keys import RegionalKey
from lib.constructs.policy import Grantee, allow, document
from lib.constructs.queue import encrypted_queue

RETRIES: Final = 2
"""The most that Lambda makes, after one minute and after two.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

OLDEST_SECONDS: Final = 3_600
"""How long an event waits for a function that is throttled; Lambda's own limit is six hours."""


class PaymentEvents(Construct):
    """A region's topic of settled payments. Its events name payments and hold nothing of the customer."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, key: RegionalKey, alerts: AlertTopic) -> None:
        super().__init__(scope, id_)
        self._at, self._key = at, key
        topic = SnsTopic(self, "topic", provider=at.provider, name=at.name("settled"), kms_master_key_id=key.arn)
        self.arn: str = topic.arn
        SnsTopicPolicy(
            self,
            "policy",
            provider=at.provider,
            arn=self.arn,
            policy=document(
                [
                    {
                        "Effect": "Deny",
                        "Principal": {"AWS": "*"},
                        "Action": "sns:Publish",
                        "Resource": self.arn,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ]
            ),
        )
        self._dead = encrypted_queue(
            self,
            "dead-letters",
            at=at,
            key=key,
            resource="settled-dead",
            allowing=lambda queue: [
                allow(
                    "sqs:SendMessage",
                    on=queue,
                    to={"Service": "sns.amazonaws.com"},
                    when={
                        "StringEquals": {"aws:SourceAccount": at.account_id},
                        "ArnEquals": {"aws:SourceArn": self.arn},
                    },
                )
            ],
        )
        alerts.watch(
            self,
            "settled-dead",
            Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": at.name("settled-dead")}),
            threshold=0,
            description=f"Somebody was not told of a settled payment; the event lies in {at.name('settled-dead')}",
        )

    def grant_publish(self, grantee: Grantee) -> None:
        """Let ``grantee`` publish, and nothing else."""
        grantee.allow("sns:Publish", on=self.arn)
        self._key.grant_encrypt(grantee, via="sns")

    def notify(self, function: Function) -> None:
        """Tell ``function`` of each event; what SNS cannot hand over and what it fails on is kept aside."""
        function.allow("sqs:SendMessage", on=self._dead.arn)
        self._key.grant_encrypt(function, via="sqs")
        function.allow_invocation(service="sns.amazonaws.com", source_arn=self.arn, id_="events")
        SnsTopicSubscription(
            self,
            "subscription",
            provider=self._at.provider,
            topic_arn=self.arn,
            protocol="lambda",
            # By the deployed function's name, so that there is somebody to tell.
            endpoint=self._at.arn("lambda", f"function:{function.function_name}"),
            redrive_policy=json.dumps({"deadLetterTargetArn": self._dead.arn}, separators=(",", ":")),
        )
        LambdaFunctionEventInvokeConfig(
            self,
            "failures",
            provider=self._at.provider,
            function_name=function.function_name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=OLDEST_SECONDS,
            destination_config=LambdaFunctionEventInvokeConfigDestinationConfig(
                on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(destination=self._dead.arn)
            ),
            # Lambda asks whether the function's role may send there.
            depends_on=[function.policy],
        )
