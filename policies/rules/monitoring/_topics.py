"""Topics that alarms act on."""

from __future__ import annotations

from typing import Final

from policies.model.alarms import ALARM, COMPOSITE
from policies.model.deployment import Resource

ACTIONS: Final = ("alarm_actions", "ok_actions", "insufficient_data_actions")
TOPIC: Final = "aws_sns_topic"


def acted_on(alarm: Resource, actions: str) -> list[Resource]:
    """The deployed topics that one kind of action of an alarm leads to."""
    targets = (alarm.deployment.target(alarm.stack, action) for action in alarm.items(actions))
    return [target for target in targets if target is not None and target.type == TOPIC]


def alarms_of(topic: Resource) -> list[Resource]:
    """The alarms that act on a topic."""
    return [
        alarm
        for alarm in topic.users(ALARM, COMPOSITE)
        if any(target is topic for actions in ACTIONS for target in acted_on(alarm, actions))
    ]


def is_alarm_topic(topic: Resource) -> bool:
    """Whether some alarm acts on a topic."""
    return bool(alarms_of(topic))
