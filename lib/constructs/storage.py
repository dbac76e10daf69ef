"""Buckets that exist in both regions, each the replica of the other."""

from __future__ import annotations

from typing import Final

from cdktf_cdktf_provider_aws.s3_bucket_replication_configuration import (
    S3BucketReplicationConfigurationA,
    S3BucketReplicationConfigurationRule,
    S3BucketReplicationConfigurationRuleDeleteMarkerReplication,
    S3BucketReplicationConfigurationRuleDestination,
    S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration,
    S3BucketReplicationConfigurationRuleDestinationMetrics,
    S3BucketReplicationConfigurationRuleDestinationMetricsEventThreshold,
    S3BucketReplicationConfigurationRuleDestinationReplicationTime,
    S3BucketReplicationConfigurationRuleDestinationReplicationTimeTime,
    S3BucketReplicationConfigurationRuleFilter,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteria,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteriaReplicaModifications,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects,
)
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.bucket import AccessLogs, Bucket
from lib.constructs.context import RegionContext
from lib.constructs.keys import PlatformKey
from lib.constructs.policy import Grantee
from lib.constructs.role import ServiceRole

ARCHIVED_DAYS: Final = 90
REPLICATED_MINUTES: Final = 15
"""The only value that S3 takes, and what it answers for.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
"""

RULE_ID: Final = "everything"
ENABLED: Final = "Enabled"


class ReplicatedBucket(Construct):
    """A bucket in each region. Whatever is written, changed or deleted in one is so in the other within 15 minutes.

    A version that somebody deletes by its id is deleted in that region only: S3 never replicates that.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        primary: RegionContext,
        standby: RegionContext,
        key: PlatformKey,
        resource: str,
    ) -> None:
        super().__init__(scope, id_)
        self._key, self._resource = key, resource
        self._buckets = {
            at.region.name: Bucket(self, at.region.suffix, at=at, resource=resource, key=key.in_region(at.region.name))
            for at in (primary, standby)
        }
        for bucket in self._buckets.values():
            bucket.archive(after_days=ARCHIVED_DAYS)
            self._replicate(bucket, to=self._buckets[bucket.at.peer.name])

    @property
    def names(self) -> dict[str, str]:
        """The buckets' names by region."""
        return {region: bucket.name for region, bucket in self._buckets.items()}

    def name_in(self, region: str) -> str:
        """The name of the bucket in ``region``, as an attribute of the bucket, so that what uses it waits for it."""
        return self._buckets[region].id

    def arn_in(self, region: str) -> str:
        """The ARN of the bucket in ``region``."""
        return self._buckets[region].arn

    def objects_in(self, region: str, prefix: str) -> str:
        """The ARN of all objects under ``prefix`` in ``region``."""
        return f"{self.arn_in(region)}/{prefix}*"

    def record_access(self, logs: dict[str, AccessLogs]) -> None:
        """Keep a record of who uses the buckets, in each region's own ``logs``."""
        for region, bucket in self._buckets.items():
            logs[region].record(bucket)

    def grant_put(self, grantee: Grantee, *, region: str, prefix: str) -> None:
        """Let ``grantee`` write objects under ``prefix``, and read none."""
        grantee.allow("s3:PutObject", on=self.objects_in(region, prefix))
        self._key.in_region(region).grant_write(grantee, via="s3")

    def grant_read(self, grantee: Grantee, *, region: str, prefix: str) -> None:
        """Let ``grantee`` read objects under ``prefix``."""
        grantee.allow("s3:GetObject", on=self.objects_in(region, prefix))
        self._key.in_region(region).grant_decrypt(grantee, via="s3")

    def lag(self, at: RegionContext) -> Metric:
        """How far this region's bucket is behind the other's, which S3 reports at the destination."""
        here, there = self._buckets[at.region.name].name, self._buckets[at.peer.name].name
        return Metric("AWS/S3", "ReplicationLatency", "Maximum", _direction(there, here))

    def watch(self, scope: Construct, *, at: RegionContext, alerts: AlertTopic) -> None:
        """Alarm in one region on slow replication from the other, and on what could not be replicated to it.

        S3 reports the latency in the region of the destination, and failures in that of the source:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
        """
        here, there = self._buckets[at.region.name].name, self._buckets[at.peer.name].name
        seconds = REPLICATED_MINUTES * 60
        alerts.watch(
            scope,
            f"{self._resource}-replication-latency",
            self.lag(at),
            threshold=seconds,
            description=f"{here} is more than {seconds} s behind {there}",
        )
        alerts.watch(
            scope,
            f"{self._resource}-replication-failed",
            Metric("AWS/S3", "OperationsFailedReplication", "Sum", _direction(here, there)),
            threshold=0,
            description=f"S3 could not replicate something from {here} to {there}",
        )

    def _replicate(self, bucket: Bucket, *, to: Bucket) -> None:
        at = bucket.at
        role = ServiceRole(
            self,
            f"replication-{at.region.suffix}",
            at=at,
            resource=f"{self._resource}-replication",
            service="s3.amazonaws.com",
            description=f"Replicates {bucket.name} to {to.name}",
        )
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
        role.allow("s3:GetReplicationConfiguration", "s3:ListBucket", on=bucket.arn)
        role.allow(
            "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionTagging",
            on=f"{bucket.arn}/*",
        )
        role.allow("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags", on=f"{to.arn}/*")
        self._key.in_region(at.region.name).grant_decrypt(role, via="s3")
        self._key.in_region(to.at.region.name).grant_copy(role, via="s3")
        S3BucketReplicationConfigurationA(
            self,
            f"replication-of-{at.region.suffix}",
            provider=at.provider,
            bucket=bucket.id,
            role=role.arn,
            rule=[self._rule(to)],
            # S3 accepts it only between buckets that are versioned already, and replicates only what the role may.
            depends_on=[bucket.versioning, to.versioning, role.policy],
        )

    def _rule(self, to: Bucket) -> S3BucketReplicationConfigurationRule:
        return S3BucketReplicationConfigurationRule(
            id=RULE_ID,
            status=ENABLED,
            priority=1,
            # Without a filter, however empty, S3 reads the rule as one of its first version, which has less.
            filter=S3BucketReplicationConfigurationRuleFilter(prefix=""),
            delete_marker_replication=S3BucketReplicationConfigurationRuleDeleteMarkerReplication(status=ENABLED),
            source_selection_criteria=S3BucketReplicationConfigurationRuleSourceSelectionCriteria(
                replica_modifications=S3BucketReplicationConfigurationRuleSourceSelectionCriteriaReplicaModifications(
                    status=ENABLED
                ),
                sse_kms_encrypted_objects=(
                    S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects(status=ENABLED)
                ),
            ),
            destination=S3BucketReplicationConfigurationRuleDestination(
                bucket=to.arn,
                encryption_configuration=(
                    S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration(
                        replica_kms_key_id=self._key.in_region(to.at.region.name).arn
                    )
                ),
                replication_time=S3BucketReplicationConfigurationRuleDestinationReplicationTime(
                    status=ENABLED,
                    time=S3BucketReplicationConfigurationRuleDestinationReplicationTimeTime(minutes=REPLICATED_MINUTES),
                ),
                metrics=S3BucketReplicationConfigurationRuleDestinationMetrics(
                    status=ENABLED,
                    event_threshold=S3BucketReplicationConfigurationRuleDestinationMetricsEventThreshold(
                        minutes=REPLICATED_MINUTES
                    ),
                ),
            ),
        )


def _direction(source: str, destination: str) -> dict[str, str]:
    return {"SourceBucket": source, "DestinationBucket": destination, "RuleId": RULE_ID}
