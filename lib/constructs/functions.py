"""Lambda functions: one zip for all, each with its own role, log group and alarms, in the private subnets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionTracingConfig,
    LambdaFunctionVpcConfig,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric, Statistic
from lib.constructs.context import RegionContext
from lib.constructs.log_group import Logging
from lib.constructs.policy import Condition, Statement, allow, allow_unscoped, document, trust
from lib.constructs.security_group import SecurityGroup

RUNTIME: Final = "python3.13"
ARCHITECTURE: Final = "arm64"
MEMORY_MB: Final = 1024
"""Fixed by the mission, and equal in both regions so that a standby is no slower than what it replaces."""


@dataclass(frozen=True)
class Code:
    """The functions' zip: where Terraform finds it from the stack's folder, and its base64 SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class FunctionPlatform:
    """What all functions of a region share."""

    at: RegionContext
    code: Code
    key_arn: str
    logging: Logging
    subnet_ids: Sequence[str]
    security_group: SecurityGroup
    alerts: AlertTopic


class Function(Construct):
    """A function with a role that may write its own logs, send traces and attach to the VPC; the rest is granted."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        platform: FunctionPlatform,
        resource: str,
        description: str,
        environment: Mapping[str, str],
        concurrency: int,
        timeout_seconds: int,
        security_groups: Sequence[SecurityGroup] = (),
    ) -> None:
        """``resource`` is the name part (``health-live``); the handler is the module of that name in ``lambda/``.

        ``security_groups`` say where it may connect to, instead of the group that the region's functions share.
        """
        super().__init__(scope, id_)
        self._at = at = platform.at
        self.resource = resource
        self.name = at.name(resource)
        self.arn = at.arn("lambda", f"function:{self.name}")
        # By name, not by reference: an API that refers to functions would extend its create_before_destroy to them and
        # to all that they need, and nothing with a fixed name can be made before its predecessor is gone.
        self.invoke_arn = f"arn:aws:apigateway:{at.region.name}:lambda:path/2015-03-31/functions/{self.arn}/invocations"
        log_group = platform.logging.group(self, "logs", at=at, name=f"/aws/lambda/{self.name}")
        groups = [group.id for group in security_groups or (platform.security_group,)]
        role = IamRole(
            self,
            "role",
            provider=at.provider,
            name=self.name,
            description=f"Runs {self.name}",
            # No source ARN: that Lambda gives its account is known from use, that it gives the function's ARN is not,
            # and a function whose role it cannot assume is not even created.
            assume_role_policy=trust("lambda.amazonaws.com", account_id=at.account_id),
        )
        self.role_arn = role.arn
        self._statements: list[Statement] = [
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=f"{log_group.arn}:*"),
            allow_unscoped("xray:PutTelemetryRecords", "xray:PutTraceSegments", region=at.region.name),
            *_network_interfaces(at, platform.subnet_ids, groups, self.arn),
        ]
        self.policy = IamRolePolicy(
            self, "policy", provider=at.provider, name=self.name, role=role.id, policy=document(self._statements)
        )
        self._function = LambdaFunction(
            self,
            "function",
            provider=at.provider,
            function_name=self.name,
            description=description,
            role=role.arn,
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=f"{resource.replace('-', '_')}.handler",
            filename=platform.code.path,
            source_code_hash=platform.code.sha256,
            memory_size=MEMORY_MB,
            timeout=timeout_seconds,
            reserved_concurrent_executions=concurrency,
            kms_key_arn=platform.key_arn,
            environment=LambdaFunctionEnvironment(
                variables={
                    "ENVIRONMENT_SUFFIX": at.naming.suffix,
                    "POWERTOOLS_SERVICE_NAME": resource,
                    "POWERTOOLS_METRICS_NAMESPACE": at.naming.prefix,
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                    **environment,
                }
            ),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            vpc_config=LambdaFunctionVpcConfig(subnet_ids=list(platform.subnet_ids), security_group_ids=groups),
            # Without the policy Lambda could neither attach nor, on destroy, detach its interfaces.
            depends_on=[self.policy, log_group],
        )
        self._alerts = platform.alerts
        self._own = {"service": resource, "environment": at.naming.suffix}
        self._watch(platform.alerts, resource)

    def allow(self, *actions: str, on: str | Sequence[str], when: Condition | None = None) -> None:
        """Let the function do ``actions`` on exact ARNs. Called by the ``grant_*`` methods of what it may use."""
        statement = allow(*actions, on=on, when=when)
        if statement not in self._statements:
            self._statements.append(statement)
        self.policy.policy = document(self._statements)

    def allow_invocation(self, *, service: str, source_arn: str, id_: str) -> LambdaPermission:
        """Let an AWS service invoke the function on behalf of one resource."""
        return LambdaPermission(
            self,
            f"invoked-by-{id_}",
            provider=self._at.provider,
            function_name=self._function.function_name,
            action="lambda:InvokeFunction",
            principal=service,
            source_arn=source_arn,
            source_account=self._at.account_id,
        )

    def watch_own(
        self, resource: str, metric: str, statistic: Statistic, *, threshold: float = 0, description: str, **how: Any
    ) -> str:
        """Alarm on a metric that the function's code emits (``lambda/domain/observability.py``); the alarm's name.

        ``how`` is what ``AlertTopic.watch`` takes beside: what missing data means, how often in how many periods.
        """
        return self._alerts.watch(
            self,
            resource,
            self.own(metric, statistic),
            threshold=threshold,
            description=description,
            **how,
        )

    def own(self, metric: str, statistic: Statistic) -> Metric:
        """A metric that the function's code emits."""
        return Metric(self._at.naming.prefix, metric, statistic, self._own)

    def metric(self, metric: str, statistic: Statistic = "Sum") -> Metric:
        """A metric that Lambda emits of the function."""
        return Metric("AWS/Lambda", metric, statistic, {"FunctionName": self.name})

    @property
    def function_name(self) -> str:
        """The name as an attribute of the deployed function, so that what uses it waits for it."""
        return self._function.function_name

    @property
    def deployed_arn(self) -> str:
        """The ARN as an attribute of the deployed function, so that what uses it waits for it."""
        return self._function.arn

    @property
    def code_sha256(self) -> str:
        """The hash of the deployed code (base64 SHA-256), equal in both regions."""
        return self._function.code_sha256

    def _watch(self, alerts: AlertTopic, resource: str) -> None:
        for metric, meaning in (("Errors", "failed"), ("Throttles", "was refused for lack of concurrency")):
            alerts.watch(
                self,
                f"{resource}-{metric.lower()}",
                self.metric(metric),
                threshold=0,
                description=f"{self.name} {meaning} at least once in a minute",
            )


def _network_interfaces(
    at: RegionContext, subnet_ids: Sequence[str], group_ids: Sequence[str], function_arn: str
) -> list[Statement]:
    """What Lambda needs to attach a function to a VPC, and a refusal of the same to the function's own code.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    interfaces = at.arn("ec2", "network-interface/*")
    subnets = [at.arn("ec2", f"subnet/{subnet}") for subnet in subnet_ids]
    groups = [at.arn("ec2", f"security-group/{group}") for group in group_ids]
    managed = (
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
    )
    return [
        allow("ec2:CreateNetworkInterface", on=[interfaces, *subnets, *groups]),
        allow(*(action for action in managed if action != "ec2:CreateNetworkInterface"), on=interfaces),
        allow_unscoped(
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            region=at.region.name,
        ),
        {
            "Effect": "Deny",
            "Action": list(managed),
            "Resource": "*",
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        },
    ]
