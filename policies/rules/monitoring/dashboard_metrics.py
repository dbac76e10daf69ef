"""A dashboard shows metrics that exist, where they are emitted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule
from policies.rules.monitoring._metrics import ONLY_IN, SERVICES

_DASHBOARD: Final = "aws_cloudwatch_dashboard"
_BODY: Final = "dashboard_body"


def _page(region: str = "us-east-1", *metric: Any) -> dict[str, Any]:
    shown = list(metric) or ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "payments"]
    widget = {"type": "metric", "properties": {"region": region, "metrics": [shown]}}
    return {_DASHBOARD: {"page": {_BODY: json.dumps({"widgets": [widget]})}}}


def _widgets(dashboard: Resource) -> list[dict[str, Any]] | None:
    """The pictures of metrics; None if the body is none that can be read."""
    try:
        body = json.loads(dashboard.text(_BODY) or "")
    except ValueError:
        return None
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list):
        return None
    return [each for each in widgets if isinstance(each, dict) and each.get("type") == "metric"]


def _edited(body: dict[str, Any], old: str, new: str) -> bool:
    text = body.get(_BODY)
    if not isinstance(text, str) or old not in text:
        return False
    body[_BODY] = text.replace(old, new)
    return True


def _elsewhere(body: dict[str, Any], dashboard: Resource) -> bool:
    other = "us-west-2" if dashboard.region == "us-east-1" else "us-east-1"
    return _edited(body, f'"region": "{dashboard.region}"', f'"region": "{other}"')


def _misspelt(body: dict[str, Any], _: Resource) -> bool:
    return _edited(body, '"Invocations"', '"Invokations"')


def _without_dimension(body: dict[str, Any], _: Resource) -> bool:
    return _edited(body, '"ReceivingRegion"', '"Receiver"')


@rule(
    id="TAP_DASHBOARD_METRICS_EXIST",
    title="Every picture of a dashboard shows metrics that are emitted, from the dashboard's own region",
    risk="In a failover somebody looks at an empty picture, or at the other region, and takes it for good news.",
    remediation="Name metrics and dimensions as the service documents them, and the region where the dashboard is.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "WA-REL:REL06-BP01"],
    judges=kind(_DASHBOARD),
    passes=[
        _page(),
        _page("us-east-1", "AWS/Route53", "HealthCheckStatus", "HealthCheckId", "abc", {"stat": "Minimum"}),
        _page("us-east-1", "tap", "PeerHealthy", "service", "probe"),
    ],
    fails=[
        _page("us-west-2"),
        _page("us-east-1", "AWS/SQS", "Depth", "QueueName", "payments"),
        _page("us-east-1", "AWS/SQS", "NumberOfMessagesSent", "Queue", "payments"),
        _page("us-east-1", "AWS/Queues", "NumberOfMessagesSent", "QueueName", "payments"),
        _page("us-east-1", "AWS/SQS"),
        {_DASHBOARD: {"broken": {_BODY: "{"}}},
        {_DASHBOARD: {"empty": {_BODY: '{"widgets": []}'}}},
        {_DASHBOARD: {"open": {_BODY: "${var.body}"}}},
    ],
    mutations=[
        put(_BODY, "{"),
        put(_BODY, '{"widgets": []}'),
        edit("in the other region", _elsewhere),
        edit("a misspelt metric", _misspelt),
        edit("a wrong dimension", _without_dimension),
    ],
)
def dashboard_metrics_exist(dashboard: Resource) -> Iterator[str]:
    """Whose names begin with ``AWS/`` must be in the table; Route 53's exist in one region for all."""
    widgets = _widgets(dashboard)
    if not widgets:
        yield "it shows no metric, or its body cannot be read"
    for widget in widgets or []:
        properties = widget.get("properties")
        shown = properties.get("metrics") if isinstance(properties, dict) else None
        if not isinstance(properties, dict) or not isinstance(shown, list):
            yield "a picture names no metric"
            continue
        for metric in shown:
            yield from _faults(dashboard, properties.get("region"), metric)


def _faults(dashboard: Resource, region: object, metric: object) -> Iterator[str]:
    parts = [part for part in metric if isinstance(part, str)] if isinstance(metric, list) else []
    if len(parts) < 2 or len(parts) % 2:
        yield f"it is not known which metric {metric} is"
        return
    namespace, name, dimensions = parts[0], parts[1], frozenset(parts[2::2])
    expected = ONLY_IN.get(namespace, dashboard.region)
    if region != expected:
        yield f"{namespace} {name} is read from {region}, and is emitted in {expected}"
    if not namespace.startswith("AWS/"):
        return
    known = SERVICES.get(namespace, {}).get(name)
    if known is None:
        yield f"{namespace} emits no metric {name}"
    elif dimensions not in known.dimensions:
        yield f"{namespace} emits no {name} by {', '.join(sorted(dimensions)) or 'nothing'}"
