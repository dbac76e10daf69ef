"""Endpoint health checks ask by HTTPS, as clients do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule
from policies.rules.health._routing import CHECK
from policies.rules.health.check_interval import asks_an_endpoint

HTTPS: Final = frozenset({"HTTPS", "HTTPS_STR_MATCH"})
PORT: Final = 443
FAILURES: Final = (2, 3)
"""One lost answer is no outage, and each failure adds an interval to every failover. Route 53 allows 1 to 10.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
"""

_LIVE: Final = {"type": "HTTPS", "port": 443, "enable_sni": True, "failure_threshold": 3}


@rule(
    id="TAP_HEALTH_CHECK_HTTPS",
    title="Endpoint health checks ask by HTTPS with SNI, and believe two or three failures in a row",
    risk="A check that asks otherwise than clients do stays healthy while they fail, or fails while they are served; "
    "with another threshold it fails over for one lost packet, or minutes too late.",
    remediation="Set type = HTTPS, port = 443, enable_sni = true and failure_threshold = 3; leave disabled out.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:4.2.1", "PCI-DSS-4.0:12.10.1", "NIST-800-53:SC-8", "NIST-800-53:CP-10", "WA-REL:REL11-BP01"],
    judges=kind(CHECK, where=asks_an_endpoint),
    passes=[
        {CHECK: {"live": _LIVE}},
        {CHECK: {"text": {**_LIVE, "type": "HTTPS_STR_MATCH", "search_string": "ok", "failure_threshold": 2}}},
    ],
    fails=[
        {CHECK: {"plain": {**_LIVE, "type": "HTTP"}}},
        {CHECK: {"knock": {**_LIVE, "type": "TCP"}}},
        {CHECK: {"port": {**_LIVE, "port": 8443}}},
        {CHECK: {"no_sni": {**_LIVE, "enable_sni": False}}},
        {CHECK: {"nervous": {**_LIVE, "failure_threshold": 1}}},
        {CHECK: {"patient": {**_LIVE, "failure_threshold": 10}}},
        {CHECK: {"unknown": {**_LIVE, "failure_threshold": "${var.failures}"}}},
        {CHECK: {"asleep": {**_LIVE, "disabled": True}}},
    ],
    mutations=[
        put("type", "HTTP"),
        put("port", 80),
        put("enable_sni", value=False),
        drop("enable_sni"),
        put("failure_threshold", 1),
        put("failure_threshold", 10),
        drop("failure_threshold"),
        put("disabled", value=True),
    ],
)
def check_https(check: Resource) -> Iterator[str]:
    """What is left to a default fails too: it is nobody's decision. A disabled check counts as healthy for ever."""
    if check.text("type") not in HTTPS:
        yield f"type is {check.get('type')}, not HTTPS"
    if check.number("port") != PORT:
        yield f"port is {check.get('port')}, not {PORT}"
    if check.flag("enable_sni") is not True:
        yield f"enable_sni is {check.get('enable_sni')}, so that an ingress of several names cannot tell which is meant"
    threshold = check.number("failure_threshold")
    if threshold is None or not FAILURES[0] <= threshold <= FAILURES[1]:
        yield f"failure_threshold is {check.get('failure_threshold')}, not {FAILURES[0]} or {FAILURES[1]}"
    if "disabled" in check and check.flag("disabled") is not False:
        yield f"disabled is {check.get('disabled')}: a check that does not ask counts as healthy"
