"""A function that runs again and again."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.functions import Function


class EveryMinute(Construct):
    """Invokes a function once a minute, the shortest interval that EventBridge has.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, function: Function, resource: str) -> None:
        super().__init__(scope, id_)
        rule = CloudwatchEventRule(
            self,
            "rule",
            provider=at.provider,
            name=at.name(resource),
            description=f"Runs {function.name} every minute",
            schedule_expression="rate(1 minute)",
        )
        CloudwatchEventTarget(self, "target", provider=at.provider, rule=rule.name, arn=function.arn)
        function.allow_invocation(service="events.amazonaws.com", source_arn=rule.arn, id_="schedule")
