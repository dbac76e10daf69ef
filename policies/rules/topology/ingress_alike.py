"""Requests are served alike in either region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, rule
from policies.rules.topology._pairs import apart, twinned

TYPES: Final = (
    "aws_alb", "aws_alb_listener", "aws_alb_target_group", "aws_api_gateway_base_path_mapping",
    "aws_api_gateway_deployment", "aws_api_gateway_domain_name", "aws_api_gateway_gateway_response",
    "aws_api_gateway_method_settings", "aws_api_gateway_request_validator", "aws_api_gateway_rest_api",
    "aws_api_gateway_stage", "aws_api_gateway_usage_plan", "aws_apigatewayv2_api", "aws_apigatewayv2_api_mapping",
    "aws_apigatewayv2_domain_name", "aws_apigatewayv2_integration", "aws_apigatewayv2_route", "aws_apigatewayv2_stage",
    "aws_lb", "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_target_group", "aws_wafv2_web_acl",
)  # fmt: skip

_WEST: Final = {"provider": "aws.usw2"}
_LIMITS: Final = {"settings": {"throttling_rate_limit": 10000, "throttling_burst_limit": 5000}}
_LOWER: Final = {"settings": [{"throttling_rate_limit": 100, "throttling_burst_limit": 5000}]}
_SETTINGS: Final = "aws_api_gateway_method_settings"
_STAGE: Final = "aws_api_gateway_stage"


@rule(
    id="TAP_TOPOLOGY_INGRESS_ALIKE",
    title="The ingress has the same interface, limits and logs in both regions",
    risk="After a failover senders meet other limits, other paths or an older interface, and are refused requests that "
    "were accepted a minute before.",
    remediation="Build both ingresses from one document, with the same stage, method settings, domain settings and "
    "logging.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CP-7", "NIST-800-53:CM-6", "WA-REL:REL13-BP04"],
    judges=twinned(*TYPES),
    passes=[
        {_SETTINGS: {"all_use1": _LIMITS, "all_usw2": {**_WEST, **_LIMITS}}},
        {
            "aws_lb": {
                "a": {"name": "pay-use1", "idle_timeout": 60},
                "b": {**_WEST, "name": "pay-usw2", "idle_timeout": 60},
            }
        },
    ],
    fails=[
        {_SETTINGS: {"all_use1": _LIMITS, "all_usw2": {**_WEST, **_LOWER}}},
        {_STAGE: {"s_use1": {"xray_tracing_enabled": True}, "s_usw2": _WEST}},
        {
            "aws_lb": {
                "a": {"name": "pay-use1", "idle_timeout": 60},
                "b": {**_WEST, "name": "pay-usw2", "idle_timeout": 5},
            }
        },
    ],
    mutations=[
        put("settings.throttling_rate_limit", 1, _SETTINGS),
        put("settings.throttling_burst_limit", 1, _SETTINGS),
        put("settings.logging_level", "OFF", _SETTINGS),
        put("settings.caching_enabled", True, _SETTINGS),
        drop("access_log_settings", _STAGE),
        put("xray_tracing_enabled", False, _STAGE),
        put("security_policy", "TLS_1_0", "aws_api_gateway_domain_name"),
        put("body", '{"openapi": "3.0.1", "paths": {}}', "aws_api_gateway_rest_api"),
        put("stage_name", "other", "aws_api_gateway_base_path_mapping"),
    ],
)
def ingress_alike(resource: Resource) -> Iterator[str]:
    """All attributes of whatever takes requests; an OpenAPI document is looked into."""
    yield from apart(resource)
