"""Receipts and documents: written by settlement, and the same in both regions."""

from __future__ import annotations

import hashlib
import json
import uuid
from functools import partial
from typing import Any

import pytest

from tests.integration import settlement
from tests.integration.platform import Platform, Region, eventually
from tests.integration.states import epoch_of
from tests.integration.test_settlement import accepted, settled

REPLICATION_SECONDS = 900
"""What S3's replication time control promises; the embedded AWS takes no time."""

KINDS = ("receipts", "documents")
each_kind = pytest.mark.parametrize("kind", KINDS)
PERSONAL = {"customer": {"reference": "customer-7", "email": "somebody@example.com"}, "description": "für Ümläute"}


def bucket(platform: Platform, kind: str, region: Region) -> str:
    return str(platform.shared[f"{kind}_buckets"][region.name])


def kept(platform: Platform, kind: str, region: Region, payment_id: str) -> dict[str, bytes]:
    """What a region's bucket holds of a payment, by key."""
    s3, name = platform.client("s3", region), bucket(platform, kind, region)
    prefix = "payments/" if kind == "receipts" else f"payments/{payment_id}/"
    keys = [
        each["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
        for each in page.get("Contents", [])
        if payment_id in each["Key"]
    ]
    return {key: s3.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}


def everywhere(platform: Platform, kind: str, payment_id: str) -> tuple[str, bytes]:
    """Key and content of the one object that both regions hold of a payment."""
    found = []
    for region in (platform.primary, platform.standby):
        ask = partial(kept, platform, kind, region, payment_id)
        ((key, content),) = eventually(ask, bool, within=REPLICATION_SECONDS).items()
        found.append((key, content))
    assert found[0] == found[1]
    return found[0]


class TestASettledPayment:
    def test_has_a_receipt_in_both_regions_that_names_its_document_and_no_customer(self, platform: Platform) -> None:
        payment = accepted(platform, platform.primary, amount=4711, currency="JPY", **PERSONAL)
        settled(platform, platform.primary, payment["id"])

        key, content = everywhere(platform, "receipts", payment["id"])
        receipt = json.loads(content)
        told = platform.read(platform.primary, payment["id"]).content
        assert key == f"payments/{told['accepted_at'][:10].replace('-', '/')}/{payment['id']}.json"
        assert (receipt["amount"], receipt["currency"]) == (4711, "JPY")
        epoch = epoch_of(platform, platform.primary)
        assert (receipt["region"], receipt["epoch"]) == (platform.primary.name, epoch)
        assert receipt["accepted_at"] <= receipt["settled_at"]
        assert b"customer" not in content
        assert b"somebody" not in content

        key, content = everywhere(platform, "documents", payment["id"])
        assert key == f"payments/{payment['id']}/{receipt['body_sha256']}.json"
        assert hashlib.sha256(content).hexdigest() == receipt["body_sha256"]
        assert json.loads(content) == payment

    def test_that_the_standby_accepted_has_its_receipt_in_both_regions_too(self, platform: Platform) -> None:
        payment = accepted(platform, platform.standby)
        # Its schedule would do the same within two minutes.
        seen_by_the_primary = partial(platform.read, platform.primary, payment["id"])
        eventually(seen_by_the_primary, lambda answer: answer.status == 200, within=REPLICATION_SECONDS)
        settlement.invoke(platform, platform.primary, "reconciler", {"full": True})
        settled(platform, platform.standby, payment["id"])

        _, content = everywhere(platform, "receipts", payment["id"])
        assert json.loads(content)["region"] == platform.standby.name


@each_kind
class TestReplication:
    def test_carries_objects_and_their_deletion_from_each_region_to_the_other(
        self, platform: Platform, region: Region, kind: str
    ) -> None:
        peer, key = platform.peer(region), f"test/{uuid.uuid4()}"
        here, there = platform.client("s3", region), platform.client("s3", peer)
        own, other = bucket(platform, kind, region), bucket(platform, kind, peer)
        here.put_object(Bucket=own, Key=key, Body=b"replicated")
        try:
            found = eventually(partial(content_of, there, other, key), bool, within=REPLICATION_SECONDS)
            assert found == b"replicated"
        finally:
            here.delete_object(Bucket=own, Key=key)
        gone = eventually(
            partial(content_of, there, other, key), lambda content: content is None, within=REPLICATION_SECONDS
        )
        assert gone is None

    def test_is_complete_and_in_time(self, platform: Platform, region: Region, kind: str) -> None:
        s3, peer = platform.client("s3", region), platform.peer(region)
        found = s3.get_bucket_replication(Bucket=bucket(platform, kind, region))["ReplicationConfiguration"]
        (rule,) = found["Rules"]
        destination = rule["Destination"]
        assert rule["Status"] == rule["DeleteMarkerReplication"]["Status"] == "Enabled"
        assert rule["SourceSelectionCriteria"] == {
            "SseKmsEncryptedObjects": {"Status": "Enabled"},
            "ReplicaModifications": {"Status": "Enabled"},
        }
        assert destination["Bucket"] == f"arn:aws:s3:::{bucket(platform, kind, peer)}"
        assert destination["EncryptionConfiguration"]["ReplicaKmsKeyID"] == platform.shared["key_arns"][peer.name]
        assert destination["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
        assert destination["Metrics"] == {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}


def content_of(s3: Any, name: str, key: str) -> bytes | None:
    try:
        content: bytes = s3.get_object(Bucket=name, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return content


@each_kind
class TestEachBucket:
    def test_is_encrypted_versioned_and_closed(self, platform: Platform, region: Region, kind: str) -> None:
        s3, name = platform.client("s3", region), bucket(platform, kind, region)
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": platform.shared["key_arns"][region.name],
        }
        assert rule["BucketKeyEnabled"] is True
        closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert len(closed) == 4
        assert all(closed.values())
        (owner,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
        assert owner == {"ObjectOwnership": "BucketOwnerEnforced"}
        (refusal,) = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
        assert (refusal["Effect"], refusal["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    def test_archives_objects_of_every_size_after_90_days(self, platform: Platform, region: Region, kind: str) -> None:
        s3, name = platform.client("s3", region), bucket(platform, kind, region)
        found = s3.get_bucket_lifecycle_configuration(Bucket=name)
        (rule,) = found["Rules"]
        assert rule["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER"}]
        assert found["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"

    def test_has_a_record_of_its_use_in_a_bucket_of_its_region(
        self, platform: Platform, region: Region, kind: str
    ) -> None:
        s3, name = platform.client("s3", region), bucket(platform, kind, region)
        logging = s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]
        location = s3.get_bucket_location(Bucket=logging["TargetBucket"])["LocationConstraint"]
        assert (location or "us-east-1") == region.name
        assert logging["TargetPrefix"] == f"{name}/"
