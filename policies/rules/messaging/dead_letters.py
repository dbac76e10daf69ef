"""What a queue's consumer cannot work off is kept aside, and long enough to be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import QUEUE, dead_letter_queue, gives_up_to, redrive, settling, works_off

FEWEST: Final = 5
"""Deliveries before a message is given up: fewer, and throttling alone looks like a message that cannot be worked off.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

MOST: Final = 1000
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

DEFAULT_RETENTION: Final = 345_600
"""Four days: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""


def _retention(queue: Resource) -> float | None:
    return queue.number("message_retention_seconds") if "message_retention_seconds" in queue else DEFAULT_RETENTION


def _redrive_with(**changes: Any) -> Any:
    def change(body: dict[str, Any], _: Resource) -> bool:
        if not isinstance(body.get("redrive_policy"), str):
            return False
        body["redrive_policy"] = json.dumps({**json.loads(body["redrive_policy"]), **changes})
        return True

    return change


def _policy(**changes: Any) -> dict[str, Any]:
    return {
        "redrive_policy": json.dumps(
            {"deadLetterTargetArn": f"${{{QUEUE}.dead.arn}}", "maxReceiveCount": 5, **changes},
        )
    }


def _is_kept_aside(queue: Resource) -> bool:
    return not works_off(queue)


def _queues_before(dead: Resource) -> list[Resource]:
    """The queues that hand to it; what topics and functions give up is for other rules."""
    return [user for user in gives_up_to(dead) if user.type == QUEUE]


@rule(
    id="TAP_MESSAGING_DEAD_LETTERS",
    title="Every queue hands what cannot be worked off to a dead-letter queue of its region, after five tries or more",
    risk="A message that cannot be worked off is tried until it expires, and is then lost without a trace; given up "
    "too early, a good one is put aside because the consumer was busy.",
    remediation=f"Set redrive_policy with the ARN of another queue and a maxReceiveCount of {FEWEST} or more; keep "
    "messages there at least as long.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-10(2)", "NIST-800-53:SI-11", "WA-REL:REL05-BP04"],
    judges=kind(QUEUE, where=works_off),
    passes=[
        settling(),
        settling(queue={"message_retention_seconds": None}),
        {
            QUEUE: {
                "payments": {"name": "payments"},
                "dead": {"name": "payments-dead"},
                "failed": {"name": "failed"},
            },
            "aws_sqs_queue_redrive_policy": {
                "payments": {"queue_url": f"${{{QUEUE}.payments.id}}", **_policy(maxReceiveCount=10)}
            },
            "aws_lambda_function": {
                "notifier": {"dead_letter_config": {"target_arn": f"${{{QUEUE}.failed.arn}}"}},
            },
        },
    ],
    fails=[
        {QUEUE: {"payments": {"name": "payments"}}},
        settling(queue={"redrive_policy": "${var.redrive}"}),
        settling(queue={"redrive_policy": "{"}),
        settling(queue=_policy(maxReceiveCount=1)),
        settling(queue=_policy(maxReceiveCount=1001)),
        settling(queue=_policy(maxReceiveCount=None)),
        settling(queue=_policy(deadLetterTargetArn="arn:aws:sqs:us-east-1:000000000000:elsewhere")),
        settling(dead={"provider": "aws.usw2"}),
        settling(dead={"message_retention_seconds": 3600}),
        settling(dead={"message_retention_seconds": None}),
        settling(dead={"message_retention_seconds": "${var.kept}"}),
    ],
    mutations=[
        drop("redrive_policy"),
        edit("given up after the first try", _redrive_with(maxReceiveCount=1)),
        edit("without a number of tries", _redrive_with(maxReceiveCount=None)),
        edit("handed to nobody", _redrive_with(deadLetterTargetArn="")),
        put("message_retention_seconds", 60, QUEUE, where=_is_kept_aside, seen_on=_queues_before),
        drop("message_retention_seconds", QUEUE, where=_is_kept_aside, seen_on=_queues_before),
    ],
)
def messaging_dead_letters(queue: Resource) -> Iterator[str]:
    """A queue that takes what others gave up needs none of its own; who sends there is judged by what it is."""
    place, policy = redrive(queue)
    if "redrive_policy" not in place:
        yield "it has no redrive_policy"
        return
    tries = policy.number("maxReceiveCount")
    if tries is None or not FEWEST <= tries <= MOST:
        yield f"maxReceiveCount is {policy.get('maxReceiveCount')}, not {FEWEST} to {MOST}"
    dead = dead_letter_queue(queue)
    if dead is None:
        yield f"deadLetterTargetArn is {policy.get('deadLetterTargetArn')}, which is no queue that is deployed here"
        return
    if dead.region != queue.region:
        yield f"its dead-letter queue is in {dead.region}, and it is in {queue.region}"
    # A message keeps the time at which it was sent first.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    kept, kept_there = _retention(queue), _retention(dead)
    if kept is None or kept_there is None or kept_there < kept:
        yield f"it keeps messages for {_said(kept)}, and its dead-letter queue for {_said(kept_there)}"


def _said(seconds: float | None) -> str:
    return "a time that only Terraform knows" if seconds is None else f"{seconds:.0f} s"
