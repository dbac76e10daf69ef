"""Public endpoints speak TLS 1.2 or later, and nothing older."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

_GATEWAY_POLICIES: Final = ("TLS_1_2", "SecurityPolicy_TLS12_", "SecurityPolicy_TLS13_")
"""Beginnings of the names of policies that refuse TLS 1.0 and 1.1.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
"""

_BALANCER_POLICIES: Final = (
    "ELBSecurityPolicy-TLS13-1-2-",
    "ELBSecurityPolicy-TLS13-1-3-",
    "ELBSecurityPolicy-TLS-1-2-",
    "ELBSecurityPolicy-FS-1-2-",
)
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html"""

_ENCRYPTED: Final = frozenset({"HTTPS", "TLS"})
_LISTENERS: Final = ("aws_lb_listener", "aws_alb_listener")


@rule(
    id="TAP_ENDPOINT_TLS",
    title="Public endpoints speak TLS 1.2 or later",
    risk="An attacker in between makes both sides agree on TLS 1.0, which can be broken.",
    remediation='Set security_policy = "TLS_1_2" on domain names, disable_execute_api_endpoint = true on REST APIs '
    "(their own address speaks TLS 1.0), and an ssl_policy of TLS 1.2 or 1.3 on listeners.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:4.2.1", "NIST-800-53:SC-8(1)", "WA-REL:REL13-BP04"],
    judges=kind("aws_api_gateway_domain_name", "aws_apigatewayv2_domain_name", "aws_api_gateway_rest_api", *_LISTENERS),
    passes=[
        {
            "aws_api_gateway_domain_name": {"payments": {"security_policy": "TLS_1_2"}},
            "aws_apigatewayv2_domain_name": {"http": {"domain_name_configuration": {"security_policy": "TLS_1_2"}}},
            "aws_api_gateway_rest_api": {
                "named": {"disable_execute_api_endpoint": True},
                "private": {"endpoint_configuration": {"types": ["PRIVATE"]}},
            },
            "aws_lb_listener": {
                "https": {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
                "http": {
                    "protocol": "HTTP",
                    "default_action": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "status_code": "301"}}],
                },
            },
        }
    ],
    fails=[
        {"aws_api_gateway_domain_name": {"old": {"security_policy": "TLS_1_0"}}},
        {"aws_api_gateway_domain_name": {"silent": {}}},
        {"aws_api_gateway_rest_api": {"by_its_own_address": {}}},
        {"aws_lb_listener": {"clear": {"protocol": "HTTP", "default_action": [{"type": "forward"}]}}},
        {"aws_lb_listener": {"silent": {"protocol": "HTTPS"}}},
        {"aws_lb_listener": {"old": {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"}}},
    ],
    mutations=[
        put("security_policy", "TLS_1_0", "aws_api_gateway_domain_name"),
        put("security_policy", "${var.policy}", "aws_api_gateway_domain_name"),
        drop("security_policy", "aws_api_gateway_domain_name"),
        drop("disable_execute_api_endpoint", "aws_api_gateway_rest_api"),
        put("disable_execute_api_endpoint", False, "aws_api_gateway_rest_api"),
    ],
)
def endpoint_tls(endpoint: Resource) -> Iterator[str]:
    """The oldest version that an endpoint accepts must be written, because the defaults are older."""
    yield from _FAULTS[endpoint.type](endpoint)


def _domain_name_faults(domain: Resource) -> Iterator[str]:
    yield from _policy_faults(domain, domain, "security_policy", _GATEWAY_POLICIES)


def _http_domain_name_faults(domain: Resource) -> Iterator[str]:
    yield from _policy_faults(domain, domain.block("domain_name_configuration"), "security_policy", _GATEWAY_POLICIES)


def _api_faults(api: Resource) -> Iterator[str]:
    private = api.block("endpoint_configuration").texts("types") == ("PRIVATE",)
    if not private and api.flag("disable_execute_api_endpoint") is not True:
        written = api.get("disable_execute_api_endpoint")
        yield f"disable_execute_api_endpoint is {written}, not true: the API's own address speaks TLS 1.0"


def _listener_faults(listener: Resource) -> Iterator[str]:
    if listener.text("protocol") in _ENCRYPTED:
        yield from _policy_faults(listener, listener, "ssl_policy", _BALANCER_POLICIES)
    elif not _only_redirects(listener):
        yield f"protocol is {listener.get('protocol')}, not HTTPS, and it does more than redirect to HTTPS"


def _only_redirects(listener: Resource) -> bool:
    actions = listener.blocks("default_action")
    return bool(actions) and all(action.block("redirect").get("protocol") == "HTTPS" for action in actions)


def _policy_faults(endpoint: Resource, block: Block, name: str, good: tuple[str, ...]) -> Iterator[str]:
    policy = endpoint.deployment.literal(endpoint.stack, block.get(name))
    if policy is None or not policy.startswith(good):
        yield f"{name} is {block.get(name)}, which does not say TLS 1.2 or later"


_FAULTS: Final[dict[str, Callable[[Resource], Iterator[str]]]] = {
    "aws_api_gateway_domain_name": _domain_name_faults,
    "aws_apigatewayv2_domain_name": _http_domain_name_faults,
    "aws_api_gateway_rest_api": _api_faults,
    **dict.fromkeys(_LISTENERS, _listener_faults),
}
