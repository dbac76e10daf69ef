"""The singletons of an account, which no single deployment may own: ``make bootstrap``.

State bucket, API Gateway's logging role, the resource types AWS Backup protects, and, when asked for, GitHub's OIDC
provider with a deploy role. Every step may be repeated; what somebody else has set up is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from deployment.aws import client, code
from deployment.errors import DeploymentError
from deployment.github import deploy_role
from deployment.roles import ensure_role, tags
from lib.settings import Settings

LOGGING_ROLE = "apigateway-logs-global"
_NONCURRENT_DAYS = 90
"""How long earlier versions of a state can be brought back."""

Say = Callable[[str], None]


def run(settings: Settings, say: Say, *, real: bool, github_repository: str | None = None) -> None:
    """Create what is missing; ``real`` is an account, as opposed to the embedded AWS, which has no backup settings.

    Raises:
        DeploymentError: AWS refused a step; the message names it.
    """
    regions = [role.region.name for role in settings.roles]
    steps: list[tuple[str, Callable[[], str]]] = [
        ("state bucket", lambda: state_bucket(settings)),
        ("API Gateway's logging role", lambda: logging_role(settings, regions)),
    ]
    if real:
        steps.append(("backup region settings", lambda: backup_settings(regions)))
    if github_repository:
        steps.append(("GitHub deploy role", lambda: deploy_role(settings, github_repository)))
    for what, step in steps:
        try:
            say(f"bootstrap: {what}: {step()}")
        except ClientError as error:
            raise DeploymentError(
                f"bootstrap: {what}: {error}\n  The steps before it are done; correct this one and run it again."
            ) from None


def state_bucket(settings: Settings) -> str:
    """The bucket of every deployment's Terraform state: private, versioned, encrypted, TLS only."""
    bucket, region = settings.effective_state_bucket, settings.effective_state_region
    s3 = client("s3", region)
    created = _create_bucket(s3, bucket, region)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_tls_only(bucket)))
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "forget-old-states",
                    "Status": "Enabled",
                    "Filter": {},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": _NONCURRENT_DAYS},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
    )
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags(settings)})
    return f"{bucket} in {region} {'created' if created else 'is there'}"


def state_bucket_exists(settings: Settings) -> bool:
    """Whether the state bucket is there and is ours."""
    try:
        client("s3", settings.effective_state_region).head_bucket(
            Bucket=settings.effective_state_bucket, ExpectedBucketOwner=settings.account_id
        )
    except ClientError as error:
        if code(error) in ("404", "NoSuchBucket", "NotFound"):
            return False
        raise
    return True


def logging_role_missing_in(regions: list[str]) -> list[str]:
    """The regions in which API Gateway has no role to write logs with."""
    return [region for region in regions if not client("apigateway", region).get_account().get("cloudwatchRoleArn")]


def logging_role(settings: Settings, regions: list[str]) -> str:
    """The role API Gateway writes logs with; one account setting per region."""
    missing = logging_role_missing_in(regions)
    if not missing:
        return "is set in both regions"
    name = f"{settings.prefix}-{LOGGING_ROLE}"
    iam = client("iam", regions[0])
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    arn = ensure_role(iam, name, trust, "Lets API Gateway write logs", settings)
    iam.put_role_policy(
        RoleName=name, PolicyName="write-logs", PolicyDocument=json.dumps(_log_writing(settings.account_id, regions))
    )
    for region in missing:
        client("apigateway", region).update_account(
            patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
        )
    return f"{name} set in {' and '.join(missing)}"


def backup_settings(regions: list[str]) -> str:
    """Let AWS Backup protect what this platform backs up, and manage backups of tables: else it copies none of them.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html
    """
    wanted = {
        "ResourceTypeOptInPreference": {"Aurora": True, "DynamoDB": True},
        "ResourceTypeManagementPreference": {"DynamoDB": True},
    }
    changed = []
    for region in regions:
        backup = client("backup", region)
        current = backup.describe_region_settings()
        if any(not kinds.items() <= current.get(setting, {}).items() for setting, kinds in wanted.items()):
            backup.update_region_settings(
                **{setting: {**current.get(setting, {}), **kinds} for setting, kinds in wanted.items()}
            )
            changed.append(region)
    return f"changed in {' and '.join(changed)}" if changed else "are set in both regions"


def _create_bucket(s3: Any, bucket: str, region: str) -> bool:
    # S3 knows us-east-1 only as the absence of a location.
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **location)
    except ClientError as error:
        if code(error) == "BucketAlreadyOwnedByYou":
            return False
        if code(error) == "BucketAlreadyExists":
            raise DeploymentError(
                f"bootstrap: the bucket name {bucket} belongs to another account; set TAP_STATE_BUCKET to another."
            ) from None
        raise
    return True


def _tls_only(bucket: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def _log_writing(account: str, regions: list[str]) -> dict[str, Any]:
    """The actions API Gateway asks for, on this account's log groups in the two regions.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    actions = ("CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents")
    reads = ("GetLogEvents", "FilterLogEvents")
    groups = [f"arn:aws:logs:{region}:{account}:log-group:*" for region in regions]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [f"logs:{action}" for action in actions + reads], "Resource": groups}
        ],
    }
