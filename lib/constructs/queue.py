"""Accepted payments on their way to the ledger: a queue, a dead-letter queue, and their alarms."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.sqs_queue_policy import SqsQueuePolicy
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.functions import Function
from lib.constructs.keys import RegionalKey
from lib.constructs.policy import Grantee, Statement, document, refuse_plain

BATCH_SIZE: Final = 10
VISIBILITY_FACTOR: Final = 6
"""Times the consumer's timeout, as Lambda advises.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

MAX_RECEIVES: Final = 5
RETENTION_SECONDS: Final = 14 * 86_400
"""The longest that SQS keeps a message.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

OLD_MESSAGE_SECONDS: Final = 300
"""In order a message waits for seconds; a failover has 900 s to settle what was accepted."""


@dataclass(frozen=True)
class Consumer:
    """A function's place at a queue, which can be switched on and off."""

    id: str
    arn: str

    def grant_switch(self, grantee: Grantee) -> None:
        """Let ``grantee`` see whether this consumer is on, and switch it."""
        grantee.allow("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping", on=self.arn)


class PaymentQueue(Construct):
    """A region's queue. Its messages name payments; the payments themselves stay in the table."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        key: RegionalKey,
        consumer_timeout_seconds: int,
        alerts: AlertTopic,
    ) -> None:
        super().__init__(scope, id_)
        self._at, self._key = at, key
        dead_letters = encrypted_queue(self, "dead-letters", at=at, key=key, resource="payments-dead")
        self._queue = encrypted_queue(
            self,
            "queue",
            at=at,
            key=key,
            resource="payments",
            visibility_timeout_seconds=VISIBILITY_FACTOR * consumer_timeout_seconds,
            # Without white space, as the provider compares it with what SQS answers.
            redrive_policy=json.dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": MAX_RECEIVES}, separators=(",", ":")
            ),
        )
        self.url, self.arn, self.name = self._queue.url, self._queue.arn, at.name("payments")
        alerts.watch(
            self,
            "payments-age",
            self.age,
            threshold=OLD_MESSAGE_SECONDS,
            description=f"A payment waits in {self.name} for more than {OLD_MESSAGE_SECONDS} s",
        )
        alerts.watch(
            self,
            "payments-dead",
            self.dead,
            threshold=0,
            description=f"A payment could not be settled {MAX_RECEIVES} times and lies in {at.name('payments-dead')}",
        )

    @property
    def age(self) -> Metric:
        """How long the oldest message has waited, in seconds."""
        return Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", {"QueueName": self.name})

    @property
    def depth(self) -> Metric:
        """How many messages wait."""
        return visible(self.name)

    @property
    def dead(self) -> Metric:
        """How many could not be settled."""
        return visible(self._at.name("payments-dead"))

    def grant_send(self, grantee: Grantee) -> None:
        """Let ``grantee`` enqueue payments, and nothing else."""
        grantee.allow("sqs:SendMessage", on=self.arn)
        self._key.grant_encrypt(grantee, via="sqs")

    def grant_refill(self, grantee: Grantee) -> None:
        """Let ``grantee`` enqueue payments, and see how many wait."""
        self.grant_send(grantee)
        grantee.allow("sqs:GetQueueAttributes", on=self.arn)

    def feed(self, function: Function, *, enabled: bool, concurrency: int) -> Consumer:
        """Hand messages to ``function``, ``concurrency`` batches at once at the most.

        ``enabled`` holds for the first deployment. From then on the failover workflow and the guard switch it.
        """
        function.allow("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", on=self.arn)
        self._key.grant_decrypt(function, via="sqs")
        mapping = LambdaEventSourceMapping(
            self,
            "mapping",
            provider=self._at.provider,
            event_source_arn=self.arn,
            function_name=function.function_name,
            batch_size=BATCH_SIZE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=LambdaEventSourceMappingScalingConfig(maximum_concurrency=concurrency),
            enabled=enabled,
            lifecycle=TerraformResourceLifecycle(ignore_changes=["enabled"]),
        )
        return Consumer(mapping.uuid, mapping.arn)


def visible(queue: str) -> Metric:
    """How many messages wait in a queue, by its name."""
    return Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": queue})


def encrypted_queue(
    scope: Construct,
    id_: str,
    *,
    at: RegionContext,
    key: RegionalKey,
    resource: str,
    allowing: Callable[[str], Sequence[Statement]] = lambda _: (),
    **settings: Any,
) -> SqsQueue:
    """A queue that keeps messages as long as SQS can, encrypted with the platform's key and reached over TLS alone.

    ``allowing`` makes, of its ARN, what services may do with it beside the permissions of roles.
    """
    queue = SqsQueue(
        scope,
        id_,
        provider=at.provider,
        name=at.name(resource),
        kms_master_key_id=key.arn,
        message_retention_seconds=RETENTION_SECONDS,
        **settings,
    )
    SqsQueuePolicy(
        scope,
        f"{id_}-policy",
        provider=at.provider,
        queue_url=queue.url,
        policy=document([refuse_plain("sqs:*", on=queue.arn), *allowing(queue.arn)]),
    )
    return queue
