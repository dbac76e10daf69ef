"""The metrics that AWS services emit, with their dimensions, as AWS documents them.

A namespace's page stands beside its table. Dimensions are a *set*: CloudWatch keeps one series per combination, and an
alarm on a combination that is not emitted never sees a data point. A namespace that is not here is unknown, not fine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.model.regions import HEALTH_METRICS

MINUTE: Final = 60
FIVE_MINUTES: Final = 300
HALF_A_DAY: Final = 43_200
DAY: Final = 86_400


@dataclass(frozen=True)
class Emitted:
    """How a service emits a metric.

    ``dimensions`` are the combinations that exist; ``every`` is how often at most, in seconds. A ``steady`` metric has
    data as long as what it tells of works, so that silence is itself a sign of failure.
    """

    dimensions: frozenset[frozenset[str]]
    every: int = MINUTE
    steady: bool = False


def _emitted(names: str, *dimensions: str, every: int = MINUTE, steady: bool = False) -> Iterator[tuple[str, Emitted]]:
    """Several metrics (by name, separated by spaces) that are emitted alike; each argument is one combination."""
    kind = Emitted(frozenset(frozenset(combination.split()) for combination in dimensions), every, steady)
    for name in names.split():
        yield name, kind


_FUNCTION: Final = ("", "FunctionName", "FunctionName Resource", "FunctionName Resource ExecutedVersion")

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
LAMBDA: Final = dict(
    (
        *_emitted(
            "Invocations Errors DeadLetterErrors DestinationDeliveryFailures Throttles Duration "
            "PostRuntimeExtensionsDuration IteratorAge OffsetLag ConcurrentExecutions AsyncEventsReceived "
            "AsyncEventAge AsyncEventsDropped RecursiveInvocationsDropped ProvisionedConcurrencyInvocations "
            "ProvisionedConcurrencySpilloverInvocations ProvisionedConcurrentExecutions "
            "ProvisionedConcurrencyUtilization",
            *_FUNCTION,
        ),
        *_emitted("UnreservedConcurrentExecutions ClaimedAccountConcurrency", ""),
        *_emitted(
            "PolledEventCount FilteredOutEventCount InvokedEventCount FailedInvokeEventCount DroppedEventCount "
            "DeletedEventCount OnFailureDestinationDeliveredEventCount",
            "EventSourceMappingUUID",
        ),
    )
)

_REST: Final = ("ApiName", "ApiName Stage", "ApiName Method Resource Stage")
_HTTP: Final = ("ApiId", "ApiId Stage", "ApiId Method Resource Stage")

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
API_GATEWAY: Final = dict(
    (
        *_emitted("4XXError 5XXError CacheHitCount CacheMissCount", *_REST),
        *_emitted("4xx 5xx DataProcessed", *_HTTP),
        *_emitted("Count Latency IntegrationLatency", *_REST, *_HTTP),
    )
)

_TABLE: Final = ("TableName", "TableName GlobalSecondaryIndexName")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html: those that are aggregated
# over one minute are listed there, "for all other DynamoDB metrics, the aggregation granularity is five minutes".
DYNAMODB: Final = dict(
    (
        *_emitted("ConditionalCheckFailedRequests TimeToLiveDeletedItemCount TransactionConflict", "TableName"),
        *_emitted(
            "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits ReadThrottleEvents WriteThrottleEvents "
            "ReadAccountLimitThrottleEvents ReadKeyRangeThroughputThrottleEvents "
            "ReadMaxOnDemandThroughputThrottleEvents ReadProvisionedThroughputThrottleEvents "
            "WriteAccountLimitThrottleEvents WriteKeyRangeThroughputThrottleEvents "
            "WriteMaxOnDemandThroughputThrottleEvents WriteProvisionedThroughputThrottleEvents",
            *_TABLE,
        ),
        *_emitted("ThrottledRequests ReturnedItemCount", "TableName Operation"),
        *_emitted("SuccessfulRequestLatency SystemErrors", "TableName Operation", "TableName Operation StreamLabel"),
        *_emitted("ReturnedBytes ReturnedRecordsCount", "TableName Operation StreamLabel"),
        *_emitted("UserErrors", ""),
        *_emitted("ReplicationLatency PendingReplicationCount", "TableName ReceivingRegion", every=FIVE_MINUTES),
        *_emitted(
            "ProvisionedReadCapacityUnits ProvisionedWriteCapacityUnits OnDemandMaxReadRequestUnits "
            "OnDemandMaxWriteRequestUnits",
            *_TABLE,
            every=FIVE_MINUTES,
        ),
        *_emitted(
            "OnlineIndexConsumedWriteCapacity OnlineIndexPercentageProgress OnlineIndexThrottleEvents",
            "TableName GlobalSecondaryIndexName",
            every=FIVE_MINUTES,
        ),
        *_emitted(
            "AccountMaxReads AccountMaxTableLevelReads AccountMaxTableLevelWrites AccountMaxWrites "
            "AccountProvisionedReadCapacityUtilization AccountProvisionedWriteCapacityUtilization "
            "MaxProvisionedTableReadCapacityUtilization MaxProvisionedTableWriteCapacityUtilization",
            "",
            every=FIVE_MINUTES,
        ),
        *_emitted("AgeOfOldestUnreplicatedRecord", "TableName DelegatedOperation", every=FIVE_MINUTES),
    )
)

_INSTANCE: Final = (
    "", "DBInstanceIdentifier", "DBClusterIdentifier", "DBClusterIdentifier Role", "DatabaseClass", "EngineName",
)  # fmt: skip

# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/dimensions.html
RDS: Final = dict(
    (
        *_emitted(
            "AuroraGlobalDBReplicationLag AuroraGlobalDBRPOLag AuroraGlobalDBProgressLag",
            "DBClusterIdentifier SourceRegion",
            "DBClusterIdentifier",
            "SourceRegion",
            steady=True,
        ),
        *_emitted(
            "AuroraGlobalDBDataTransferBytes AuroraGlobalDBReplicatedWriteIO",
            "DBClusterIdentifier SourceRegion",
            "DBClusterIdentifier",
            "SourceRegion",
        ),
        *_emitted(
            "VolumeBytesUsed VolumeReadIOPs VolumeWriteIOPs BackupRetentionPeriodStorageUsed SnapshotStorageUsed "
            "TotalBackupStorageBilled AuroraVolumeBytesLeftTotal",
            "DBClusterIdentifier",
            "DBClusterIdentifier EngineName",
            "EngineName",
            every=FIVE_MINUTES,
        ),
        *_emitted(
            "ACUUtilization AuroraReplicaLag AuroraReplicaLagMaximum AuroraReplicaLagMinimum BufferCacheHitRatio "
            "BurstBalance CommitLatency CommitThroughput CPUUtilization DatabaseConnections DBLoad DBLoadCPU "
            "DBLoadNonCPU Deadlocks DiskQueueDepth EngineUptime FreeableMemory FreeLocalStorage FreeStorageSpace "
            "MaximumUsedTransactionIDs NetworkReceiveThroughput NetworkThroughput NetworkTransmitThroughput "
            "OldestReplicationSlotLag ReadIOPS ReadLatency ReadThroughput ReplicaLag ReplicationSlotDiskUsage "
            "ServerlessDatabaseCapacity StorageNetworkReceiveThroughput StorageNetworkThroughput "
            "StorageNetworkTransmitThroughput SwapUsage TempStorageIOPS TempStorageThroughput TransactionLogsDiskUsage "
            "WriteIOPS WriteLatency WriteThroughput",
            *_INSTANCE,
        ),
        *_emitted("CPUCreditBalance CPUCreditUsage", *_INSTANCE, every=FIVE_MINUTES),
    )
)

# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
ROUTE53: Final = dict(
    (
        *_emitted("HealthCheckStatus HealthCheckPercentageHealthy", "HealthCheckId", steady=True),
        *_emitted("ChildHealthCheckHealthyCount", "HealthCheckId", steady=True),
        *_emitted("ConnectionTime SSLHandshakeTime TimeToFirstByte", "HealthCheckId", "HealthCheckId Region"),
        *_emitted("DNSQueries", "HostedZoneId"),
    )
)

# https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html: twice a day, until the certificate expires.
CERTIFICATE_MANAGER: Final = dict(_emitted("DaysToExpiry", "CertificateArn", every=HALF_A_DAY, steady=True))

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
SQS: Final = dict(
    _emitted(
        "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible "
        "ApproximateNumberOfMessagesVisible ApproximateNumberOfGroupsWithInflightMessages NumberOfEmptyReceives "
        "NumberOfDeduplicatedSentMessages NumberOfMessagesDeleted NumberOfMessagesReceived NumberOfMessagesSent "
        "SentMessageSize",
        "QueueName",
    )
)

# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
SNS: Final = dict(
    (
        *_emitted(
            "NumberOfMessagesPublished NumberOfNotificationsDelivered NumberOfNotificationsFailed "
            "NumberOfNotificationsFilteredOut NumberOfNotificationsFilteredOut-InvalidAttributes "
            "NumberOfNotificationsFilteredOut-NoMessageAttributes NumberOfNotificationsRedrivenToDlq "
            "NumberOfNotificationsFailedToRedriveToDlq PublishSize",
            "TopicName",
        ),
        *_emitted("SMSMonthToDateSpentUSD", ""),
        *_emitted("SMSSuccessRate", "", "SMSType", "Country", "Country SMSType"),
    )
)

_MACHINE: Final = ("StateMachineArn", "StateMachineArn Alias", "StateMachineArn Version")

# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
STATES: Final = dict(
    (
        *_emitted(
            "ExecutionTime ExecutionThrottled ExecutionsAborted ExecutionsFailed ExecutionsStarted ExecutionsSucceeded "
            "ExecutionsTimedOut",
            *_MACHINE,
        ),
        *_emitted(
            "LambdaFunctionRunTime LambdaFunctionScheduleTime LambdaFunctionTime LambdaFunctionsFailed "
            "LambdaFunctionsScheduled LambdaFunctionsStarted LambdaFunctionsSucceeded LambdaFunctionsTimedOut",
            "LambdaFunctionArn",
        ),
        *_emitted(
            "ServiceIntegrationRunTime ServiceIntegrationScheduleTime ServiceIntegrationTime ServiceIntegrationsFailed "
            "ServiceIntegrationsScheduled ServiceIntegrationsStarted ServiceIntegrationsSucceeded "
            "ServiceIntegrationsTimedOut",
            "ServiceIntegrationResourceArn",
        ),
        *_emitted(
            "ThrottledEvents ProvisionedBucketSize ProvisionedRefillRate ConsumedCapacity",
            "ServiceMetric",
            "APIName",
            "StateTransition",
        ),
    )
)

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
S3: Final = dict(
    (
        *_emitted("BucketSizeBytes NumberOfObjects", "BucketName StorageType", every=DAY),
        *_emitted(
            "AllRequests GetRequests PutRequests DeleteRequests HeadRequests PostRequests SelectRequests "
            "SelectBytesScanned SelectBytesReturned ListRequests BytesDownloaded BytesUploaded 4xxErrors 5xxErrors "
            "FirstByteLatency TotalRequestLatency",
            "BucketName FilterId",
        ),
        *_emitted(
            "ReplicationLatency BytesPendingReplication OperationsPendingReplication OperationsFailedReplication",
            "SourceBucket DestinationBucket RuleId",
        ),
    )
)

_BALANCER: Final = ("LoadBalancer", "LoadBalancer AvailabilityZone")
_GROUP: Final = ("LoadBalancer TargetGroup", "LoadBalancer TargetGroup AvailabilityZone")

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
APPLICATION_ELB: Final = dict(
    (
        *_emitted(
            "ActiveConnectionCount ClientTLSNegotiationErrorCount ConsumedLCUs NewConnectionCount ProcessedBytes "
            "DesyncMitigationMode_NonCompliant_Request_Count",
            *_BALANCER,
        ),
        *_emitted(
            "HTTPCode_ELB_3XX_Count HTTPCode_ELB_4XX_Count HTTPCode_ELB_5XX_Count HTTPCode_ELB_500_Count "
            "HTTPCode_ELB_502_Count HTTPCode_ELB_503_Count HTTPCode_ELB_504_Count RejectedConnectionCount",
            *_BALANCER,
        ),
        *_emitted(
            "HTTPCode_Target_2XX_Count HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count HTTPCode_Target_5XX_Count "
            "RequestCount TargetConnectionErrorCount TargetResponseTime TargetTLSNegotiationErrorCount",
            *_BALANCER,
            *_GROUP,
        ),
        *_emitted("HealthyHostCount UnHealthyHostCount", *_GROUP, steady=True),
        *_emitted("LambdaInternalError LambdaUserError RequestCountPerTarget", "TargetGroup", *_GROUP),
    )
)

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
EVENTS: Final = dict(
    (
        *_emitted(
            "DeadLetterInvocations FailedInvocations IngestionToInvocationStartLatency "
            "IngestionToInvocationSuccessLatency Invocations InvocationAttempts InvocationsCreated "
            "InvocationsFailedToBeSentToDlq InvocationsSentToDlq MatchedEvents RetryInvocationAttempts "
            "SuccessfulInvocationAttempts ThrottledRules TriggeredRules",
            "",
            "RuleName",
            "EventBusName",
            "EventBusName RuleName",
        ),
        *_emitted("Events", "EventSourceName"),
    )
)

# https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html: every five minutes.
BACKUP: Final = dict(
    _emitted(
        "NumberOfBackupJobsCreated NumberOfBackupJobsPending NumberOfBackupJobsRunning NumberOfBackupJobsAborted "
        "NumberOfBackupJobsCompleted NumberOfBackupJobsFailed NumberOfBackupJobsExpired NumberOfCopyJobsCreated "
        "NumberOfCopyJobsRunning NumberOfCopyJobsCompleted NumberOfCopyJobsFailed NumberOfRestoreJobsPending "
        "NumberOfRestoreJobsRunning NumberOfRestoreJobsCompleted NumberOfRestoreJobsFailed "
        "NumberOfRecoveryPointsCompleted NumberOfRecoveryPointsPartial NumberOfRecoveryPointsExpired "
        "NumberOfRecoveryPointsDeleting NumberOfRecoveryPointsCold",
        "BackupVaultName",
        "ResourceType",
        "BackupVaultName ResourceType",
        every=FIVE_MINUTES,
    )
)

# https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html
NAT_GATEWAY: Final = dict(
    _emitted(
        "ActiveConnectionCount BytesInFromDestination BytesInFromSource BytesOutToDestination BytesOutToSource "
        "ConnectionAttemptCount ConnectionEstablishedCount ErrorPortAllocation IdleTimeoutCount PacketsDropCount "
        "PacketsInFromDestination PacketsInFromSource PacketsOutToDestination PacketsOutToSource PeakBytesPerSecond "
        "PeakPacketsPerSecond",
        "NatGatewayId",
    )
)

# https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
WAFV2: Final = dict(
    _emitted(
        "AllowedRequests BlockedRequests CountedRequests PassedRequests",
        "WebACL Region Rule",
        "RuleGroup Region Rule",
        "WebACL Region Country",
        "WebACL Region Attack",
        "WebACL Region Device",
    )
)

SERVICES: Final[Mapping[str, Mapping[str, Emitted]]] = {
    "AWS/ApiGateway": API_GATEWAY,
    "AWS/ApplicationELB": APPLICATION_ELB,
    "AWS/Backup": BACKUP,
    "AWS/CertificateManager": CERTIFICATE_MANAGER,
    "AWS/DynamoDB": DYNAMODB,
    "AWS/Events": EVENTS,
    "AWS/Lambda": LAMBDA,
    "AWS/NATGateway": NAT_GATEWAY,
    "AWS/RDS": RDS,
    "AWS/Route53": ROUTE53,
    "AWS/S3": S3,
    "AWS/SNS": SNS,
    "AWS/SQS": SQS,
    "AWS/States": STATES,
    "AWS/WAFV2": WAFV2,
}

ONLY_IN: Final[Mapping[str, str]] = {"AWS/Route53": HEALTH_METRICS}
"""Namespaces that one region has for all: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html"""


def emitted(namespace: str | None, name: str | None) -> Emitted | None:
    """How AWS emits a metric; None if it emits none of that name."""
    return SERVICES.get(namespace or "", {}).get(name or "")
