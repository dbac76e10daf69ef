"""An alarm says what it means when there is no data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, metrics
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.monitoring._metrics import emitted
from policies.rules.monitoring._topics import TOPIC, acted_on

CHOICES: Final = ("breaching", "notBreaching", "ignore", "missing")
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data"""

_TOPICS: Final = {TOPIC: {"alerts": {"name": "alerts"}}}
_ALERTS: Final = ["${aws_sns_topic.alerts.arn}"]


def _reads_steady(alarm: Resource) -> list[str]:
    """The metrics it reads whose silence is a sign of failure."""
    found = [(metric, emitted(metric.namespace, metric.name)) for metric in metrics(alarm)]
    return [str(metric.name) for metric, known in found if known is not None and known.steady]


def _errors(**body: Any) -> dict[str, Any]:
    return {**_TOPICS, ALARM: {"alarm": {"namespace": "AWS/Lambda", "metric_name": "Errors", **body}}}


def _lag(**body: Any) -> dict[str, Any]:
    return _errors(namespace="AWS/RDS", metric_name="AuroraGlobalDBReplicationLag", **body)


def _silent(body: dict[str, Any], _: Resource) -> bool:
    """No notification of a state that the alarm goes to when data stops."""
    body["insufficient_data_actions"] = []
    return body.get("treat_missing_data") == "missing"


@rule(
    id="TAP_ALARM_MISSING_DATA",
    title="Every alarm states what missing data means, and the silence of what reports while it works is heard",
    risk="A dead replica, health check or certificate reports nothing, and most alarms take nothing for all is well.",
    remediation=(
        'Set treat_missing_data: "breaching", or "missing" with insufficient_data_actions, where silence means '
        'failure; "notBreaching" where it means that nothing happened.'
    ),
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "WA-REL:REL06-BP02", "WA-REL:REL11-BP01"],
    judges=kind(ALARM),
    passes=[
        _errors(treat_missing_data="notBreaching"),
        _errors(treat_missing_data="ignore"),
        _lag(treat_missing_data="breaching"),
        _lag(treat_missing_data="missing", insufficient_data_actions=_ALERTS),
    ],
    fails=[
        _errors(),
        _errors(treat_missing_data="notbreaching"),
        _errors(treat_missing_data="${var.missing}"),
        _errors(treat_missing_data="missing"),
        _lag(treat_missing_data="notBreaching"),
        _lag(treat_missing_data="ignore"),
        _lag(treat_missing_data="missing", insufficient_data_actions=["${var.topic}"]),
    ],
    mutations=[
        drop("treat_missing_data"),
        put("treat_missing_data", "unknown"),
        put("treat_missing_data", "notBreaching", where=lambda alarm: bool(_reads_steady(alarm))),
        edit("nobody is told that data is missing", _silent),
    ],
)
def alarm_missing_data(alarm: Resource) -> Iterator[str]:
    """CloudWatch's default is ``missing``, which tells nobody unless insufficient_data_actions do."""
    choice = alarm.literal("treat_missing_data")
    steady = _reads_steady(alarm)
    if choice not in CHOICES:
        yield f"treat_missing_data is {alarm.get('treat_missing_data')}, not one of {', '.join(CHOICES)}"
    elif choice == "missing" and not acted_on(alarm, "insufficient_data_actions"):
        yield "treat_missing_data is missing, and no insufficient_data_actions tell a topic of this deployment"
    elif choice in {"notBreaching", "ignore"} and steady:
        yield f"treat_missing_data is {choice}, but {', '.join(steady)} falls silent when what it tells of has failed"
