"""A region's alert topic, and the one way in which every construct here raises an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.keys import RegionalKey
from lib.constructs.policy import Grantee, allow
from lib.constructs.topic import encrypted_topic

PERIOD_SECONDS: Final = 60

Comparison = Literal["GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold"]
Missing = Literal["breaching", "notBreaching", "missing"]
Statistic = Literal["Sum", "Average", "Maximum", "Minimum"]


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric as a service emits it."""

    namespace: str
    name: str
    statistic: Statistic
    dimensions: Mapping[str, str] = field(default_factory=dict)
    period: int = PERIOD_SECONDS


class AlertTopic(Construct):
    """An encrypted topic that e-mails the people on call. Only this account's alarms may publish to it."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, key_arn: str, emails: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self._at = at
        self._alarms: list[CloudwatchMetricAlarm] = []
        topic = encrypted_topic(
            self,
            at=at,
            key_arn=key_arn,
            resource="alerts",
            allowing=lambda topic: [
                allow(
                    "sns:Publish",
                    on=topic,
                    to={"Service": "cloudwatch.amazonaws.com"},
                    when={
                        "StringEquals": {"aws:SourceAccount": at.account_id},
                        "ArnLike": {"aws:SourceArn": at.arn("cloudwatch", "alarm:*")},
                    },
                )
            ],
        )
        for number, email in enumerate(emails, start=1):
            SnsTopicSubscription(
                self, f"email-{number}", provider=at.provider, topic_arn=topic.arn, protocol="email", endpoint=email
            )
        self.arn = topic.arn

    def grant_publish(self, grantee: Grantee, *, key: RegionalKey) -> None:
        """Let ``grantee`` tell the people on call."""
        grantee.allow("sns:Publish", on=self.arn)
        key.grant_encrypt(grantee, via="sns")

    @property
    def alarm_names(self) -> list[str]:
        """The names of all alarms that act on this topic."""
        return [alarm.alarm_name for alarm in self._alarms]

    def watch(
        self,
        scope: Construct,
        resource: str,
        metric: Metric,
        *,
        at: RegionContext | None = None,
        threshold: float,
        comparison: Comparison = "GreaterThanThreshold",
        missing: Missing = "notBreaching",
        periods: int = 1,
        of: int | None = None,
        description: str,
    ) -> str:
        """Alarm when ``metric`` is beyond ``threshold`` for ``periods`` periods; with ``of``, for so many of the last.

        With ``missing="missing"`` a metric that stops being emitted notifies as well. A ``scope`` in another stack
        passes that stack's context of this region as ``at``. Returns the alarm's name.
        """
        at = at or self._at
        alarm = CloudwatchMetricAlarm(
            scope,
            f"alarm-{resource}",
            provider=at.provider,
            alarm_name=at.name(resource),
            alarm_description=description,
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=dict(metric.dimensions),
            statistic=metric.statistic,
            period=metric.period,
            evaluation_periods=of or periods,
            datapoints_to_alarm=periods,
            threshold=threshold,
            comparison_operator=comparison,
            treat_missing_data=missing,
            alarm_actions=[self.arn],
            ok_actions=[self.arn],
            insufficient_data_actions=[self.arn] if missing == "missing" else [],
        )
        self._alarms.append(alarm)
        return str(alarm.alarm_name)
