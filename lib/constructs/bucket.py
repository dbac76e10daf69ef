"""A bucket of one region, and the bucket that takes the record of who used it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
    S3BucketLifecycleConfigurationRuleTransition,
)
from cdktf_cdktf_provider_aws.s3_bucket_logging import S3BucketLoggingA
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.keys import RegionalKey
from lib.constructs.policy import Statement, allow, document, refuse_plain

ABORT_UPLOADS_DAYS: Final = 7
NONCURRENT_DAYS: Final = 90
"""How long what was overwritten or deleted can be brought back."""

EVERY_SIZE: Final = "varies_by_storage_class"
"""Without it S3 leaves objects of less than 128 KB where they are, and a receipt has some 300 bytes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
"""


class Bucket(Construct):
    """Versioned, encrypted, closed to the public, without ACLs, for TLS only, and destroyed with its content.

    ``key`` encrypts it; without one, keys of S3's own do.
    """

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, resource: str, key: RegionalKey | None
    ) -> None:
        super().__init__(scope, id_)
        self.at = at
        self.name = at.bucket_name(resource)
        self._bucket = S3Bucket(self, "bucket", provider=at.provider, bucket=self.name, force_destroy=True)
        self.id, self.arn = self._bucket.id, self._bucket.arn
        self.versioning = S3BucketVersioningA(
            self,
            "versioning",
            provider=at.provider,
            bucket=self.id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            provider=at.provider,
            bucket=self.id,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=(
                        S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                            sse_algorithm="aws:kms" if key else "AES256", kms_master_key_id=key.arn if key else None
                        )
                    ),
                    # One request to KMS for many objects instead of one for each.
                    bucket_key_enabled=True if key else None,
                )
            ],
        )
        S3BucketOwnershipControls(
            self,
            "ownership",
            provider=at.provider,
            bucket=self.id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        closed = S3BucketPublicAccessBlock(
            self,
            "public-access",
            provider=at.provider,
            bucket=self.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        self._statements: list[Statement] = [refuse_plain("s3:*", on=[self.arn, f"{self.arn}/*"])]
        # S3 refuses two changes of a bucket's access at once.
        self.policy = S3BucketPolicy(
            self,
            "policy",
            provider=at.provider,
            bucket=self.id,
            policy=document(self._statements),
            depends_on=[closed],
        )

    def allow_service(self, service: str, action: str, *, on: str, source_arns: Sequence[str]) -> None:
        """Let an AWS service do ``action`` on behalf of exact resources of this account."""
        self._statements.append(
            allow(
                action,
                on=on,
                to={"Service": service},
                when={
                    "StringEquals": {"aws:SourceAccount": self.at.account_id},
                    "ArnEquals": {"aws:SourceArn": list(source_arns)},
                },
            )
        )
        self.policy.policy = document(self._statements)

    def archive(self, *, after_days: int) -> None:
        """Move objects to Glacier, and forget what is no longer current."""
        self._age(
            "archive",
            transition=[S3BucketLifecycleConfigurationRuleTransition(days=after_days, storage_class="GLACIER")],
        )

    def expire(self, *, after_days: int) -> None:
        """Delete objects, and forget what is no longer current."""
        self._age("expire", expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=after_days)])

    def _age(
        self,
        rule: str,
        *,
        transition: list[S3BucketLifecycleConfigurationRuleTransition] | None = None,
        expiration: list[S3BucketLifecycleConfigurationRuleExpiration] | None = None,
    ) -> None:
        S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            provider=self.at.provider,
            bucket=self.id,
            transition_default_minimum_object_size=EVERY_SIZE,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id=rule,
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    transition=transition,
                    expiration=expiration,
                    noncurrent_version_expiration=[
                        S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=NONCURRENT_DAYS)
                    ],
                    abort_incomplete_multipart_upload=[
                        S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                            days_after_initiation=ABORT_UPLOADS_DAYS
                        )
                    ],
                )
            ],
            depends_on=[self.versioning],
        )


class AccessLogs(Construct):
    """A region's bucket for the record of who used its other buckets, kept as long as logs are.

    S3 delivers access logs within a region only, and not to a bucket with a KMS key:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, retention_days: int) -> None:
        super().__init__(scope, id_)
        self._bucket = Bucket(self, "bucket", at=at, resource="access-logs", key=None)
        self._bucket.expire(after_days=retention_days)

    def record(self, bucket: Bucket) -> None:
        """Keep a record of who uses ``bucket``, which may be another stack's: its name is known beforehand."""
        prefix = f"{bucket.name}/"
        self._bucket.allow_service(
            "logging.s3.amazonaws.com",
            "s3:PutObject",
            on=f"{self._bucket.arn}/{prefix}*",
            source_arns=[f"arn:aws:s3:::{bucket.name}"],
        )
        S3BucketLoggingA(
            bucket,
            "access-log",
            provider=bucket.at.provider,
            bucket=bucket.id,
            target_bucket=self._bucket.id,
            target_prefix=prefix,
        )
