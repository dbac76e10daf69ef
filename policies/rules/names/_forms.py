"""The short list of names whose form AWS dictates, and of resources that span regions."""

from __future__ import annotations

import re
from typing import Final

from policies.model.deployment import Resource

_FORMS: Final[dict[str, tuple[re.Pattern[str], ...]]] = {
    "aws_cloudwatch_log_group": (
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html
        re.compile(r"/aws/(?:rds/(?:cluster|instance)|docdb|neptune)/(?P<own>[^/]+)/[a-z-]+"),
        # https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
        re.compile(r"/aws/eks/(?P<own>[^/]+)/cluster"),
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-view-metrics.html
        re.compile(r"/aws/(?:ecs/)?containerinsights/(?P<own>[^/]+)/[a-z]+"),
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        re.compile(r"API-Gateway-Execution-Logs_[^/]+/(?P<own>[^/]+)"),
    ),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    "aws_sqs_queue": (re.compile(r"(?P<own>.+)\.fifo"),),
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    "aws_sns_topic": (re.compile(r"(?P<own>.+)\.fifo"),),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html
    "aws_s3_directory_bucket": (re.compile(r"(?P<own>.+)--[a-z0-9-]+--x-s3"),),
}
"""By type: ``own`` is the part that people choose. What merely begins as AWS wants it, as ``/aws/lambda/…``,
``alias/…`` and ``aws-waf-logs-…`` do, ends as every other name."""

SPANNING: Final = (
    "aws_iam_",
    "aws_route53_health_check",
    "aws_route53_cidr_",
    "aws_route53_delegation_set",
    "aws_route53_traffic_policy",
    "aws_route53recovery",
    "aws_cloudfront_",
    "aws_globalaccelerator_",
    "aws_budgets_",
    "aws_ce_",
    "aws_organizations_",
    "aws_chatbot_",
    "aws_cloudwatch_dashboard",
    "aws_cloudtrail",
    "aws_vpc_peering_connection",
    "aws_ec2_transit_gateway_peering_attachment",
)
"""Beginnings of types that AWS keeps in no region or that lie between two: their names tell either the region that they
work for, or that they work for several.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
"""

_ALWAYS_SPANNING: Final = frozenset(
    {
        "aws_rds_global_cluster",
        "aws_docdb_global_cluster",
        "aws_neptune_global_cluster",
        "aws_route53_zone",
        "aws_s3control_multi_region_access_point",
        "aws_cloudwatch_event_endpoint",
        "aws_globalaccelerator_accelerator",
        "aws_route53recoverycontrolconfig_cluster",
        "aws_route53recoverycontrolconfig_control_panel",
    }
)
_REPLICATED: Final = {"aws_dynamodb_table": "replica", "aws_secretsmanager_secret": "replica"}
"""Types that span regions once they have such a block."""

WITHOUT_REGION: Final = frozenset({"aws_route53_zone", "aws_service_discovery_public_dns_namespace"})
"""Names that stand above those of all regions, such as ``dev.example.com`` above ``use1.dev.example.com``."""


def own_part(type_: str, text: str) -> str:
    """The part of a name that people choose, as far as AWS dictates what comes behind it."""
    for form in _FORMS.get(type_, ()):
        found = form.fullmatch(text)
        if found:
            return found["own"]
    return text


def spans_regions(resource: Resource) -> bool:
    """Whether a resource is in several regions at once, so that its name has to say so."""
    replicated = _REPLICATED.get(resource.type)
    if replicated is not None and resource.blocks(replicated):
        return True
    return resource.type in _ALWAYS_SPANNING
