"""The sessions table, on both sides."""

from __future__ import annotations

from typing import Any

from tests.integration.platform import Platform, Region


def table(platform: Platform, region: Region) -> dict[str, Any]:
    found = platform.client("dynamodb", region).describe_table(TableName=platform.shared["sessions_table"])
    described: dict[str, Any] = found["Table"]
    return described


def test_it_is_one_global_table(platform: Platform) -> None:
    replicas = {r["RegionName"]: r["ReplicaStatus"] for r in table(platform, platform.primary)["Replicas"]}

    assert replicas[platform.standby.name] == "ACTIVE"
    assert table(platform, platform.primary)["GlobalTableVersion"] == "2019.11.21"


def test_it_is_there_and_billed_on_demand(platform: Platform, region: Region) -> None:
    described = table(platform, region)

    assert described["TableStatus"] == "ACTIVE"
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_it_can_be_restored_to_any_moment(platform: Platform, region: Region) -> None:
    found = platform.client("dynamodb", region).describe_continuous_backups(
        TableName=platform.shared["sessions_table"]
    )["ContinuousBackupsDescription"]

    assert found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_it_is_encrypted_with_the_regions_own_key(platform: Platform, region: Region) -> None:
    encryption = table(platform, region)["SSEDescription"]

    assert encryption["Status"] == "ENABLED"
    assert encryption["SSEType"] == "KMS"
    assert encryption["KMSMasterKeyArn"] == platform.shared["key_arns"][region.name]


def test_settled_items_expire(platform: Platform, region: Region) -> None:
    found = platform.client("dynamodb", region).describe_time_to_live(TableName=platform.shared["sessions_table"])

    assert found["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_payments_are_found_through_indexes_that_hold_keys_only(platform: Platform, region: Region) -> None:
    indexes = {index["IndexName"]: index for index in table(platform, region)["GlobalSecondaryIndexes"]}

    assert {
        name: {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]} for name, index in indexes.items()
    } == {
        "unsettled": {"HASH": "unsettled_shard", "RANGE": "accepted_at"},
        "closed": {"HASH": "closed_shard", "RANGE": "closed_order"},
        "customer": {"HASH": "customer_reference", "RANGE": "accepted_at"},
    }
    assert {index["Projection"]["ProjectionType"] for index in indexes.values()} == {"KEYS_ONLY"}


def test_every_change_is_streamed(platform: Platform, region: Region) -> None:
    stream = table(platform, region)["StreamSpecification"]

    assert stream == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_it_can_be_destroyed(platform: Platform, region: Region) -> None:
    assert not table(platform, region).get("DeletionProtectionEnabled", False)
