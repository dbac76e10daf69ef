"""A topic that alarms act on reaches people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM
from policies.model.deployment import Resource
from policies.mutation import put, remove
from policies.rule import Severity, kind, rule
from policies.rules.monitoring._topics import TOPIC, is_alarm_topic

SUBSCRIPTION: Final = "aws_sns_topic_subscription"
MAIL: Final = frozenset({"email", "email-json"})
"""Protocols that reach a person and can be seen to: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""


def _of(subscription: Resource) -> list[Resource]:
    topic = subscription.target("topic_arn")
    return [topic] if topic is not None and is_alarm_topic(topic) else []


def _topic(**mail: Any) -> dict[str, Any]:
    subscriber = {
        "topic_arn": "${aws_sns_topic.alerts.arn}",
        "protocol": "email",
        "endpoint": "oncall@example.com",
    }
    return {
        TOPIC: {"alerts": {"name": "alerts"}},
        ALARM: {"alarm": {"alarm_actions": ["${aws_sns_topic.alerts.arn}"]}},
        SUBSCRIPTION: {"mail": {**subscriber, **mail}},
    }


@rule(
    id="TAP_ALARM_TOPIC_REACHES_PEOPLE",
    title="Every topic that alarms act on has an e-mail subscription in its own region",
    risk="The alarm fires, the topic takes it, and nobody is there to hear it.",
    remediation="Subscribe an e-mail address to the topic, with the topic's provider, and confirm it.",
    severity=Severity.HIGH,
    controls=[
        "PCI-DSS-4.0:12.10.5",
        "PCI-DSS-4.0:10.7.2",
        "NIST-800-53:SI-4(5)",
        "NIST-800-53:IR-6",
        "WA-REL:REL06-BP03",
    ],
    judges=kind(TOPIC, where=is_alarm_topic),
    passes=[_topic(), _topic(protocol="email-json"), _topic(endpoint="${var.oncall}")],
    fails=[
        _topic(protocol="sqs", endpoint="${aws_sqs_queue.alerts.arn}"),
        _topic(endpoint=""),
        _topic(endpoint="nobody"),
        _topic(provider="aws.usw2"),
        _topic(topic_arn="${aws_sns_topic.other.arn}"),
        _topic(filter_policy='{"severity": ["critical"]}'),
    ],
    mutations=[
        put("protocol", "lambda", SUBSCRIPTION, seen_on=_of),
        put("endpoint", "", SUBSCRIPTION, seen_on=_of),
        put("topic_arn", "${var.topic}", SUBSCRIPTION, seen_on=_of),
        put("filter_policy", '{"severity": ["critical"]}', SUBSCRIPTION, seen_on=_of),
        remove("no subscription", SUBSCRIPTION, seen_on=_of),
    ],
)
def alarm_topic_reaches_people(topic: Resource) -> Iterator[str]:
    """Alarms carry no message attributes, so that a filter on them would hold every one of them back."""
    subscriptions = [s for s in topic.users(SUBSCRIPTION) if s.target("topic_arn") is topic]
    if not any(_reaches_somebody(subscription, topic) for subscription in subscriptions):
        told = [f"{s.get('protocol')} to {s.get('endpoint')!r} in {s.region}" for s in subscriptions]
        yield f"no e-mail subscription without a filter: {'; '.join(told) or 'no subscription at all'}"


def _reaches_somebody(subscription: Resource, topic: Resource) -> bool:
    endpoint = subscription.literal("endpoint")
    # An address that is only known when it is deployed is one that somebody was asked for.
    is_address = "endpoint" in subscription if endpoint is None else "@" in endpoint
    here = subscription.region == topic.region
    return here and is_address and subscription.text("protocol") in MAIL and "filter_policy" not in subscription
