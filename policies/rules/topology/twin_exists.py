"""Whatever one region has, the other has as well."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.mutation import edit, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import belongs_in_both, other_provider, other_side, spans_regions

_WEST = {"provider": "aws.usw2"}


@rule(
    id="TAP_TOPOLOGY_TWIN_EXISTS",
    title="Whatever one region has, the other has as well",
    risk="After a failover payments meet a region that lacks a permission, a route or an alarm which nobody missed as "
    "long as the other region served.",
    remediation="Make the resource in both regions, under the same address or under names that differ by the region "
    "only; or take it away in both.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CP-7", "WA-REL:REL10-BP01", "WA-REL:REL13-BP04"],
    judges=kind("*", where=belongs_in_both),
    passes=[
        {"aws_sqs_queue": {"events_use1": {}, "events_usw2": _WEST}},
        {
            "aws_sns_topic": {"a": {"name": "tap-alerts-use1-dev"}, "b": {**_WEST, "name": "tap-alerts-usw2-dev"}},
            "aws_iam_role": {"serves_both": {}},
            "aws_lambda_invocation": {"once": {}},
            "aws_cloudwatch_metric_alarm": {"pinned": {"namespace": "AWS/Route53"}},
        },
    ],
    fails=[
        {"aws_sqs_queue": {"events_use1": {}}},
        {"aws_sqs_queue": {"events_use1": {}, "events_usw2": {}}},
        {"aws_sqs_queue": {"events_use1": {}, "other_usw2": _WEST}},
        {"aws_sqs_queue": {"a": {"name": "q"}, "b": {**_WEST, "name": "q"}, "c": {**_WEST, "name": "q"}}},
        {"aws_cloudwatch_metric_alarm": {"errors": {"namespace": "AWS/Lambda"}}},
    ],
    mutations=[
        remove("without an alarm of one region", "aws_cloudwatch_metric_alarm", seen_on=other_side),
        remove("without a function of one region", "aws_lambda_function", seen_on=other_side),
        remove("without an endpoint of one region", "aws_vpc_endpoint", seen_on=other_side),
        remove("without a permission of one region", "aws_iam_role_policy", seen_on=other_side),
        remove("without a rule of a security group", "aws_vpc_security_group_egress_rule", seen_on=other_side),
        remove("without a route of one region", "aws_route", seen_on=other_side),
        remove("without a database instance", "aws_rds_cluster_instance", seen_on=other_side),
        remove("without the alias of a key", "aws_kms_alias", seen_on=other_side),
        remove("without a subscription", "aws_sns_topic_subscription", seen_on=other_side),
        edit("the provider of the other region", other_provider(), where=spans_regions),
    ],
)
def twin_exists(resource: Resource) -> Iterator[str]:
    """What AWS spans over both regions, and what happens once, is not judged; everything else needs its twin."""
    if resource.twin is None:
        peer, called = resource.deployment.peer(resource.region), resource.deployment.twins.called(resource)
        yield f"{peer} has no {resource.type} that corresponds to it: one called {called}, with {{here}} for the region"
