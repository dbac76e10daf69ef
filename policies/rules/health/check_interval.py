"""Endpoint health checks run every 30 seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

INTERVAL: Final = 30
NO_ENDPOINT: Final = frozenset({"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"})
"""Types that ask nobody, so have no interval.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
"""


def asks_an_endpoint(check: Resource) -> bool:
    """Whether a health check sends requests; one of unknown type counts as if it did."""
    return check.text("type") not in NO_ENDPOINT


@rule(
    id="TAP_HEALTH_CHECK_INTERVAL",
    title="Endpoint health checks run every 30 seconds",
    risk="A slower check adds its whole interval, times the failure threshold, to every failover.",
    remediation="Set request_interval = 30.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-10", "WA-REL:REL11-BP01"],
    judges=kind("aws_route53_health_check", where=asks_an_endpoint),
    passes=[{"aws_route53_health_check": {"live": {"type": "HTTPS", "request_interval": 30}}}],
    fails=[
        {"aws_route53_health_check": {"slow": {"type": "HTTPS", "request_interval": 60}}},
        {"aws_route53_health_check": {"silent": {"type": "HTTPS"}}},
        {"aws_route53_health_check": {"unknown": {"type": "HTTPS", "request_interval": "${var.interval}"}}},
    ],
    mutations=[put("request_interval", 10), put("request_interval", 31), drop("request_interval")],
)
def health_check_interval(check: Resource) -> Iterator[str]:
    """An interval of 30 and no other passes; so does a check that asks no endpoint, by not being judged."""
    if check.number("request_interval") != INTERVAL:
        yield f"request_interval is {check.get('request_interval')}, not {INTERVAL}"
