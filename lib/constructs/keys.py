"""The platform's encryption key: one multi-Region key, its replica, and who may use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.kms_replica_key import KmsReplicaKey
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import Grantee, Statement, allow, document

DELETION_WINDOW_DAYS: Final = 7
"""The shortest that KMS allows, since everything here can be destroyed.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
"""

_ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKeyRotation",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_ENCRYPT: Final = ("kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
_COPY: Final = ("kms:Encrypt", "kms:GenerateDataKey")
"""What S3 asks for where it replicates to.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
"""

_DECRYPT: Final = ("kms:Decrypt", "kms:DescribeKey")
_READ: Final = ("kms:Decrypt",)
_READ_AND_WRITE: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""What services ask for in the name of who reads, or writes, what they encrypt with a data key for each object:

https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

_MORE: Final = {"dynamodb": (_DECRYPT, (*_DECRYPT, *_ENCRYPT))}
"""Services that ask for more. DynamoDB re-encrypts a table's own key, and looks the platform's up:

https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
"""


@dataclass(frozen=True)
class RegionalKey:
    """The key as one region sees it. It grants use through one service only, never to encrypt at will."""

    arn: str
    region: str

    def grant_decrypt(self, grantee: Grantee, *, via: str) -> None:
        """Let ``grantee`` read what the service ``via`` (``secretsmanager``, …) encrypted."""
        read, _ = _MORE.get(via, (_READ, _READ_AND_WRITE))
        grantee.allow(*read, on=self.arn, when=self._only(via))

    def grant_encrypt(self, grantee: Grantee, *, via: str) -> None:
        """Let ``grantee`` read and write what the service ``via`` encrypts."""
        _, write = _MORE.get(via, (_READ, _READ_AND_WRITE))
        grantee.allow(*write, on=self.arn, when=self._only(via))

    def grant_write(self, grantee: Grantee, *, via: str) -> None:
        """Let ``grantee`` write what the service ``via`` encrypts, and read none of it."""
        grantee.allow("kms:GenerateDataKey", on=self.arn, when=self._only(via))

    def grant_copy(self, grantee: Grantee, *, via: str) -> None:
        """Let ``grantee``, a role of a service, write copies that the service ``via`` encrypts."""
        grantee.allow(*_COPY, on=self.arn, when=self._only(via))

    def grant_lend(self, grantee: Grantee) -> None:
        """Let ``grantee`` lend the key to AWS services that work for it, such as for a copy of a snapshot."""
        grantee.allow("kms:DescribeKey", on=self.arn)
        grantee.allow("kms:CreateGrant", on=self.arn, when={"Bool": {"kms:GrantIsForAWSResource": "true"}})

    def _only(self, service: str) -> dict[str, dict[str, str]]:
        return {"StringEquals": {"kms:ViaService": f"{service}.{self.region}.amazonaws.com"}}


class PlatformKey(Construct):
    """A multi-Region key with yearly rotation in the primary, its replica in the standby, an alias in each.

    The two share key material only; policy, alias and tags are per region, so both get the same policy text.
    """

    def __init__(self, scope: Construct, id_: str, *, primary: RegionContext, standby: RegionContext) -> None:
        super().__init__(scope, id_)
        policy = _key_policy(primary, standby)
        key = KmsKey(
            self,
            "key",
            provider=primary.provider,
            description=f"Encrypts the data of {primary.naming.prefix}, environment {primary.naming.suffix}",
            multi_region=True,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=policy,
            tags=primary.tags("platform"),
        )
        replica = KmsReplicaKey(
            self,
            "replica",
            provider=standby.provider,
            description=key.description,
            primary_key_arn=key.arn,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=policy,
            tags=standby.tags("platform"),
        )
        for at, target in ((primary, key.key_id), (standby, replica.key_id)):
            KmsAlias(
                self,
                f"alias-{at.region.suffix}",
                provider=at.provider,
                name=f"alias/{at.name('platform')}",
                target_key_id=target,
            )
        self._arns = {primary.region.name: key.arn, standby.region.name: replica.arn}

    def in_region(self, region: str) -> RegionalKey:
        """The key of that region."""
        return RegionalKey(self._arns[region], region)

    @property
    def arns(self) -> dict[str, str]:
        """Key ARN by region name."""
        return dict(self._arns)


def _key_policy(primary: RegionContext, standby: RegionContext) -> str:
    """Who may use the keys; in a key policy ``Resource: *`` means this key.

    The account's root principal stands for "IAM decides", action by action instead of ``kms:*``:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    account, regions = primary.account_id, sorted((primary.region.name, standby.region.name))
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    statements: list[Statement] = [
        allow(*_ADMINISTRATION, on="*", to=root),
        allow(*_ENCRYPT, *_DECRYPT, "kms:GenerateDataKeyWithoutPlaintext", on="*", to=root),
        allow("kms:CreateGrant", on="*", to=root, when={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ]
    # Alarms publish to an encrypted topic, and SNS puts what it cannot deliver into an encrypted queue.
    statements += [
        allow(
            "kms:Decrypt",
            "kms:GenerateDataKey",
            on="*",
            to={"Service": service},
            when={"StringEquals": {"aws:SourceAccount": account}},
        )
        for service in ("cloudwatch.amazonaws.com", "sns.amazonaws.com")
    ]
    statements += [
        allow(
            *_ENCRYPT,
            *_DECRYPT,
            on="*",
            to={"Service": f"logs.{region}.amazonaws.com"},
            when={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account}:log-group:*"}},
        )
        for region in regions
    ]
    return document(statements)
