"""What is a name in the synthesized Terraform, and how long AWS lets it be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.unit.app import Deployment

LIMITS = {
    # https://docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html gives none; its console takes 1024
    ("aws_api_gateway_rest_api", "name"): 1024,
    # https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html
    ("aws_api_gateway_stage", "stage_name"): 128,
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    ("aws_cloudwatch_log_group", "name"): 512,
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html
    ("aws_backup_vault", "name"): 50,
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupPlan.html
    ("aws_backup_plan", "name"): 50,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    ("aws_cloudwatch_metric_alarm", "alarm_name"): 255,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    ("aws_cloudwatch_dashboard", "dashboard_name"): 255,
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    ("aws_cloudwatch_event_rule", "name"): 64,
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html
    ("aws_db_subnet_group", "name"): 255,
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    ("aws_dynamodb_table", "name"): 255,
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    ("aws_iam_role", "name"): 64,
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    ("aws_iam_role_policy", "name"): 128,
    # https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    ("aws_kms_alias", "name"): 256,
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    ("aws_lambda_function", "function_name"): 64,
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    ("aws_rds_cluster", "cluster_identifier"): 63,
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    ("aws_rds_cluster_instance", "identifier"): 63,
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterParameterGroup.html
    ("aws_rds_cluster_parameter_group", "name"): 255,
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateGlobalCluster.html
    ("aws_rds_global_cluster", "global_cluster_identifier"): 255,
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    ("aws_s3_bucket", "bucket"): 63,
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    ("aws_lb", "name"): 32,
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    ("aws_lb_target_group", "name"): 32,
    # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    ("aws_secretsmanager_secret", "name"): 512,
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    ("aws_security_group", "name"): 255,
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    ("aws_sns_topic", "name"): 256,
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    ("aws_sfn_state_machine", "name"): 80,
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    ("aws_sqs_queue", "name"): 80,
    # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    ("aws_ssm_parameter", "name"): 1011,
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
    ("aws_wafv2_web_acl", "name"): 128,
}
TAG_LIMIT = 256
"""https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""

DNS_LIMITS = {
    # https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html (its common name)
    ("aws_acm_certificate", "domain_name"): 64,
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    ("aws_api_gateway_domain_name", "domain_name"): 255,
    ("aws_route53_health_check", "fqdn"): 255,
    ("aws_route53_record", "name"): 255,
    ("aws_route53_zone", "name"): 255,
    ("aws_sesv2_email_identity", "email_identity"): 255,
}
NOT_UNIQUE = frozenset({("aws_iam_role_policy", "name"), ("aws_api_gateway_stage", "stage_name")})
"""Named within their role or their API, not within the account. (Neither are tags.)"""

ACCOUNT_WIDE = frozenset({"aws_iam_role", "aws_s3_bucket", "aws_route53_zone", "aws_rds_global_cluster"})
"""Unique in the whole account, not only in a region."""

DICTATED = (
    # AWS decides how these begin and end; suffix and region stay in them.
    re.compile(r"/aws/rds/cluster/(?P<name>[^/]+)/postgresql"),
    re.compile(r"/aws/(?:lambda|apigateway|vpc/flow-logs|vendedlogs/states)/(?P<name>[^/]+)"),
    re.compile(r"alias/(?P<name>[^/]+)"),
    # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    re.compile(r"aws-waf-logs-(?P<name>[^/]+)"),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    re.compile(r"API-Gateway-Execution-Logs_\$\{[^}]+\}/(?P<name>[^/]+)"),
)


class Name(NamedTuple):
    """A name that a deployment gives."""

    type: str
    attribute: str
    text: str
    limit: int
    region: str
    """In which it is, or ``""`` where names are unique in the account."""


def names(deployment: Deployment) -> Iterator[Name]:
    """Every name that follows the scheme, without what AWS puts around it."""
    for resource in deployment.resources():
        region = "" if resource.type in ACCOUNT_WIDE else deployment.region_of(resource)
        for (type_, attribute), limit in LIMITS.items():
            if resource.type == type_:
                yield Name(resource.type, attribute, resource.body[attribute], limit, region)
        tag = resource.body.get("tags", {}).get("Name")
        if tag is not None:
            yield Name(resource.type, "tags.Name", tag, TAG_LIMIT, region)


def dns_names(deployment: Deployment) -> Iterator[Name]:
    """Every public name that is not a reference to one."""
    for resource in deployment.resources():
        for (type_, attribute), limit in DNS_LIMITS.items():
            text = resource.body.get(attribute, "${")
            if resource.type == type_ and not text.startswith("${"):
                yield Name(resource.type, attribute, text, limit, deployment.region_of(resource))


def bare(text: str) -> str:
    """A name without the parts that AWS dictates."""
    # All dictated forms hold a slash or begin with "aws-"; few names do, and patterns cost more than all the rest.
    for form in DICTATED if "/" in text or text.startswith("aws-") else ():
        if found := form.fullmatch(text):
            return found["name"]
    return text


def must_be_unique(name: Name) -> bool:
    """Whether AWS refuses a second one of this name."""
    return name.attribute != "tags.Name" and (name.type, name.attribute) not in NOT_UNIQUE
