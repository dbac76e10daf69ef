"""Buckets, what is set of them elsewhere, and where they are replicated to."""

from __future__ import annotations

import json
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import Edit

BUCKET: Final = "aws_s3_bucket"
VERSIONING: Final = "aws_s3_bucket_versioning"
ENCRYPTION: Final = "aws_s3_bucket_server_side_encryption_configuration"
OWNERSHIP: Final = "aws_s3_bucket_ownership_controls"
PUBLIC: Final = "aws_s3_bucket_public_access_block"
POLICY: Final = "aws_s3_bucket_policy"
LIFECYCLE: Final = "aws_s3_bucket_lifecycle_configuration"
REPLICATION: Final = "aws_s3_bucket_replication_configuration"
LOGGING: Final = "aws_s3_bucket_logging"

ENABLED: Final = "Enabled"


def settings(bucket: Resource, type_: str) -> list[Resource]:
    """What sets something of a bucket: the resources of a type that are for it."""
    return [user for user in bucket.users(type_) if user.target("bucket") is bucket]


def bucket_of(setting: Resource) -> list[Resource]:
    """The bucket that something is set of; for mutations, which must be noticed there."""
    bucket = setting.target("bucket")
    return [bucket] if bucket is not None and bucket.type == BUCKET else []


def takes_logs(bucket: Resource) -> bool:
    """Whether AWS delivers access logs to it, which it does to no bucket of another region or with a KMS key.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    return any(user.target("target_bucket") is bucket for user in bucket.users(LOGGING)) or any(
        bucket in balancer.deployment.targets(balancer.stack, balancer.get("access_logs"))
        for balancer in bucket.users("aws_lb", "aws_alb")
    )


def holds_data(bucket: Resource) -> bool:
    """Whether it is for something else than the logs of its region."""
    return not takes_logs(bucket)


def replications(bucket: Resource) -> list[tuple[Resource, Block]]:
    """The enabled rules by which a bucket is replicated, each with the resource that it stands in."""
    return [
        (replication, rule)
        for replication in settings(bucket, REPLICATION)
        for rule in replication.blocks("rule")
        if rule.text("status") == ENABLED
    ]


def destination(replication: Resource, rule: Block) -> Resource | None:
    """The bucket that a rule replicates to; None if it is not deployed here."""
    found = replication.deployment.target(replication.stack, rule.block("destination").get("bucket"))
    return found if found is not None and found.type == BUCKET else None


def in_the_first(name: str, change: Edit) -> Edit:
    """For mutations: an edit of the first block of a name."""

    def edit(body: dict[str, Any], resource: Resource) -> object:
        blocks = body.get(name)
        first = blocks[0] if isinstance(blocks, list) and blocks else blocks
        return change(first, resource) if isinstance(first, dict) else False

    return edit


def replacing(old: str, new: str) -> Edit:
    """For mutations: a policy with one text in place of another."""

    def edit(body: dict[str, Any], _: Resource) -> bool:
        body["policy"] = str(body.get("policy")).replace(old, new)
        return True

    return edit


def pair(**changes: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Two buckets, ``home`` and ``there``, each the replica of the other, with all that belongs to them.

    A keyword changes attributes of one kind on the side of ``home``; None leaves that kind out there.
    """
    example: dict[str, dict[str, Any]] = {
        "aws_kms_key": {"home": {"multi_region": True}},
        "aws_kms_replica_key": {"there": {"provider": "aws.usw2", "primary_key_arn": "${aws_kms_key.home.arn}"}},
    }
    home, there = _bodies("home"), _bodies("there")
    for kind, type_ in _KINDS.items():
        example[type_] = {"there": {"provider": "aws.usw2", **there[type_]}}
        change = changes.get(kind, {})
        if change is not None:
            example[type_]["home"] = {**home[type_], **change}
    return example


_KINDS: Final = {
    "bucket": BUCKET,
    "versioning": VERSIONING,
    "encryption": ENCRYPTION,
    "ownership": OWNERSHIP,
    "public": PUBLIC,
    "policy": POLICY,
    "lifecycle": LIFECYCLE,
    "replication": REPLICATION,
}
_KEYS: Final = {"home": "${aws_kms_key.home.arn}", "there": "${aws_kms_replica_key.there.arn}"}
_PEER: Final = {"home": "there", "there": "home"}


def rule_to(side: str, **changes: Any) -> dict[str, Any]:
    """A rule that replicates everything to one side, with everything that S3 offers for it."""
    return {
        "id": "everything",
        "status": ENABLED,
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": ENABLED},
        "source_selection_criteria": {
            "replica_modifications": {"status": ENABLED},
            "sse_kms_encrypted_objects": {"status": ENABLED},
        },
        "destination": {
            "bucket": f"${{{BUCKET}.{side}.arn}}",
            "encryption_configuration": {"replica_kms_key_id": _KEYS[side]},
            "replication_time": {"status": ENABLED, "time": {"minutes": 15}},
            "metrics": {"status": ENABLED, "event_threshold": {"minutes": 15}},
        },
        **changes,
    }


def plain_refused(side: str, **changes: Any) -> str:
    """A policy that refuses whoever comes without TLS."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"${{{BUCKET}.{side}.arn}}", f"${{{BUCKET}.{side}.arn}}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **changes,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _bodies(side: str) -> dict[str, dict[str, Any]]:
    of = {"bucket": f"${{{BUCKET}.{side}.id}}"}
    by_default = {"sse_algorithm": "aws:kms", "kms_master_key_id": _KEYS[side]}
    encryption = {"bucket_key_enabled": True, "apply_server_side_encryption_by_default": by_default}
    role = "arn:aws:iam::000000000000:role/replication"
    return {
        BUCKET: {"bucket": f"receipts-{side}", "force_destroy": True},
        VERSIONING: {**of, "versioning_configuration": {"status": ENABLED}},
        ENCRYPTION: {**of, "rule": [encryption]},
        OWNERSHIP: {**of, "rule": {"object_ownership": "BucketOwnerEnforced"}},
        PUBLIC: {**of, **dict.fromkeys(PUBLIC_FLAGS, True)},
        POLICY: {**of, "policy": plain_refused(side)},
        LIFECYCLE: {**of, "rule": [aged()]},
        REPLICATION: {**of, "role": role, "rule": [rule_to(_PEER[side])]},
    }


PUBLIC_FLAGS: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def aged(**changes: Any) -> dict[str, Any]:
    """A rule of a lifecycle that leaves nothing where it costs most."""
    return {
        "id": "archive",
        "status": ENABLED,
        "filter": [{"prefix": ""}],
        "transition": [{"days": 90, "storage_class": "GLACIER"}],
        "noncurrent_version_expiration": [{"noncurrent_days": 90}],
        "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
        **changes,
    }
