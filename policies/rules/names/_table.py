"""What AWS lets people name, type by type: attribute, length, characters, and where a name has to be unique.

Lengths and characters are those of the API that creates the resource; its page stands beside each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """Where no second one may have the same name; with ``Named.within``, only inside of what that leads to."""

    REGION = "this account and region"
    ACCOUNT = "this account"
    WORLD = "all of AWS"
    NONE = "nothing"
    """Another one may well have it."""


@dataclass(frozen=True)
class Characters:
    """What a whole name must match, and the same in words."""

    pattern: str
    words: str


ANY: Final = Characters(r".+", "any characters")
ALNUM_HYPHEN: Final = Characters(r"[A-Za-z0-9-]+", "letters, digits and -")
ALNUM_UNDERSCORE: Final = Characters(r"[A-Za-z0-9_]+", "letters, digits and _")
WORD: Final = Characters(r"[A-Za-z0-9_-]+", "letters, digits, - and _")
WORD_DOT: Final = Characters(r"[A-Za-z0-9_.-]+", "letters, digits and -_.")
LETTER_UNDERSCORE: Final = Characters(r"[A-Za-z][A-Za-z0-9_]*", "a letter, then letters, digits and _")
LETTER_HYPHEN: Final = Characters(
    r"[A-Za-z](?:-?[A-Za-z0-9])*", "a letter, then letters, digits and single hyphens, none at the end"
)
INNER_HYPHEN: Final = Characters(
    r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?",
    "letters, digits and inner hyphens, and no internal- at the beginning",
)
LOWER_HYPHEN: Final = Characters(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", "lower-case letters, digits and inner hyphens")
FIFO: Final = Characters(r"[A-Za-z0-9_-]+(?:\.fifo)?", "letters, digits, - and _, and .fifo at the end")
IAM: Final = Characters(r"[\w+=,.@-]+", "letters, digits and _+=,.@-")
NO_CONTROL: Final = Characters(r"[^\x00-\x1f\x7f]+", "anything but control characters")
DNS: Final = Characters(
    r"(?:\*\.)?(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?",
    "labels of letters, digits and inner hyphens, each of at most 63 characters",
)


@dataclass(frozen=True)
class Named:
    """How resources of a type are named."""

    attribute: str
    longest: int
    characters: Characters
    page: str
    shortest: int = 1
    scope: Scope = Scope.REGION
    within: tuple[str, ...] = ()
    """Attributes that lead to what the name has to be unique in, or that tell it from others of the same name."""
    shares: str = ""
    """What it is called together with other types that draw their names from one pool."""
    folds_case: bool = False
    """Whether AWS takes ``A`` and ``a`` for the same."""

    @property
    def is_dns(self) -> bool:
        """Whether it is a name in the domain name system."""
        return self.characters is DNS


_API: Final = "https://docs.aws.amazon.com/"
_RDS: Final = f"{_API}AmazonRDS/latest/APIReference/"
_IAM: Final = f"{_API}IAM/latest/APIReference/"
_EVENTS: Final = f"{_API}eventbridge/latest/APIReference/"
_SCHEDULER: Final = f"{_API}scheduler/latest/APIReference/"
_LOGS: Final = f"{_API}AmazonCloudWatchLogs/latest/APIReference/"
_CLOUDWATCH: Final = f"{_API}AmazonCloudWatch/latest/APIReference/"
_ELB: Final = f"{_API}elasticloadbalancing/latest/APIReference/"
_WAF: Final = f"{_API}waf/latest/APIReference/"
_ECS: Final = f"{_API}AmazonECS/latest/APIReference/"
_CACHE: Final = f"{_API}AmazonElastiCache/latest/APIReference/"
_BACKUP: Final = f"{_API}aws-backup/latest/devguide/"
_APIGATEWAY: Final = f"{_API}apigateway/latest/api/"
_CLOUDFRONT: Final = f"{_API}cloudfront/latest/APIReference/"
_RESOLVER: Final = f"{_API}Route53/latest/APIReference/"
_EC2: Final = f"{_API}AWSEC2/latest/APIReference/"
_BATCH: Final = f"{_API}batch/latest/APIReference/"
_FIREWALL: Final = f"{_API}network-firewall/latest/APIReference/"
_ARC: Final = f"{_API}recovery-cluster/latest/api/"
_DNS_PAGE: Final = f"{_API}Route53/latest/DeveloperGuide/DomainNameFormat.html"
_HTTP_API: Final = f"{_API}apigatewayv2/latest/api-reference/"

TAG_LONGEST: Final = 256
TAG_PAGE: Final = f"{_API}tag-editor/latest/userguide/tagging.html"

_LB: Final = Named("name", 32, INNER_HYPHEN, f"{_ELB}API_CreateLoadBalancer.html", shares="load balancer")
_TARGETS: Final = Named("name", 32, INNER_HYPHEN, f"{_ELB}API_CreateTargetGroup.html", shares="target group")
_CLUSTER: Final = Named(
    "cluster_identifier", 63, LETTER_HYPHEN, f"{_RDS}API_CreateDBCluster.html", shares="DB cluster", folds_case=True
)
_INSTANCE: Final = Named(
    "identifier", 63, LETTER_HYPHEN, f"{_RDS}API_CreateDBInstance.html", shares="DB instance", folds_case=True
)
_GLOBAL_CLUSTER: Final = Named(
    "global_cluster_identifier",
    255,
    Characters(r"[A-Za-z][0-9A-Za-z:._-]*", "a letter, then letters, digits and :._-"),
    f"{_RDS}API_CreateGlobalCluster.html",
    scope=Scope.ACCOUNT,
    shares="global cluster",
    folds_case=True,
)
_ALARM: Final = Named("alarm_name", 255, NO_CONTROL, f"{_CLOUDWATCH}API_PutMetricAlarm.html", shares="alarm")
_WAF_NAME: Final = Named("name", 128, WORD, f"{_WAF}API_CreateWebACL.html", within=("scope",))
_DOMAIN: Final = Named("domain_name", 255, DNS, _DNS_PAGE, shares="custom domain")
_OPENSEARCH: Final = Named(
    "domain_name",
    28,
    Characters(r"[a-z][a-z0-9-]+", "a lower-case letter, then lower-case letters, digits and -"),
    f"{_API}opensearch-service/latest/APIReference/API_CreateDomain.html",
    shortest=3,
    shares="search domain",
)
_RESOLVER_NAME: Final = Characters(r"(?!\d+$)[A-Za-z0-9_' -]+", "letters, digits, spaces and -_', not only digits")
_FIREWALL_RULES: Final = Named("name", 128, ALNUM_HYPHEN, f"{_FIREWALL}API_CreateRuleGroup.html", within=("type",))
_EVENT_NAME: Final = Characters(r"[.\-_A-Za-z0-9]+", "letters, digits and .-_")
_PARAMETER_GROUP: Final = Named(
    "name", 255, LETTER_HYPHEN, f"{_RDS}API_CreateDBParameterGroup.html", shares="DB parameter group", folds_case=True
)
_CLUSTER_PARAMETERS: Final = Named(
    "name",
    255,
    LETTER_HYPHEN,
    f"{_RDS}API_CreateDBClusterParameterGroup.html",
    shares="DB cluster parameter group",
    folds_case=True,
)
_SUBNET_GROUP: Final = Named(
    "name",
    255,
    Characters(r"(?!default$)[A-Za-z][A-Za-z0-9._ -]*", "a letter, then letters, digits, spaces and ._-"),
    f"{_RDS}API_CreateDBSubnetGroup.html",
    shares="DB subnet group",
    folds_case=True,
)

TABLE: Final[dict[str, Named]] = {
    # Storage and data
    "aws_s3_bucket": Named(
        "bucket",
        63,
        Characters(
            r"(?!xn--|sthree-|amzn-s3-demo-)(?!\d+(?:\.\d+){3}$)[a-z0-9](?:[a-z0-9-]|\.(?!\.))*[a-z0-9]"
            r"(?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)(?<!--table-s3)",
            "lower-case letters, digits, inner hyphens and single dots, without the beginnings and ends that S3 keeps",
        ),
        f"{_API}AmazonS3/latest/userguide/bucketnamingrules.html",
        shortest=3,
        scope=Scope.WORLD,
    ),
    "aws_s3_directory_bucket": Named(
        "bucket",
        63,
        LOWER_HYPHEN,
        f"{_API}AmazonS3/latest/userguide/directory-bucket-naming-rules.html",
        shortest=3,
    ),
    "aws_s3tables_table_bucket": Named(
        "name", 63, LOWER_HYPHEN, f"{_API}AmazonS3/latest/userguide/s3-tables-buckets-naming.html", shortest=3
    ),
    "aws_s3_access_point": Named(
        "name", 50, LOWER_HYPHEN, f"{_API}AmazonS3/latest/userguide/creating-access-points.html", shortest=3
    ),
    "aws_s3control_multi_region_access_point": Named(
        "details.name",
        50,
        LOWER_HYPHEN,
        f"{_API}AmazonS3/latest/userguide/multi-region-access-point-naming.html",
        shortest=3,
        scope=Scope.ACCOUNT,
    ),
    "aws_ecr_repository": Named(
        "name",
        256,
        Characters(
            r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
            "lower-case letters and digits, with single ._-/ between them",
        ),
        f"{_API}AmazonECR/latest/APIReference/API_CreateRepository.html",
        shortest=2,
    ),
    "aws_dynamodb_table": Named(
        "name", 255, WORD_DOT, f"{_API}amazondynamodb/latest/APIReference/API_CreateTable.html", shortest=3
    ),
    "aws_kinesis_stream": Named("name", 128, WORD_DOT, f"{_API}kinesis/latest/APIReference/API_CreateStream.html"),
    "aws_kinesis_firehose_delivery_stream": Named(
        "name", 64, WORD_DOT, f"{_API}firehose/latest/APIReference/API_CreateDeliveryStream.html"
    ),
    "aws_athena_workgroup": Named("name", 128, WORD_DOT, f"{_API}athena/latest/APIReference/API_CreateWorkGroup.html"),
    "aws_glue_catalog_database": Named(
        "name", 255, NO_CONTROL, f"{_API}glue/latest/webapi/API_CreateDatabase.html", folds_case=True
    ),
    "aws_glue_job": Named("name", 255, NO_CONTROL, f"{_API}glue/latest/webapi/API_CreateJob.html"),
    "aws_backup_vault": Named("name", 50, WORD, f"{_BACKUP}API_CreateBackupVault.html", shortest=2, shares="vault"),
    "aws_backup_logically_air_gapped_vault": Named(
        "name", 50, WORD, f"{_BACKUP}API_CreateLogicallyAirGappedBackupVault.html", shortest=2, shares="vault"
    ),
    "aws_backup_plan": Named("name", 50, WORD_DOT, f"{_BACKUP}API_BackupPlan.html"),
    "aws_backup_framework": Named("name", 256, LETTER_UNDERSCORE, f"{_BACKUP}API_CreateFramework.html"),
    "aws_backup_report_plan": Named("name", 256, LETTER_UNDERSCORE, f"{_BACKUP}API_CreateReportPlan.html"),
    "aws_backup_restore_testing_plan": Named(
        "name", 50, ALNUM_UNDERSCORE, f"{_BACKUP}API_RestoreTestingPlanForCreate.html"
    ),
    # Databases and caches
    "aws_rds_cluster": _CLUSTER,
    "aws_docdb_cluster": _CLUSTER,
    "aws_neptune_cluster": _CLUSTER,
    "aws_rds_cluster_instance": _INSTANCE,
    "aws_db_instance": _INSTANCE,
    "aws_docdb_cluster_instance": _INSTANCE,
    "aws_neptune_cluster_instance": _INSTANCE,
    "aws_rds_global_cluster": _GLOBAL_CLUSTER,
    "aws_docdb_global_cluster": _GLOBAL_CLUSTER,
    "aws_neptune_global_cluster": _GLOBAL_CLUSTER,
    "aws_db_parameter_group": _PARAMETER_GROUP,
    "aws_rds_cluster_parameter_group": _CLUSTER_PARAMETERS,
    "aws_docdb_cluster_parameter_group": _CLUSTER_PARAMETERS,
    "aws_neptune_cluster_parameter_group": _CLUSTER_PARAMETERS,
    "aws_db_subnet_group": _SUBNET_GROUP,
    "aws_docdb_subnet_group": _SUBNET_GROUP,
    "aws_neptune_subnet_group": _SUBNET_GROUP,
    "aws_db_option_group": Named("name", 255, LETTER_HYPHEN, f"{_RDS}API_CreateOptionGroup.html", folds_case=True),
    "aws_db_proxy": Named("name", 63, LETTER_HYPHEN, f"{_RDS}API_CreateDBProxy.html", folds_case=True),
    "aws_db_proxy_endpoint": Named(
        "db_proxy_endpoint_name", 63, LETTER_HYPHEN, f"{_RDS}API_CreateDBProxyEndpoint.html", folds_case=True
    ),
    "aws_db_event_subscription": Named("name", 254, NO_CONTROL, f"{_RDS}API_CreateEventSubscription.html"),
    "aws_elasticache_replication_group": Named(
        "replication_group_id", 40, LETTER_HYPHEN, f"{_CACHE}API_CreateReplicationGroup.html", folds_case=True
    ),
    "aws_elasticache_cluster": Named(
        "cluster_id", 50, LETTER_HYPHEN, f"{_CACHE}API_CreateCacheCluster.html", folds_case=True
    ),
    "aws_elasticache_subnet_group": Named(
        "name", 255, ALNUM_HYPHEN, f"{_CACHE}API_CreateCacheSubnetGroup.html", folds_case=True
    ),
    "aws_dax_cluster": Named(
        "cluster_name",
        20,
        LETTER_HYPHEN,
        f"{_API}amazondynamodb/latest/APIReference/API_dax_CreateCluster.html",
        folds_case=True,
    ),
    "aws_opensearch_domain": _OPENSEARCH,
    "aws_elasticsearch_domain": _OPENSEARCH,
    "aws_redshift_cluster": Named(
        "cluster_identifier",
        63,
        LETTER_HYPHEN,
        f"{_API}redshift/latest/APIReference/API_CreateCluster.html",
        folds_case=True,
    ),
    # Messages, events and schedules
    "aws_sqs_queue": Named("name", 80, FIFO, f"{_API}AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"),
    "aws_sns_topic": Named("name", 256, FIFO, f"{_API}sns/latest/api/API_CreateTopic.html"),
    "aws_cloudwatch_event_bus": Named("name", 256, _EVENT_NAME, f"{_EVENTS}API_CreateEventBus.html"),
    "aws_cloudwatch_event_rule": Named(
        "name", 64, _EVENT_NAME, f"{_EVENTS}API_PutRule.html", within=("event_bus_name",)
    ),
    "aws_cloudwatch_event_archive": Named("name", 48, _EVENT_NAME, f"{_EVENTS}API_CreateArchive.html"),
    "aws_cloudwatch_event_connection": Named("name", 64, _EVENT_NAME, f"{_EVENTS}API_CreateConnection.html"),
    "aws_cloudwatch_event_api_destination": Named("name", 64, _EVENT_NAME, f"{_EVENTS}API_CreateApiDestination.html"),
    "aws_cloudwatch_event_endpoint": Named("name", 64, _EVENT_NAME, f"{_EVENTS}API_CreateEndpoint.html"),
    "aws_scheduler_schedule": Named(
        "name", 64, WORD_DOT, f"{_SCHEDULER}API_CreateSchedule.html", within=("group_name",)
    ),
    "aws_scheduler_schedule_group": Named("name", 64, WORD_DOT, f"{_SCHEDULER}API_CreateScheduleGroup.html"),
    "aws_pipes_pipe": Named("name", 64, _EVENT_NAME, f"{_API}eventbridge/latest/pipes-reference/API_CreatePipe.html"),
    "aws_mq_broker": Named("broker_name", 50, WORD, f"{_API}amazon-mq/latest/api-reference/brokers.html"),
    "aws_msk_cluster": Named("cluster_name", 64, ANY, f"{_API}msk/1.0/apireference/clusters.html"),
    "aws_sesv2_configuration_set": Named(
        "configuration_set_name", 64, WORD, f"{_API}ses/latest/APIReference-V2/API_CreateConfigurationSet.html"
    ),
    # Code and workflows
    "aws_lambda_function": Named("function_name", 64, WORD, f"{_API}lambda/latest/api/API_CreateFunction.html"),
    "aws_lambda_layer_version": Named("layer_name", 140, WORD, f"{_API}lambda/latest/api/API_PublishLayerVersion.html"),
    "aws_sfn_state_machine": Named(
        "name", 80, WORD, f"{_API}step-functions/latest/apireference/API_CreateStateMachine.html"
    ),
    "aws_sfn_activity": Named("name", 80, WORD, f"{_API}step-functions/latest/apireference/API_CreateActivity.html"),
    "aws_signer_signing_profile": Named(
        "name", 64, ALNUM_UNDERSCORE, f"{_API}signer/latest/api/API_PutSigningProfile.html", shortest=2
    ),
    "aws_ecs_cluster": Named("name", 255, WORD, f"{_ECS}API_CreateCluster.html"),
    "aws_ecs_service": Named("name", 255, WORD, f"{_ECS}API_CreateService.html", within=("cluster",)),
    "aws_ecs_task_definition": Named("family", 255, WORD, f"{_ECS}API_RegisterTaskDefinition.html"),
    "aws_eks_cluster": Named(
        "name",
        100,
        Characters(r"[0-9A-Za-z][A-Za-z0-9_-]*", "a letter or digit, then letters, digits, - and _"),
        f"{_API}eks/latest/APIReference/API_CreateCluster.html",
    ),
    "aws_batch_job_queue": Named("name", 128, WORD, f"{_BATCH}API_CreateJobQueue.html"),
    "aws_batch_job_definition": Named("name", 128, WORD, f"{_BATCH}API_RegisterJobDefinition.html"),
    "aws_batch_compute_environment": Named(
        "compute_environment_name", 128, WORD, f"{_BATCH}API_CreateComputeEnvironment.html"
    ),
    "aws_autoscaling_group": Named(
        "name",
        255,
        Characters(r"[!-9;-~]+", "visible ASCII characters but :"),
        f"{_API}autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html",
    ),
    "aws_launch_template": Named(
        "name",
        128,
        Characters(r"[A-Za-z0-9().\-/_]+", "letters, digits and ().-/_"),
        f"{_EC2}API_CreateLaunchTemplate.html",
        shortest=3,
    ),
    "aws_key_pair": Named("key_name", 255, NO_CONTROL, f"{_EC2}API_CreateKeyPair.html"),
    "aws_codebuild_project": Named(
        "name",
        150,
        Characters(r"[A-Za-z0-9][A-Za-z0-9_-]+", "a letter or digit, then letters, digits, - and _"),
        f"{_API}codebuild/latest/APIReference/API_CreateProject.html",
        shortest=2,
    ),
    "aws_codepipeline": Named(
        "name",
        100,
        Characters(r"[A-Za-z0-9.@_-]+", "letters, digits and .@-_"),
        f"{_API}codepipeline/latest/APIReference/API_PipelineDeclaration.html",
    ),
    "aws_cloudformation_stack": Named(
        "name",
        128,
        Characters(r"[A-Za-z][A-Za-z0-9-]*", "a letter, then letters, digits and -"),
        f"{_API}AWSCloudFormation/latest/APIReference/API_CreateStack.html",
    ),
    # Ways in
    "aws_lb": _LB,
    "aws_alb": _LB,
    "aws_elb": _LB,
    "aws_lb_target_group": _TARGETS,
    "aws_alb_target_group": _TARGETS,
    "aws_lb_trust_store": Named("name", 32, INNER_HYPHEN, f"{_ELB}API_CreateTrustStore.html"),
    "aws_api_gateway_rest_api": Named(
        # The API documents no limit; the console takes 1,024 characters.
        "name",
        1024,
        NO_CONTROL,
        f"{_APIGATEWAY}API_CreateRestApi.html",
    ),
    "aws_api_gateway_stage": Named(
        "stage_name", 128, WORD, f"{_APIGATEWAY}API_CreateStage.html", within=("rest_api_id",)
    ),
    "aws_apigatewayv2_api": Named("name", 128, NO_CONTROL, f"{_HTTP_API}apis.html"),
    "aws_apigatewayv2_stage": Named(
        "name",
        128,
        Characters(r"\$default|[A-Za-z0-9_-]+", "letters, digits, - and _"),
        f"{_HTTP_API}apis-apiid-stages.html",
        within=("api_id",),
    ),
    "aws_api_gateway_domain_name": _DOMAIN,
    "aws_apigatewayv2_domain_name": _DOMAIN,
    "aws_cloudfront_function": Named("name", 64, WORD, f"{_CLOUDFRONT}API_CreateFunction.html", scope=Scope.ACCOUNT),
    "aws_cloudfront_cache_policy": Named(
        "name", 128, WORD, f"{_CLOUDFRONT}API_CachePolicyConfig.html", scope=Scope.ACCOUNT
    ),
    "aws_cloudfront_origin_request_policy": Named(
        "name", 128, WORD, f"{_CLOUDFRONT}API_OriginRequestPolicyConfig.html", scope=Scope.ACCOUNT
    ),
    "aws_cloudfront_origin_access_control": Named(
        "name", 64, NO_CONTROL, f"{_CLOUDFRONT}API_OriginAccessControlConfig.html", scope=Scope.ACCOUNT
    ),
    "aws_globalaccelerator_accelerator": Named(
        "name",
        64,
        Characters(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", "letters, digits, and inner hyphens and dots"),
        f"{_API}global-accelerator/latest/api/API_CreateAccelerator.html",
        scope=Scope.ACCOUNT,
    ),
    "aws_wafv2_web_acl": _WAF_NAME,
    "aws_wafv2_ip_set": _WAF_NAME,
    "aws_wafv2_rule_group": _WAF_NAME,
    "aws_wafv2_regex_pattern_set": _WAF_NAME,
    "aws_networkfirewall_firewall": Named("name", 128, ALNUM_HYPHEN, f"{_FIREWALL}API_CreateFirewall.html"),
    "aws_networkfirewall_firewall_policy": Named(
        "name", 128, ALNUM_HYPHEN, f"{_FIREWALL}API_CreateFirewallPolicy.html"
    ),
    "aws_networkfirewall_rule_group": _FIREWALL_RULES,
    # Names in the domain name system
    "aws_route53_zone": Named("name", 255, DNS, _DNS_PAGE, scope=Scope.ACCOUNT, within=("vpc",), folds_case=True),
    "aws_route53_record": Named(
        "name",
        255,
        DNS,
        _DNS_PAGE,
        scope=Scope.ACCOUNT,
        within=("zone_id", "type", "set_identifier"),
        folds_case=True,
    ),
    "aws_acm_certificate": Named(
        # The common name of a certificate; two certificates may well be for the same name.
        "domain_name",
        64,
        DNS,
        f"{_API}acm/latest/APIReference/API_RequestCertificate.html",
        scope=Scope.NONE,
    ),
    "aws_service_discovery_private_dns_namespace": Named("name", 253, DNS, _DNS_PAGE, within=("vpc",)),
    "aws_service_discovery_public_dns_namespace": Named("name", 253, DNS, _DNS_PAGE),
    "aws_route53_resolver_endpoint": Named(
        "name", 64, _RESOLVER_NAME, f"{_RESOLVER}API_route53resolver_CreateResolverEndpoint.html"
    ),
    "aws_route53_resolver_rule": Named(
        "name", 64, _RESOLVER_NAME, f"{_RESOLVER}API_route53resolver_CreateResolverRule.html"
    ),
    "aws_route53_resolver_firewall_rule_group": Named(
        "name", 64, _RESOLVER_NAME, f"{_RESOLVER}API_route53resolver_CreateFirewallRuleGroup.html"
    ),
    "aws_route53_resolver_firewall_domain_list": Named(
        "name", 64, _RESOLVER_NAME, f"{_RESOLVER}API_route53resolver_CreateFirewallDomainList.html"
    ),
    "aws_route53_resolver_query_log_config": Named(
        "name", 64, _RESOLVER_NAME, f"{_RESOLVER}API_route53resolver_CreateResolverQueryLogConfig.html"
    ),
    "aws_route53recoverycontrolconfig_cluster": Named(
        "name", 64, Characters(r"\S+", "no spaces"), f"{_ARC}cluster.html", scope=Scope.ACCOUNT
    ),
    "aws_route53recoverycontrolconfig_control_panel": Named(
        "name", 64, Characters(r"\S+", "no spaces"), f"{_ARC}controlpanel.html", scope=Scope.ACCOUNT
    ),
    # Identity, keys and secrets
    "aws_iam_role": Named("name", 64, IAM, f"{_IAM}API_CreateRole.html", scope=Scope.ACCOUNT, folds_case=True),
    "aws_iam_policy": Named("name", 128, IAM, f"{_IAM}API_CreatePolicy.html", scope=Scope.ACCOUNT, folds_case=True),
    "aws_iam_user": Named("name", 64, IAM, f"{_IAM}API_CreateUser.html", scope=Scope.ACCOUNT, folds_case=True),
    "aws_iam_group": Named("name", 128, IAM, f"{_IAM}API_CreateGroup.html", scope=Scope.ACCOUNT, folds_case=True),
    "aws_iam_instance_profile": Named(
        "name", 128, IAM, f"{_IAM}API_CreateInstanceProfile.html", scope=Scope.ACCOUNT, folds_case=True
    ),
    "aws_iam_role_policy": Named(
        "name", 128, IAM, f"{_IAM}API_PutRolePolicy.html", scope=Scope.ACCOUNT, within=("role",)
    ),
    "aws_iam_user_policy": Named(
        "name", 128, IAM, f"{_IAM}API_PutUserPolicy.html", scope=Scope.ACCOUNT, within=("user",)
    ),
    "aws_iam_group_policy": Named(
        "name", 128, IAM, f"{_IAM}API_PutGroupPolicy.html", scope=Scope.ACCOUNT, within=("group",)
    ),
    "aws_iam_saml_provider": Named(
        "name",
        128,
        Characters(r"[\w._-]+", "letters, digits and ._-"),
        f"{_IAM}API_CreateSAMLProvider.html",
        scope=Scope.ACCOUNT,
    ),
    "aws_iam_server_certificate": Named(
        "name", 128, IAM, f"{_IAM}API_UploadServerCertificate.html", scope=Scope.ACCOUNT
    ),
    "aws_kms_alias": Named(
        "name",
        256,
        Characters(r"alias/(?!aws/)[A-Za-z0-9/_-]+", "alias/, then letters, digits and /_-, but not aws/"),
        f"{_API}kms/latest/APIReference/API_CreateAlias.html",
    ),
    "aws_secretsmanager_secret": Named(
        "name",
        512,
        Characters(r"[A-Za-z0-9/_+=.@-]+", "letters, digits and /_+=.@-"),
        f"{_API}secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    "aws_cognito_user_pool": Named(
        # Two pools may have the same name; people who look for one would not know which.
        "name",
        128,
        Characters(r"[\w\s+=,.@-]+", "letters, digits, spaces and _+=,.@-"),
        f"{_API}cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html",
    ),
    "aws_accessanalyzer_analyzer": Named(
        "analyzer_name",
        255,
        Characters(r"[A-Za-z][A-Za-z0-9_.-]*", "a letter, then letters, digits and _.-"),
        f"{_API}access-analyzer/latest/APIReference/API_CreateAnalyzer.html",
    ),
    # Network
    "aws_security_group": Named(
        "name",
        255,
        Characters(
            r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+",
            "letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, and no sg- at the beginning",
        ),
        f"{_EC2}API_CreateSecurityGroup.html",
        within=("vpc_id",),
    ),
    "aws_ec2_managed_prefix_list": Named(
        "name",
        255,
        Characters(r"(?!com\.amazonaws).+", "no com.amazonaws at the beginning"),
        f"{_EC2}API_CreateManagedPrefixList.html",
    ),
    "aws_placement_group": Named("name", 255, NO_CONTROL, f"{_EC2}API_CreatePlacementGroup.html"),
    # Watching
    "aws_cloudwatch_log_group": Named(
        "name",
        512,
        Characters(r"[.\-_/#A-Za-z0-9]+", "letters, digits and .-_/#"),
        f"{_LOGS}API_CreateLogGroup.html",
    ),
    "aws_cloudwatch_log_destination": Named(
        "name", 512, Characters(r"[^:*]+", "anything but : and *"), f"{_LOGS}API_PutDestination.html"
    ),
    "aws_cloudwatch_log_resource_policy": Named("policy_name", 255, NO_CONTROL, f"{_LOGS}API_PutResourcePolicy.html"),
    "aws_cloudwatch_query_definition": Named("name", 255, ANY, f"{_LOGS}API_PutQueryDefinition.html"),
    "aws_cloudwatch_metric_alarm": _ALARM,
    "aws_cloudwatch_composite_alarm": _ALARM,
    "aws_cloudwatch_dashboard": Named(
        # Dashboards have no region: https://docs.aws.amazon.com/service-authorization/latest/reference/
        "dashboard_name",
        255,
        WORD,
        f"{_CLOUDWATCH}API_PutDashboard.html",
        scope=Scope.ACCOUNT,
    ),
    "aws_cloudwatch_metric_stream": Named("name", 255, WORD, f"{_CLOUDWATCH}API_PutMetricStream.html"),
    "aws_synthetics_canary": Named(
        "name",
        255,
        Characters(r"[0-9a-z_-]+", "lower-case letters, digits, - and _"),
        f"{_API}AmazonSynthetics/latest/APIReference/API_CreateCanary.html",
    ),
    "aws_xray_group": Named("group_name", 32, NO_CONTROL, f"{_API}xray/latest/api/API_CreateGroup.html"),
    "aws_xray_sampling_rule": Named("rule_name", 32, NO_CONTROL, f"{_API}xray/latest/api/API_SamplingRule.html"),
    "aws_resourcegroups_group": Named(
        "name",
        300,
        Characters(r"(?![Aa][Ww][Ss])[A-Za-z0-9_.-]+", "letters, digits and _.-, and no aws at the beginning"),
        f"{_API}ARG/latest/APIReference/API_CreateGroup.html",
    ),
    "aws_cloudtrail": Named(
        "name",
        128,
        Characters(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*", "letters and digits, with single ._- between them"),
        f"{_API}awscloudtrail/latest/APIReference/API_CreateTrail.html",
        shortest=3,
    ),
    "aws_config_config_rule": Named("name", 128, ANY, f"{_API}config/latest/APIReference/API_ConfigRule.html"),
    "aws_budgets_budget": Named(
        "name",
        100,
        Characters(r"(?!.*/action/)[^:\\]+", "anything but :, \\ and /action/"),
        f"{_API}aws-cost-management/latest/APIReference/API_budgets_Budget.html",
        scope=Scope.ACCOUNT,
    ),
    "aws_chatbot_slack_channel_configuration": Named(
        "configuration_name",
        128,
        WORD,
        f"{_API}chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html",
        scope=Scope.ACCOUNT,
    ),
    # Parameters and documents
    "aws_ssm_parameter": Named(
        "name",
        1011,
        Characters(
            r"(?!/?(?:[Aa][Ww][Ss]|[Ss][Ss][Mm]))(?:[A-Za-z0-9_.-]+|(?:/[A-Za-z0-9_.-]+){1,15})",
            "letters, digits and _.-, in up to 15 levels that each begin with /, the first not with aws or ssm",
        ),
        f"{_API}systems-manager/latest/APIReference/API_PutParameter.html",
    ),
    "aws_ssm_document": Named(
        "name", 128, WORD_DOT, f"{_API}systems-manager/latest/APIReference/API_CreateDocument.html", shortest=3
    ),
    "aws_ssm_maintenance_window": Named(
        "name",
        128,
        WORD_DOT,
        f"{_API}systems-manager/latest/APIReference/API_CreateMaintenanceWindow.html",
        shortest=3,
    ),
    "aws_appconfig_application": Named(
        "name", 64, ANY, f"{_API}appconfig/2019-10-09/APIReference/API_CreateApplication.html"
    ),
}
"""By Terraform type. A type that is not here and has a ``name`` is judged too, but for its length and characters."""

PARTS: Final = frozenset({
    "aws_account_alternate_contact", "aws_api_gateway_authorizer", "aws_api_gateway_model",
    "aws_api_gateway_request_validator", "aws_apigatewayv2_authorizer", "aws_apigatewayv2_model",
    "aws_app_cookie_stickiness_policy", "aws_appautoscaling_policy", "aws_appautoscaling_scheduled_action",
    "aws_appconfig_configuration_profile", "aws_appconfig_environment", "aws_appsync_datasource",
    "aws_appsync_function", "aws_autoscaling_lifecycle_hook", "aws_autoscaling_policy",
    "aws_backup_restore_testing_selection", "aws_backup_selection", "aws_cloudwatch_log_metric_filter",
    "aws_cloudwatch_log_stream", "aws_cloudwatch_log_subscription_filter", "aws_cognito_resource_server",
    "aws_cognito_user_group", "aws_cognito_user_pool_client", "aws_config_configuration_recorder_status",
    "aws_ecr_account_setting", "aws_ecs_account_setting_default", "aws_glue_catalog_table",
    "aws_glue_user_defined_function", "aws_guardduty_detector_feature", "aws_guardduty_filter",
    "aws_guardduty_ipset", "aws_guardduty_member_detector_feature",
    "aws_guardduty_organization_configuration_feature", "aws_guardduty_threatintelset", "aws_iam_group_membership",
    "aws_iam_policy_attachment", "aws_kms_grant", "aws_lambda_alias", "aws_lb_cookie_stickiness_policy",
    "aws_lb_ssl_negotiation_policy", "aws_organizations_account", "aws_organizations_organizational_unit",
    "aws_prometheus_rule_group_namespace", "aws_route53_cidr_location", "aws_route53_key_signing_key",
    "aws_route53_resolver_firewall_rule", "aws_route53_resolver_firewall_rule_group_association",
    "aws_route53_resolver_rule_association", "aws_route53recoverycontrolconfig_routing_control",
    "aws_route53recoverycontrolconfig_safety_rule", "aws_s3_bucket_analytics_configuration",
    "aws_s3_bucket_intelligent_tiering_configuration", "aws_s3_bucket_inventory", "aws_s3_bucket_metric",
    "aws_s3control_object_lambda_access_point_policy", "aws_s3tables_table", "aws_s3tables_table_policy",
    "aws_ses_event_destination", "aws_ses_identity_policy", "aws_ses_receipt_rule", "aws_sfn_alias",
    "aws_ssm_maintenance_window_target", "aws_ssm_maintenance_window_task", "aws_vpclattice_listener",
    "aws_vpclattice_listener_rule",
})  # fmt: skip
"""Types whose ``name`` is none of its own in account and region: it names a part of something that has one, or refers
to something."""
