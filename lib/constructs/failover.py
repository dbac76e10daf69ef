"""The workflow that promotes the region it lives in: a state machine, its role, its log and its alarm."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
    SfnStateMachineTracingConfiguration,
)
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.failover_states import Surroundings, definition
from lib.constructs.log_group import Logging
from lib.constructs.policy import Condition
from lib.constructs.role import ServiceRole

FAILURE_METRICS = {
    "ExecutionsFailed": "stopped before its end",
    "ExecutionsTimedOut": "ran out of time",
    "ExecutionsAborted": "was aborted",
}


class FailoverWorkflow(Construct):
    """Promotes its own region; it can neither change nor be stopped by anything in the other one."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        works_on: Surroundings,
        logging: Logging,
        alerts: AlertTopic,
    ) -> None:
        super().__init__(scope, id_)
        self._at = at
        name = at.name("failover")
        self.arn = at.arn("states", f"stateMachine:{name}")
        # The prefix keeps the resource policy, which AWS writes by itself, below its size limit.
        # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        log_group = logging.group(self, "logs", at=at, name=f"/aws/vendedlogs/states/{name}")
        self._role = ServiceRole(
            self,
            "role",
            at=at,
            resource="failover",
            service="states.amazonaws.com",
            source_arn=self.arn,
            description=f"Runs the state machine {name}",
        )
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html: none of these can be scoped.
        self._role.allow_unscoped(
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        )
        # https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
        self._role.allow_unscoped(
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        )
        machine = SfnStateMachine(
            self,
            "machine",
            provider=at.provider,
            name=name,
            role_arn=self._role.arn,
            definition=json.dumps(definition(works_on)),
            logging_configuration=SfnStateMachineLoggingConfiguration(
                level="ALL", include_execution_data=True, log_destination=f"{log_group.arn}:*"
            ),
            tracing_configuration=SfnStateMachineTracingConfiguration(enabled=True),
            depends_on=[self._role.policy],
        )
        self.machine_arn = machine.arn
        for metric, meaning in FAILURE_METRICS.items():
            alerts.watch(
                self,
                f"failover-{metric.removeprefix('Executions').lower()}",
                Metric("AWS/States", metric, "Sum", {"StateMachineArn": self.machine_arn}),
                threshold=0,
                description=f"{name} {meaning}; the execution's last state says where",
            )

    def allow(self, *actions: str, on: str | Sequence[str], when: Condition | None = None) -> None:
        """Let the workflow do ``actions`` on exact ARNs. Called by the ``grant_*`` methods of what it may use."""
        self._role.allow(*actions, on=on, when=when)

    def start_on(self, alarm_name: str) -> None:
        """Fail over by itself when the alarm says that the other region is down; the workflow asks for itself first."""
        at, resource = self._at, "failover-start"
        role = ServiceRole(
            self,
            "starter",
            at=at,
            resource=resource,
            service="events.amazonaws.com",
            description=f"Starts {at.name('failover')} when the other region is down",
        )
        role.allow("states:StartExecution", on=self.arn)
        rule = CloudwatchEventRule(
            self,
            "start",
            provider=at.provider,
            name=at.name(resource),
            description="The other region is down",
            event_pattern=json.dumps(
                {
                    "source": ["aws.cloudwatch"],
                    "detail-type": ["CloudWatch Alarm State Change"],
                    "detail": {"alarmName": [alarm_name], "state": {"value": ["ALARM"]}},
                }
            ),
        )
        CloudwatchEventTarget(
            self,
            "target",
            provider=at.provider,
            rule=rule.name,
            arn=self.machine_arn,
            role_arn=role.arn,
            input=json.dumps({"mode": "failover", "reason": "started by the alarm on the other region's health"}),
        )
