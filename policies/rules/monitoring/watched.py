"""Whatever can fail is watched by an alarm in its own region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.model.alarms import ALARM, Metric, metrics, regions, watch
from policies.model.deployment import Resource
from policies.model.regions import HEALTH_METRICS
from policies.mutation import put, remove
from policies.rule import Severity, kind, rule

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws_acm_certificate": ("DaysToExpiry",),
    "aws_api_gateway_rest_api": ("5XXError",),
    "aws_apigatewayv2_api": ("5xx",),
    "aws_dynamodb_table": ("ReadThrottleEvents", "WriteThrottleEvents"),
    "aws_lambda_function": ("Errors", "Throttles"),
    "aws_lb": ("HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"),
    "aws_rds_cluster": (),
    "aws_route53_health_check": ("HealthCheckStatus",),
    "aws_sfn_state_machine": ("ExecutionsFailed", "ExecutionsTimedOut"),
    "aws_sqs_queue": (),
    "aws_wafv2_web_acl": ("BlockedRequests",),
}
"""By type: the metrics that must be watched; with none, any of its metrics."""

_INDEX: Final = "GlobalSecondaryIndexName"
_HEALTH_CHECK: Final = "aws_route53_health_check"


def _can_fail_alone(resource: Resource) -> bool:
    """A child of a calculated health check is watched through its parent."""
    if resource.type != _HEALTH_CHECK:
        return True
    return not any(resource in parent.targets("child_healthchecks") for parent in resource.users(_HEALTH_CHECK))


def _watched(alarm: Resource) -> list[Resource]:
    watching = watch(alarm.deployment)
    named = [r for m in metrics(alarm) for dimension in m.dimensions for r in watching.named(m, dimension)]
    return [resource for resource in named if _is_needed(alarm, resource)]


def _is_needed(alarm: Resource, resource: Resource) -> bool:
    """Whether the rule would miss the alarm; beyond what it asks for there may be any number."""
    needed = NEEDS.get(resource.type)
    if needed is None or not _can_fail_alone(resource):
        return False
    others = [metric for metric in watch(resource.deployment).on(resource) if metric.alarm is not alarm]
    return any(metric.name in needed for metric in metrics(alarm)) or not (needed or others)


def _watches_what_is_needed(alarm: Resource) -> bool:
    return bool(_watched(alarm))


def _alarm(namespace: str, name: str, dimensions: dict[str, str], **body: Any) -> dict[str, Any]:
    return {"namespace": namespace, "metric_name": name, "dimensions": dimensions, **body}


def _function(*watched: str, **body: Any) -> dict[str, Any]:
    return {
        "aws_lambda_function": {"webhook": {"function_name": "webhook"}},
        ALARM: {name: _alarm("AWS/Lambda", name, {"FunctionName": "webhook"}, **body) for name in watched},
    }


def _table(*regions_: str, index: bool = True) -> dict[str, Any]:
    alarms: dict[str, Any] = {}
    for provider in regions_:
        for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
            alarms[f"{name}-{provider}"] = _alarm(
                "AWS/DynamoDB", name, {"TableName": "sessions"}, provider=f"aws.{provider}"
            )
        if index:
            alarms[f"index-{provider}"] = _alarm(
                "AWS/DynamoDB",
                "WriteThrottleEvents",
                {"TableName": "sessions", _INDEX: "unsettled"},
                provider=f"aws.{provider}",
            )
    table = {
        "name": "sessions",
        "replica": [{"region_name": "us-west-2"}],
        "global_secondary_index": [{"name": "unsettled"}],
    }
    return {"aws_dynamodb_table": {"sessions": table}, ALARM: alarms}


def _checks(watched: str) -> dict[str, Any]:
    return {
        _HEALTH_CHECK: {
            "both": {"type": "CALCULATED", "child_healthchecks": ["${aws_route53_health_check.live.id}"]},
            "live": {"type": "HTTPS"},
        },
        ALARM: {
            "health": _alarm(
                "AWS/Route53", "HealthCheckStatus", {"HealthCheckId": f"${{aws_route53_health_check.{watched}.id}}"}
            )
        },
    }


@rule(
    id="TAP_RESOURCE_WATCHED",
    title="Functions, APIs, tables, clusters, queues, workflows, certificates and each region's health are watched",
    risk="What nobody watches fails first in front of the customer, or on the day of the failover.",
    remediation="Add the missing alarm beside the resource, in each region that the resource is in.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "WA-REL:REL06-BP01", "WA-REL:REL11-BP01"],
    judges=kind(*NEEDS, where=_can_fail_alone),
    passes=[
        _function("Errors", "Throttles", "Duration"),
        _table("use1", "usw2"),
        _checks("both"),
        {
            "aws_sqs_queue": {"payments": {"name": "payments"}},
            ALARM: {"age": _alarm("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "payments"})},
        },
        {
            "aws_rds_cluster": {"ledger": {"cluster_identifier": "ledger"}},
            ALARM: {"busy": _alarm("AWS/RDS", "CPUUtilization", {"DBClusterIdentifier": "ledger"})},
        },
    ],
    fails=[
        {"aws_lambda_function": {"webhook": {"function_name": "webhook"}}},
        _function("Errors"),
        _function("Errors", "Throttles", provider="aws.usw2"),
        _table("use1"),
        _table("use1", "usw2", index=False),
        _checks("live"),
        {"aws_sqs_queue": {"payments": {"name": "payments"}}},
        {"aws_sfn_state_machine": {"failover": {"name": "failover"}}},
        {"aws_acm_certificate": {"api": {"domain_name": "example.com"}}},
    ],
    mutations=[
        remove("without the alarm", ALARM, where=_watches_what_is_needed, seen_on=_watched),
        put("metric_name", "Other", ALARM, where=lambda a: any(NEEDS[r.type] for r in _watched(a)), seen_on=_watched),
        put("dimensions", {}, ALARM, where=_watches_what_is_needed, seen_on=_watched),
    ],
)
def resource_watched(resource: Resource) -> Iterator[str]:
    """A table must be watched in each region that it is in; a health check where Route 53 reports, in us-east-1."""
    found = watch(resource.deployment).on(resource)
    places = {HEALTH_METRICS} if resource.type == _HEALTH_CHECK else set(regions(resource))
    if not places:
        yield "its region is not known, so that no alarm can be in it"
    for region in sorted(places):
        here = [metric for metric in found if metric.alarm.region == region]
        whole = [metric for metric in here if _INDEX not in metric.dimensions]
        needed = NEEDS.get(resource.type, ())
        for name in needed:
            if not any(metric.name == name for metric in whole):
                yield f"no alarm on its {name} in {region}"
        if not needed and not here:
            yield f"no alarm on it in {region}"
        yield from _unwatched_indexes(resource, here, region)


def _unwatched_indexes(table: Resource, here: list[Metric], region: str) -> Iterator[str]:
    """An index that throttles holds up the writes of the whole table."""
    if table.type == "aws_dynamodb_table":
        watched = {metric.dimension(_INDEX) for metric in here if metric.name == "WriteThrottleEvents"}
        for index in table.blocks("global_secondary_index"):
            if index.text("name") not in watched:
                yield f"no alarm on the WriteThrottleEvents of its index {index.get('name')} in {region}"
