"""Events of settled payments: an encrypted topic, who is told, and what becomes of an event that nobody took."""

from __future__ import annotations

import json
from typing import Final

from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
)
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.functions import Function
from lib.constructs.keys import RegionalKey
from lib.constructs.policy import Grantee, allow
from lib.constructs.queue import encrypted_queue, visible
from lib.constructs.topic import encrypted_topic

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
        self.arn: str = encrypted_topic(self, at=at, key_arn=key.arn, resource="settled").arn
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
            self.dead,
            threshold=0,
            description=f"Somebody was not told of a settled payment; the event lies in {at.name('settled-dead')}",
        )
        alerts.watch(
            self,
            "settled-lost",
            self.metric("NumberOfNotificationsFailedToRedriveToDlq"),
            threshold=0,
            description=f"An event of a settled payment reached neither its subscriber nor {at.name('settled-dead')}",
        )

    @property
    def dead(self) -> Metric:
        """How many events nobody took."""
        return visible(self._at.name("settled-dead"))

    def metric(self, name: str) -> Metric:
        """One of the topic's metrics, summed up."""
        return Metric("AWS/SNS", name, "Sum", {"TopicName": self._at.name("settled")})

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
