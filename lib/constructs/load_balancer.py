"""The other way in: a load balancer that hands requests to the functions, under the same two names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from cdktf_cdktf_provider_aws.lb import Lb, LbAccessLogs
from cdktf_cdktf_provider_aws.lb_listener import (
    LbListener,
    LbListenerDefaultAction,
    LbListenerDefaultActionFixedResponse,
)
from cdktf_cdktf_provider_aws.lb_listener_certificate import LbListenerCertificate
from cdktf_cdktf_provider_aws.lb_listener_rule import (
    LbListenerRule,
    LbListenerRuleAction,
    LbListenerRuleCondition,
    LbListenerRuleConditionHttpRequestMethod,
    LbListenerRuleConditionPathPattern,
)
from cdktf_cdktf_provider_aws.lb_target_group import LbTargetGroup
from cdktf_cdktf_provider_aws.lb_target_group_attachment import LbTargetGroupAttachment
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric, Statistic
from lib.constructs.bucket import AccessLogs, Bucket
from lib.constructs.certificate import CertifiedName, watch_expiry
from lib.constructs.context import RegionContext
from lib.constructs.dashboard import Graph
from lib.constructs.firewall import Firewall
from lib.constructs.functions import Function
from lib.constructs.network import ANYWHERE, Network
from lib.constructs.openapi import PublicApi, operations
from lib.constructs.routing import AliasTarget
from lib.constructs.security_group import SecurityGroup

HTTPS: Final = 443
TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

IDLE_SECONDS: Final = 30
"""Longer than any function behind it may take to answer."""

REFUSAL: Final = {"type": "about:blank", "title": "Not Found", "status": 404}

TARGET_GROUPS: Final = {
    "webhook": "webhook",
    "payments": "lookup",
    "health-live": "live",
    "health-database": "data",
}
"""What a function's target group is called: at most as long as the load balancer itself, which AWS limits alike."""


class LoadBalancerIngress(Construct):
    """An internet-facing load balancer for HTTPS only, which knows the paths and methods of the OpenAPI document.

    Unlike API Gateway it validates no body and throttles nobody: the functions validate as they always do, and the
    firewall holds each address to a rate.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        api: PublicApi,
        network: Network,
        access_logs: AccessLogs,
        firewall: Firewall,
        log_retention_days: int,
        alerts: AlertTopic,
    ) -> None:
        super().__init__(scope, id_)
        self._at = at
        self._balancer = self._balance(network, self._logs(log_retention_days, access_logs))
        self.arn = self._balancer.arn
        self.description = {"load_balancer_arn": self.arn}
        firewall.protect("load-balancer", self.arn)
        listener = self._listen(api)
        groups = {name: self._group(name, function) for name, function in _by_name(api.routes).items()}
        for priority, (path, method, operation) in enumerate(operations(api.document), start=1):
            group = groups[api.routes[operation["operationId"]].resource]
            self._route(listener, priority, path, method, operation["operationId"], group)
        # One address serves both names; the certificate that a client is shown is that of the name it asks for.
        self.regional_target = self.failover_target = AliasTarget(
            dns_name=self._balancer.dns_name, zone_id=self._balancer.zone_id
        )
        self._watch(alerts, api.names)

    def _logs(self, retention_days: int, access_logs: AccessLogs) -> Bucket:
        """Where the load balancer writes down who asked for what.

        It encrypts with keys of S3's own only, and writes to a bucket of its region.
        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        """
        at = self._at
        logs = Bucket(self, "access-logs", at=at, resource="ingress-logs", key=None)
        logs.expire(after_days=retention_days)
        logs.allow_service(
            "logdelivery.elasticloadbalancing.amazonaws.com",
            "s3:PutObject",
            on=f"{logs.arn}/AWSLogs/{at.account_id}/*",
            source_arns=[at.arn("elasticloadbalancing", f"loadbalancer/app/{at.name('ingress')}/*")],
        )
        access_logs.record(logs)
        return logs

    def _balance(self, network: Network, logs: Bucket) -> Lb:
        at = self._at
        group = SecurityGroup(
            self,
            "security-group",
            at=at,
            resource="ingress",
            vpc_id=network.vpc_id,
            description="HTTPS from the internet",
        )
        group.allow_from_range(ANYWHERE, HTTPS, peer="internet")
        return Lb(
            self,
            "load-balancer",
            provider=at.provider,
            name=at.name("ingress"),
            load_balancer_type="application",
            internal=False,
            subnets=network.public_subnet_ids,
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            # Whoever signs has no use for a request that was not looked at.
            enable_waf_fail_open=False,
            enable_deletion_protection=False,
            idle_timeout=IDLE_SECONDS,
            access_logs=LbAccessLogs(bucket=logs.id, enabled=True),
            tags=at.tags("ingress"),
            # AWS tries to write to the bucket, and refuses a VPC without a way out.
            depends_on=[logs.policy, network.internet_gateway],
        )

    def _listen(self, api: PublicApi) -> LbListener:
        at = self._at
        listener = LbListener(
            self,
            "listener",
            provider=at.provider,
            load_balancer_arn=self.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=api.failover_name.certificate_arn,
            default_action=[
                LbListenerDefaultAction(
                    type="fixed-response",
                    fixed_response=LbListenerDefaultActionFixedResponse(
                        # Of JSON's types a load balancer knows this one only.
                        content_type="application/json",
                        message_body=json.dumps(REFUSAL),
                        status_code=str(REFUSAL["status"]),
                    ),
                )
            ],
            tags=at.tags("ingress"),
        )
        LbListenerCertificate(
            self,
            "regional-certificate",
            provider=at.provider,
            listener_arn=listener.arn,
            certificate_arn=api.regional_name.certificate_arn,
        )
        return listener

    def _group(self, name: str, function: Function) -> LbTargetGroup:
        """The function as something that a load balancer can hand requests to."""
        at = self._at
        group = LbTargetGroup(
            self,
            f"{name}-targets",
            provider=at.provider,
            name=at.name(TARGET_GROUPS[name]),
            target_type="lambda",
            # A header that is sent twice must not look as if it had been sent once.
            lambda_multi_value_headers_enabled=True,
            tags=at.tags(TARGET_GROUPS[name]),
        )
        permission = function.allow_invocation(
            id_="load-balancer", service="elasticloadbalancing.amazonaws.com", source_arn=group.arn
        )
        LbTargetGroupAttachment(
            self,
            f"{name}-target",
            provider=at.provider,
            target_group_arn=group.arn,
            target_id=function.deployed_arn,
            depends_on=[permission],
        )
        return group

    def _route(
        self, listener: LbListener, priority: int, path: str, method: str, operation: str, group: LbTargetGroup
    ) -> None:
        segments = "/".join("*" if part.startswith("{") else part for part in path.split("/"))
        LbListenerRule(
            self,
            operation,
            provider=self._at.provider,
            listener_arn=listener.arn,
            priority=priority,
            condition=[
                LbListenerRuleCondition(path_pattern=LbListenerRuleConditionPathPattern(values=[segments])),
                LbListenerRuleCondition(
                    http_request_method=LbListenerRuleConditionHttpRequestMethod(values=[method.upper()])
                ),
            ],
            action=[LbListenerRuleAction(type="forward", target_group_arn=group.arn)],
            tags=self._at.tags("ingress"),
        )

    @property
    def graphs(self) -> list[Graph]:
        """What a region's page shows of the load balancer."""
        errors = ("HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count")
        return [
            Graph(
                "Load balancer: requests and errors", [self._metric(name, "Sum") for name in ("RequestCount", *errors)]
            ),
            Graph(
                "Load balancer: latency, s",
                [self._metric("TargetResponseTime", each) for each in ("Average", "Maximum")],
            ),
        ]

    def _metric(self, metric: str, statistic: Statistic) -> Metric:
        return Metric("AWS/ApplicationELB", metric, statistic, {"LoadBalancer": self._balancer.arn_suffix})

    def _watch(self, alerts: AlertTopic, names: Sequence[CertifiedName]) -> None:
        watched = {
            "HTTPCode_ELB_5XX_Count": ("ingress-5xx", "could not have a request answered"),
            "HTTPCode_Target_5XX_Count": ("ingress-target-5xx", "passed a server error of a function on"),
            "RejectedConnectionCount": ("ingress-rejected", "has as many connections as it can have"),
        }
        for metric, (resource, meaning) in watched.items():
            alerts.watch(
                self,
                resource,
                self._metric(metric, "Sum"),
                threshold=0,
                description=f"{self._at.name('ingress')} {meaning}",
            )
        watch_expiry(self, names, alerts=alerts)


def _by_name(routes: Mapping[str, Function]) -> dict[str, Function]:
    """The functions behind an API, each once, by their name part."""
    functions = {function.resource: function for function in routes.values()}
    unknown = sorted(functions.keys() - TARGET_GROUPS)
    if unknown:
        raise ValueError(f"target groups of {', '.join(unknown)} have no name: give them one in TARGET_GROUPS")
    return functions
