"""CloudWatch alarms: which metrics they judge, and which deployed resources those metrics tell of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from policies.model.values import Block

if TYPE_CHECKING:
    from policies.model.deployment import Deployment, Resource

ALARM: Final = "aws_cloudwatch_metric_alarm"
COMPOSITE: Final = "aws_cloudwatch_composite_alarm"

Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric as one alarm reads it. ``dimensions`` and ``period`` are as written; an alarm may read several."""

    alarm: Resource
    namespace: str | None
    name: str | None
    dimensions: Mapping[str, Any]
    period: float | None
    statistic: str | None

    def is_called(self, namespace: str, name: str) -> bool:
        """Whether it is the metric of that name."""
        return (self.namespace, self.name) == (namespace, name)

    def dimension(self, name: str) -> str | None:
        """A dimension's value as a literal; None if only AWS knows it."""
        return self.alarm.deployment.literal(self.alarm.stack, self.dimensions.get(name))

    def __str__(self) -> str:
        names = ", ".join(sorted(map(str, self.dimensions))) or "no dimension"
        return f"{self.namespace} {self.name} by {names}"


@dataclass(frozen=True)
class Subject:
    """What a dimension names: resources of ``types``, by what their ``attribute`` says; that of a resource, if any."""

    types: tuple[str, ...]
    attribute: str


SUBJECTS: Final[Mapping[tuple[str, str], Subject]] = {
    ("AWS/ApiGateway", "ApiId"): Subject(("aws_apigatewayv2_api",), "id"),
    ("AWS/ApiGateway", "ApiName"): Subject(("aws_api_gateway_rest_api",), "name"),
    ("AWS/ApplicationELB", "LoadBalancer"): Subject(("aws_lb", "aws_alb"), "arn_suffix"),
    ("AWS/ApplicationELB", "TargetGroup"): Subject(("aws_lb_target_group", "aws_alb_target_group"), "arn_suffix"),
    ("AWS/Backup", "BackupVaultName"): Subject(("aws_backup_vault",), "name"),
    ("AWS/CertificateManager", "CertificateArn"): Subject(("aws_acm_certificate",), "arn"),
    ("AWS/DynamoDB", "TableName"): Subject(("aws_dynamodb_table",), "name"),
    ("AWS/Events", "EventBusName"): Subject(("aws_cloudwatch_event_bus",), "name"),
    ("AWS/Events", "RuleName"): Subject(("aws_cloudwatch_event_rule",), "name"),
    ("AWS/Lambda", "FunctionName"): Subject(("aws_lambda_function",), "function_name"),
    ("AWS/NATGateway", "NatGatewayId"): Subject(("aws_nat_gateway",), "id"),
    ("AWS/RDS", "DBClusterIdentifier"): Subject(("aws_rds_cluster",), "cluster_identifier"),
    ("AWS/RDS", "DBInstanceIdentifier"): Subject(("aws_rds_cluster_instance", "aws_db_instance"), "identifier"),
    ("AWS/Route53", "HealthCheckId"): Subject(("aws_route53_health_check",), "id"),
    ("AWS/Route53", "HostedZoneId"): Subject(("aws_route53_zone",), "zone_id"),
    ("AWS/S3", "BucketName"): Subject(("aws_s3_bucket",), "bucket"),
    ("AWS/S3", "DestinationBucket"): Subject(("aws_s3_bucket",), "bucket"),
    ("AWS/S3", "SourceBucket"): Subject(("aws_s3_bucket",), "bucket"),
    ("AWS/SNS", "TopicName"): Subject(("aws_sns_topic",), "name"),
    ("AWS/SQS", "QueueName"): Subject(("aws_sqs_queue",), "name"),
    ("AWS/States", "StateMachineArn"): Subject(("aws_sfn_state_machine",), "arn"),
    ("AWS/WAFV2", "WebACL"): Subject(("aws_wafv2_web_acl",), "name"),
}
"""By namespace and dimension. The pages that say so are named with the metrics themselves."""

_SIDES: Final = frozenset({"SourceBucket", "DestinationBucket"})
_FAILED: Final = ("AWS/S3", "OperationsFailedReplication")

_STANDS_FOR: Final = {"aws_acm_certificate_validation": "certificate_arn"}
"""Resources that only wait for another one, which this attribute refers to."""

_EVERYWHERE: Final = ("aws_route53_",)
"""Types of no region: Route 53 is global, whatever provider makes it."""


def metrics(alarm: Resource) -> tuple[Metric, ...]:
    """Every metric that an alarm reads: its own, or those of its ``metric_query`` blocks."""
    cached = alarm.__dict__.get("_metrics")
    if cached is None:
        cached = alarm.__dict__["_metrics"] = tuple(_metrics(alarm))
    return tuple(cached)


def _metrics(alarm: Resource) -> Iterator[Metric]:
    if "metric_name" in alarm:
        yield _metric(alarm, alarm, alarm.get("statistic") or alarm.get("extended_statistic"))
    for query in alarm.blocks("metric_query"):
        for metric in query.blocks("metric"):
            yield _metric(alarm, metric, metric.get("stat"))


def _metric(alarm: Resource, block: Block, statistic: object) -> Metric:
    return Metric(
        alarm=alarm,
        namespace=block.text("namespace"),
        name=block.text("metric_name"),
        dimensions=block.map("dimensions"),
        period=block.number("period"),
        statistic=statistic if isinstance(statistic, str) else None,
    )


def regions(resource: Resource) -> frozenset[str]:
    """Where a resource is: a table also where its replicas are."""
    own = frozenset({resource.region} if resource.region else ())
    if resource.type != "aws_dynamodb_table":
        return own
    return own | {name for replica in resource.blocks("replica") if (name := replica.text("region_name"))}


def is_in(resource: Resource, region: str | None) -> bool:
    """Whether a resource is in a region, among others perhaps; what is global is in each."""
    return resource.type.startswith(_EVERYWHERE) or region in regions(resource)


def is_other_side(metric: Metric, dimension: str) -> bool:
    """Whether a dimension names what a metric is not reported with: the other end of a bucket's replication.

    S3 reports what failed in the region of the source, and everything else in that of the destination:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """
    reporter = "SourceBucket" if metric.is_called(*_FAILED) else "DestinationBucket"
    return metric.namespace == "AWS/S3" and dimension in _SIDES and dimension != reporter


class Watch:
    """Who watches what: the alarms of a deployment by the resources that their dimensions name."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._known: dict[tuple[tuple[str, ...], str], dict[str, list[Resource]]] = {}
        self._watching: dict[Key, list[Metric]] = defaultdict(list)
        for alarm in deployment.resources(ALARM):
            for metric in metrics(alarm):
                for name in metric.dimensions:
                    for resource in self.named(metric, name):
                        if is_in(resource, alarm.region):
                            self._watching[resource.key].append(metric)

    def named(self, metric: Metric, dimension: str) -> list[Resource]:
        """The resources that a dimension names, in whatever region; none if it names nothing that is deployed here."""
        subject = SUBJECTS.get((metric.namespace or "", dimension))
        if subject is None:
            return []
        value, stack = metric.dimensions.get(dimension), metric.alarm.stack
        target = self._deployment.target(stack, value)
        if target is not None and target.type in _STANDS_FOR:
            target = target.target(_STANDS_FOR[target.type])
        if target is not None and target.type in subject.types:
            return [target]
        literal = self._deployment.literal(stack, value)
        return self._called(subject).get(literal, []) if literal else []

    def on(self, resource: Resource) -> tuple[Metric, ...]:
        """The metrics of a resource that an alarm reads in a region where the resource is."""
        return tuple(self._watching.get(resource.key, ()))

    def _called(self, subject: Subject) -> Mapping[str, list[Resource]]:
        key = subject.types, subject.attribute
        if key not in self._known:
            found: dict[str, list[Resource]] = defaultdict(list)
            for resource in self._deployment.resources(*subject.types):
                name = resource.literal(subject.attribute)
                if name:
                    found[name].append(resource)
            self._known[key] = dict(found)
        return self._known[key]


def watch(deployment: Deployment) -> Watch:
    """Who watches what in a deployment, found out once."""
    known = deployment.__dict__.get("_watch")
    if not isinstance(known, Watch):
        known = deployment.__dict__["_watch"] = Watch(deployment)
    return known
