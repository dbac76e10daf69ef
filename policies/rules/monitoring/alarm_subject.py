"""Alarms watch something that is deployed, in their own region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, SUBJECTS, Metric, is_in, is_other_side, metrics, regions, watch
from policies.model.deployment import Resource, paths
from policies.mutation import edit
from policies.rule import Severity, kind, rule

_OTHER_REGION: Final = frozenset({("AWS/DynamoDB", "ReceivingRegion"), ("AWS/RDS", "SourceRegion")})
_INDEX: Final = ("AWS/DynamoDB", "GlobalSecondaryIndexName")
_STAGE: Final = ("AWS/ApiGateway", "Stage")
_PARTS: Final = _OTHER_REGION | {_INDEX, _STAGE}
"""Dimensions that name a part of what another dimension of the same metric names, or where its other side is."""


def _names_something(alarm: Resource) -> bool:
    """Whether one of its dimensions is known to name a resource."""
    return any(
        (metric.namespace, name) in {*SUBJECTS, *_PARTS} for metric in metrics(alarm) for name in metric.dimensions
    )


def _misnamed(body: dict[str, Any], _: Resource) -> bool:
    dimensions: Any = body.get("dimensions")
    named = [n for n in dimensions if (body.get("namespace"), n) in SUBJECTS] if isinstance(dimensions, dict) else []
    for name in named:
        dimensions[name] = "nothing-of-that-name"
    return bool(named)


def _in_its_own_region(body: dict[str, Any], alarm: Resource) -> bool:
    dimensions: Any = body.get("dimensions") or {}
    others = [n for n in dimensions if (body.get("namespace"), n) in _OTHER_REGION]
    for name in others:
        dimensions[name] = alarm.region
    return bool(others)


def _of_the_other_region(body: dict[str, Any], alarm: Resource) -> bool:
    """Name what corresponds to the watched resource in the other region."""
    changed = False
    for metric in metrics(alarm):
        for name in metric.dimensions:
            for resource in watch(alarm.deployment).named(metric, name):
                attribute = SUBJECTS[metric.namespace or "", name].attribute
                theirs = resource.twin.literal(attribute) if resource.twin else None
                if theirs and theirs != resource.literal(attribute) and "metric_query" not in body:
                    body["dimensions"][name] = theirs
                    changed = True
    return changed


def _errors(function: str, **body: Any) -> dict[str, Any]:
    return {
        "namespace": "AWS/Lambda",
        "metric_name": "Errors",
        "dimensions": {"FunctionName": function},
        **body,
    }


def _latency(receiver: str, **dimensions: str) -> dict[str, Any]:
    return {
        "namespace": "AWS/DynamoDB",
        "metric_name": "ReplicationLatency",
        "dimensions": {"TableName": "sessions", "ReceivingRegion": receiver, **dimensions},
    }


def _replication(name: str, source: str, destination: str, **body: Any) -> dict[str, Any]:
    return {
        "namespace": "AWS/S3",
        "metric_name": name,
        "dimensions": {"SourceBucket": source, "DestinationBucket": destination, "RuleId": "all"},
        **body,
    }


_BUCKETS: Final = {"home": {"bucket": "home"}, "there": {"bucket": "there", "provider": "aws.usw2"}}
_FUNCTIONS: Final = {
    "home": {"function_name": "webhook-use1"},
    "there": {"function_name": "webhook-usw2", "provider": "aws.usw2"},
}
_TABLE: Final = {
    "sessions": {
        "name": "sessions",
        "replica": [{"region_name": "us-west-2"}],
        "global_secondary_index": [{"name": "unsettled"}],
    }
}


@rule(
    id="TAP_ALARM_WATCHES_WHAT_IS_DEPLOYED",
    title="What an alarm's dimensions name is deployed, in the alarm's own region",
    risk="An alarm on a misspelled function, or on one of the other region, watches nothing and stays quiet.",
    remediation="Refer to the resource in the dimension, and make the alarm with the resource's provider.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "WA-REL:REL06-BP01"],
    judges=kind(ALARM, where=_names_something),
    passes=[
        {"aws_lambda_function": _FUNCTIONS, ALARM: {"home": _errors("webhook-use1")}},
        {
            "aws_lambda_function": _FUNCTIONS,
            ALARM: {"there": _errors("${aws_lambda_function.there.function_name}", provider="aws.usw2")},
        },
        {"aws_dynamodb_table": _TABLE, ALARM: {"latency": _latency("us-west-2")}},
        {"aws_dynamodb_table": _TABLE, ALARM: {"back": {**_latency("us-east-1"), "provider": "aws.usw2"}}},
        {
            "aws_s3_bucket": _BUCKETS,
            ALARM: {
                "failed": _replication("OperationsFailedReplication", "home", "there"),
                "late": _replication("ReplicationLatency", "home", "there", provider="aws.usw2"),
            },
        },
    ],
    fails=[
        {"aws_s3_bucket": _BUCKETS, ALARM: {"late": _replication("ReplicationLatency", "home", "there")}},
        {"aws_s3_bucket": _BUCKETS, ALARM: {"gone": _replication("OperationsFailedReplication", "home", "nowhere")}},
        {"aws_lambda_function": _FUNCTIONS, ALARM: {"typo": _errors("webhok-use1")}},
        {"aws_lambda_function": _FUNCTIONS, ALARM: {"far": _errors("webhook-usw2")}},
        {
            "aws_lambda_function": _FUNCTIONS,
            ALARM: {"far": _errors("${aws_lambda_function.there.function_name}")},
        },
        {"aws_lambda_function": _FUNCTIONS, ALARM: {"open": _errors("${var.name}")}},
        {"aws_dynamodb_table": _TABLE, ALARM: {"nowhere": _latency("eu-west-1")}},
        {"aws_dynamodb_table": _TABLE, ALARM: {"itself": _latency("us-east-1")}},
        {"aws_dynamodb_table": _TABLE, ALARM: {"index": _latency("us-west-2", GlobalSecondaryIndexName="settled")}},
    ],
    mutations=[
        edit("nothing of that name", _misnamed),
        edit("the other side is its own region", _in_its_own_region),
        edit("the other region's resource", _of_the_other_region),
    ],
)
def alarm_watches_what_is_deployed(alarm: Resource) -> Iterator[str]:
    """Names and references are followed; dimensions that name no resource of their own are left alone."""
    watching = watch(alarm.deployment)
    for metric in metrics(alarm):
        for dimension in metric.dimensions:
            where = (metric.namespace or "", dimension)
            if where in SUBJECTS:
                yield from _absent(metric, dimension, watching.named(metric, dimension))
            elif where in _PARTS:
                yield from _apart(metric, where, dimension)


def _absent(metric: Metric, dimension: str, named: list[Resource]) -> Iterator[str]:
    value, region = metric.dimensions.get(dimension), metric.alarm.region
    if not named:
        yield f"{dimension} = {value} names nothing that is deployed"
    elif not is_other_side(metric, dimension) and not any(is_in(resource, region) for resource in named):
        found = sorted({place for resource in named for place in regions(resource)})
        yield f"{dimension} names {paths(named)} in {', '.join(found)}, and the alarm is in {region}"


def _apart(metric: Metric, where: tuple[str, str], dimension: str) -> Iterator[str]:
    """Whether a part belongs to what the metric's other dimensions name."""
    value = metric.dimension(dimension)
    watching = watch(metric.alarm.deployment)
    owners = [owner for name in metric.dimensions for owner in watching.named(metric, name)]
    known = sorted({part for owner in owners for part in _known_parts(owner, metric, where)})
    if value is None or value not in known:
        told = metric.dimensions.get(dimension)
        yield f"{dimension} = {told} is not one of what is deployed: {', '.join(known) or 'nothing'}"


def _known_parts(owner: Resource, metric: Metric, where: tuple[str, str]) -> Iterator[str]:
    if where == _INDEX:
        yield from (name for index in owner.blocks("global_secondary_index") if (name := index.text("name")))
    elif where == _STAGE:
        stages = owner.users("aws_api_gateway_stage", "aws_apigatewayv2_stage")
        yield from (name for stage in stages if (name := stage.literal("stage_name") or stage.literal("name")))
    elif owner.type == "aws_dynamodb_table":
        yield from regions(owner) - {metric.alarm.region}
    else:
        yield from (region for member in _other_members(owner) if (region := member.region))


def _other_members(cluster: Resource) -> list[Resource]:
    """The other clusters of the same global database."""
    whole = cluster.target("global_cluster_identifier")
    name = cluster.literal("global_cluster_identifier")
    return [
        other
        for other in cluster.deployment.resources("aws_rds_cluster")
        if other is not cluster
        and (
            (whole is not None and other.target("global_cluster_identifier") is whole)
            or (name is not None and other.literal("global_cluster_identifier") == name)
        )
    ]
