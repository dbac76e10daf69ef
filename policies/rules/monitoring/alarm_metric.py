"""Alarms read metrics that exist: that name, those dimensions, in that region, that often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, Metric, metrics
from policies.model.deployment import Deployment, Resource
from policies.model.values import Block
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.monitoring._metrics import ONLY_IN, SERVICES, Emitted, emitted

_LONGEST: Final = 120
_FILTER: Final = "aws_cloudwatch_log_metric_filter"
_NAMESPACE: Final = "POWERTOOLS_METRICS_NAMESPACE"
_SERVICE: Final = "POWERTOOLS_SERVICE_NAME"
"""https://docs.aws.amazon.com/powertools/python/latest/environment-variables/"""


def _errors(**body: Any) -> dict[str, Any]:
    return {
        "namespace": "AWS/Lambda",
        "metric_name": "Errors",
        "dimensions": {"FunctionName": "webhook"},
        "period": 60,
        **body,
    }


def _replication(period: int) -> dict[str, Any]:
    dimensions = {"TableName": "sessions", "ReceivingRegion": "us-west-2"}
    return _errors(namespace="AWS/DynamoDB", metric_name="ReplicationLatency", dimensions=dimensions, period=period)


def _own(function: dict[str, Any], **dimensions: str) -> dict[str, Any]:
    return {
        "aws_lambda_function": {"probe": function},
        ALARM: {"peer": {"namespace": "tap", "metric_name": "PeerHealthy", "period": 60, "dimensions": dimensions}},
    }


def _variables(**more: str) -> dict[str, Any]:
    return {"environment": {"variables": {_NAMESPACE: "tap", "ENVIRONMENT": "dev", **more}}}


def _has_dimensions(alarm: Resource) -> bool:
    return bool(alarm.map("dimensions"))


def _is_of_aws(alarm: Resource) -> bool:
    return (alarm.text("namespace") or "").startswith("AWS/")


def _is_own(alarm: Resource) -> bool:
    return not _is_of_aws(alarm)


def _without_one(body: dict[str, Any], _: Resource) -> bool:
    """Leave the dimension out without which the others name no series."""
    dimensions = body.get("dimensions")
    if not isinstance(dimensions, dict) or body.get("metric_name") not in {"ReplicationLatency", "HealthCheckStatus"}:
        return False
    body["dimensions"] = dict(list(dimensions.items())[1:])
    return True


def _elsewhere(body: dict[str, Any], alarm: Resource) -> bool:
    others = [name for name in alarm.stack.providers if name != alarm.text("provider")]
    body["provider"] = next(iter(others), None)
    return bool(others) and body.get("namespace") in ONLY_IN


@rule(
    id="TAP_ALARM_METRIC_EXISTS",
    title="Every alarm reads a metric that is emitted with exactly those dimensions, in that region, that often",
    risk="An alarm on a metric that nobody emits is deployed, looks healthy, and never fires.",
    remediation="Use a name and a set of dimensions that the service documents, and a period not below its own.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "WA-REL:REL06-BP02"],
    judges=kind(ALARM),
    passes=[
        {ALARM: {"errors": _errors()}},
        {ALARM: {"replication": _replication(300)}},
        _own(_variables()),
        _own(_variables(**{_SERVICE: "probe"}), service="probe", environment="dev"),
        {
            "aws_cloudwatch_log_metric_filter": {
                "refusals": {"metric_transformation": {"namespace": "tap", "name": "Refusals", "value": "1"}}
            },
            ALARM: {"refusals": {"namespace": "tap", "metric_name": "Refusals", "period": 60}},
        },
        {
            ALARM: {
                "rate": {
                    "metric_query": [
                        {"id": "rate", "expression": "errors / calls"},
                        {"id": "errors", "metric": {"namespace": "AWS/Lambda", "metric_name": "Errors", "period": 60}},
                        {
                            "id": "calls",
                            "metric": {"namespace": "AWS/Lambda", "metric_name": "Invocations", "period": 60},
                        },
                    ]
                }
            }
        },
    ],
    fails=[
        {ALARM: {"typo": _errors(metric_name="Error")}},
        {ALARM: {"unknown": _errors(namespace="AWS/Lamda")}},
        {ALARM: {"wrong": _errors(dimensions={"Function": "webhook"})}},
        {ALARM: {"throttled": _errors(namespace="AWS/DynamoDB", metric_name="ThrottledRequests")}},
        {ALARM: {"too_often": _replication(60)}},
        {
            ALARM: {
                "elsewhere": _errors(
                    provider="aws.usw2",
                    namespace="AWS/Route53",
                    metric_name="HealthCheckStatus",
                    dimensions={"HealthCheckId": "abc"},
                )
            }
        },
        {ALARM: {"empty": {"alarm_name": "nothing"}}},
        {ALARM: {"open": _errors(metric_name="${var.metric}")}},
        _own({}),
        _own(_variables(**{_SERVICE: "probe"})),
        _own(_variables(**{_SERVICE: "probe"}), service="webhook"),
        _own(_variables(**{_SERVICE: "probe"}), service="probe", environment="prod"),
        _own(_variables(**{_SERVICE: "probe"}), service="probe", region="tap"),
        {ALARM: {"query": {"metric_query": [{"id": "q", "metric": {"metric_name": "Errors", "period": 60}}]}}},
    ],
    mutations=[
        put("metric_name", "Failures", where=_is_of_aws),
        put("namespace", "AWS/Unknown"),
        put("namespace", "Unknown"),
        put("dimensions.Name", "tap", where=_has_dimensions),
        put("dimensions.service", "nobody", where=_is_own),
        drop("dimensions.service", where=_is_own),
        put("dimensions", {}, where=_is_own),
        put("period", 30, where=_is_of_aws),
        edit("without a dimension", _without_one),
        edit("in the other region", _elsewhere),
    ],
)
def alarm_metric_exists(alarm: Resource) -> Iterator[str]:
    """Names that begin with ``AWS/`` must be in the table; others must be emitted by something that is deployed."""
    found = metrics(alarm)
    if not found:
        yield "it reads no metric"
    for metric in found:
        if metric.namespace is None or metric.name is None or "${" in f"{metric.namespace}{metric.name}":
            yield f"it is not known which metric it reads: {metric}"
        elif metric.namespace.startswith("AWS/"):
            yield from _unlike_the_services(metric)
        else:
            yield from _unlike_our_own(alarm.deployment, metric)


def _unlike_the_services(metric: Metric) -> Iterator[str]:
    if metric.namespace is None or metric.namespace not in SERVICES:
        yield f"{metric.namespace} is no known namespace; known are {', '.join(SERVICES)}"
        return
    known = emitted(metric.namespace, metric.name)
    if known is None:
        yield f"{metric.namespace} emits no metric {metric.name}"
        return
    if frozenset(metric.dimensions) not in known.dimensions:
        yield f"{metric} is not emitted; there is {_choices(known)}"
    region = ONLY_IN.get(metric.namespace)
    if region is not None and metric.alarm.region != region:
        yield f"{metric.namespace} is emitted in {region} only, and the alarm is in {metric.alarm.region}"
    if metric.period is None:
        yield f"the period of {metric.name} is not known"
    elif metric.period < known.every:
        yield (
            f"{metric.name} has a data point every {known.every} s, and the alarm looks every {metric.period:g} s: "
            "most of its periods are empty"
        )


def _choices(known: Emitted) -> str:
    told = sorted(", ".join(sorted(combination)) or "none" for combination in known.dimensions)
    return " or ".join(f"by {choice}" for choice in told)[:_LONGEST]


def _unlike_our_own(deployment: Deployment, metric: Metric) -> Iterator[str]:
    """A log filter makes the metric, or a function that is told to write to its namespace with these dimensions."""
    emitters = list(_emitters(deployment, metric))
    if not emitters:
        yield f"{metric} is no metric of AWS, and nothing that is deployed says that it emits {metric.namespace}"
    elif not any(_has_these_dimensions(emitter, metric) for emitter in emitters):
        written = ", ".join(f"{name} = {value}" for name, value in metric.dimensions.items()) or "no dimension"
        yield f"nothing that emits {metric.namespace} in {metric.alarm.region} does it with {written}"


def _emitters(deployment: Deployment, metric: Metric) -> Iterator[Resource]:
    for log_filter in deployment.resources(_FILTER):
        made = log_filter.block("metric_transformation")
        named = (made.text("namespace"), made.text("name"), log_filter.region)
        if named == (metric.namespace, metric.name, metric.alarm.region):
            yield log_filter
    for function in deployment.resources("aws_lambda_function"):
        if metric.namespace in _environment(function).values() and function.region == metric.alarm.region:
            yield function


def _has_these_dimensions(emitter: Resource, metric: Metric) -> bool:
    """What a function adds itself can only be what it is told; its service is added by Powertools, if it has a name.

    https://docs.aws.amazon.com/powertools/python/latest/core/metrics/
    """
    if emitter.type == _FILTER:
        made = emitter.block("metric_transformation")
        return set(metric.dimensions) == set(made.map("dimensions"))
    told = _environment(emitter)
    service = told.get(_SERVICE) if _NAMESPACE in told else None
    if service is not None and metric.dimension("service") != service:
        return False
    known = {value for name, value in told.items() if name != _NAMESPACE}
    return all(metric.dimension(name) in known for name in metric.dimensions)


def _environment(function: Resource) -> dict[str, str | None]:
    variables = Block(function.block("environment").get("variables"))
    return {name: function.deployment.literal(function.stack, variables.get(name)) for name in variables.body}
