"""What a topic cannot hand over is kept aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Statement, documents
from policies.model.values import Block
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import QUEUE
from policies.rules.messaging._topics import (
    QUEUE_POLICY,
    SNS,
    SUBSCRIPTION,
    TOPIC,
    admits,
    policy,
    replaced,
    statement,
    telling,
    tells_software,
)

_KEYS: Final = ("aws_kms_key", "aws_kms_replica_key")
_USES: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html"""

_WEST: Final = {"provider": "aws.usw2"}


def _queue(subscription: Resource) -> Resource | None:
    """The queue that gets what cannot be handed over, if it is known."""
    try:
        redrive = Block(json.loads(subscription.text("redrive_policy") or "{}"))
    except (ValueError, RecursionError):
        return None
    found = subscription.deployment.target(subscription.stack, redrive.get("deadLetterTargetArn"))
    return found if found is not None and found.type == QUEUE else None


def _relying(resource: Resource) -> list[Resource]:
    """The subscriptions that a queue, its policy or its key stands behind."""
    found = [it for it in resource.deployment.resources(SUBSCRIPTION) if tells_software(it)]
    return [it for it in found if (queue := _queue(it)) and (queue is resource or _stands_behind(resource, queue))]


def _stands_behind(resource: Resource, queue: Resource) -> bool:
    return resource.target("queue_url") is queue or queue.target("kms_master_key_id") is resource


def _to_nobody(body: dict[str, Any], _: Resource) -> bool:
    written = body.get("redrive_policy")
    body["redrive_policy"] = json.dumps({"deadLetterTargetArn": ""})
    return isinstance(written, str)


def _refused(*actions: str, **more: Any) -> dict[str, Any]:
    return {"policy": policy(statement(*actions, Principal={"Service": SNS}, Resource="*", **more))}


@rule(
    id="TAP_MESSAGING_SUBSCRIPTION_DEAD_LETTERS",
    title="What a topic cannot hand to a subscriber goes to a queue of its region that lets SNS in",
    risk="SNS gives up on a subscriber that is gone, forbidden or throttled, and what it had for it is lost without a "
    "trace; so it is if the queue behind, or its key, refuses SNS.",
    remediation="Set redrive_policy with the ARN of a queue; let sns.amazonaws.com send there for this topic, and use "
    "the queue's key.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SI-11", "NIST-800-53:AU-5", "WA-REL:REL05-BP04"],
    judges=kind(SUBSCRIPTION, where=tells_software),
    passes=[
        telling(),
        telling(dead={"kms_master_key_id": None}),
        telling(dead_policy=_refused("sqs:*")),
    ],
    fails=[
        telling(subscription={"redrive_policy": None}),
        telling(subscription={"redrive_policy": "{"}),
        telling(subscription={"redrive_policy": "${var.redrive}"}),
        telling(subscription={"redrive_policy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:x"})}),
        telling(dead=_WEST),
        telling(dead_policy={"queue_url": "${var.url}"}),
        telling(dead_policy=_refused("sqs:ReceiveMessage")),
        telling(dead_policy=_refused("sqs:SendMessage", Effect="Deny")),
        telling(dead_policy=_refused("sqs:SendMessage", Condition={"ArnEquals": {"aws:SourceArn": "${var.another}"}})),
        telling(key=_refused("kms:Decrypt")),
        telling(dead={"kms_master_key_id": "alias/aws/sqs"}),
    ],
    mutations=[
        drop("redrive_policy"),
        edit("handed to nobody", _to_nobody),
        put("topic_arn", "${var.topic_arn}"),
        remove("without the queue's policy", QUEUE_POLICY, seen_on=_relying),
        edit("SNS may not send", replaced("sqs:SendMessage", "sqs:GetQueueUrl"), QUEUE_POLICY, seen_on=_relying),
        edit("SNS is not let in", replaced(SNS, "events.amazonaws.com"), QUEUE_POLICY, seen_on=_relying),
        edit("SNS may not use the key", replaced(SNS, "events.amazonaws.com"), *_KEYS, seen_on=_relying),
        put("kms_master_key_id", "alias/aws/sqs", QUEUE, seen_on=_relying),
    ],
)
def messaging_subscription_dead_letters(subscription: Resource) -> Iterator[str]:
    """Mails and text messages are for people: SNS tries them again, and nobody could work them off later."""
    queue, topic = _queue(subscription), subscription.target("topic_arn")
    if queue is None:
        yield f"its redrive_policy is {subscription.get('redrive_policy')}, which names no queue that is deployed here"
        return
    if queue.region != subscription.region:
        yield f"its dead-letter queue is in {queue.region}, and it is in {subscription.region}"
    if topic is None or topic.type != TOPIC:
        yield f"topic_arn is {subscription.get('topic_arn')}, which is no topic that is deployed here"
    elif not any(_holds_for(queue, found, topic) for found in _open(queue)):
        yield f"no policy of {queue.path} lets {SNS} send there for {topic.path}"
    key = queue.target("kms_master_key_id")
    if "kms_master_key_id" in queue and not (
        key is not None and any(admits(document, SNS, *_USES) for document in documents(key))
    ):
        yield f"{SNS} may not use the key of {queue.path}, {queue.get('kms_master_key_id')}"


def _open(queue: Resource) -> Iterator[Statement]:
    """What lets SNS send to a queue."""
    written = [queue, *(each for each in queue.users(QUEUE_POLICY) if each.target("queue_url") is queue)]
    for place in written:
        for document in documents(place):
            yield from admits(document, SNS, "sqs:SendMessage")


def _holds_for(queue: Resource, found: Statement, topic: Resource) -> bool:
    """Whether its conditions leave the topic in."""
    sources = [values for _, name, values in found.conditions if name.lower() == "aws:sourcearn"]
    return all(any(queue.deployment.target(queue.stack, value) is topic for value in values) for values in sources)
