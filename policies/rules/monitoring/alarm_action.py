"""An alarm tells a topic of its own region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, COMPOSITE
from policies.model.deployment import Resource, paths
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule
from policies.rules.monitoring._topics import TOPIC, acted_on

_TOPICS: Final = {TOPIC: {"home": {"name": "use1"}, "there": {"name": "usw2", "provider": "aws.usw2"}}}
_HOME: Final = "${aws_sns_topic.home.arn}"
_THERE: Final = "${aws_sns_topic.there.arn}"


def _alarm(*actions: str, **body: Any) -> dict[str, Any]:
    return {**_TOPICS, ALARM: {"alarm": {"metric_name": "Errors", "alarm_actions": list(actions), **body}}}


def _in_the_other_region(body: dict[str, Any], alarm: Resource) -> bool:
    peer = alarm.deployment.peer(alarm.region)
    body["alarm_actions"] = [f"arn:aws:sns:{peer}:000000000000:alerts"]
    return peer is not None


@rule(
    id="TAP_ALARM_NOTIFIES",
    title="Every alarm acts on a topic of its own region",
    risk="An alarm without an action is seen by nobody; one whose topic is in another region fails together with it.",
    remediation="Name a topic that is deployed in the alarm's region in alarm_actions, and leave actions_enabled on.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "PCI-DSS-4.0:12.10.5", "NIST-800-53:SI-4(5)", "WA-REL:REL06-BP03"],
    judges=kind(ALARM, COMPOSITE),
    passes=[
        _alarm(_HOME),
        _alarm(_THERE, provider="aws.usw2"),
        _alarm(_HOME, actions_enabled=True),
        {**_TOPICS, COMPOSITE: {"both": {"alarm_rule": "ALARM(a) AND ALARM(b)", "alarm_actions": [_HOME]}}},
    ],
    fails=[
        _alarm(),
        _alarm(_THERE),
        _alarm(_HOME, actions_enabled=False),
        _alarm(_HOME, actions_enabled="${var.loud}"),
        _alarm("arn:aws:sns:us-east-1:000000000000:somebody-elses"),
        _alarm("${var.topic}"),
        _alarm("arn:aws:automate:us-east-1:ec2:recover"),
        {**_TOPICS, COMPOSITE: {"both": {"alarm_rule": "ALARM(a) AND ALARM(b)"}}},
    ],
    mutations=[
        put("alarm_actions", []),
        put("alarm_actions", ["${var.topic}"]),
        put("actions_enabled", value=False),
        edit("a topic of the other region", _in_the_other_region),
    ],
)
def alarm_notifies(alarm: Resource) -> Iterator[str]:
    """A topic that is not deployed here may exist or not, and may reach somebody or not: it does not count."""
    if "actions_enabled" in alarm and alarm.flag("actions_enabled") is not True:
        yield f"actions_enabled is {alarm.get('actions_enabled')}"
    topics = acted_on(alarm, "alarm_actions")
    if not topics:
        written = ", ".join(map(str, alarm.items("alarm_actions"))) or "nothing"
        yield f"its alarm_actions lead to no topic of this deployment: {written}"
    elif not any(topic.region == alarm.region for topic in topics):
        yield f"it is in {alarm.region} and acts on {paths(topics)} in {topics[0].region}"
