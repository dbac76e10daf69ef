"""The account's singletons: made once, brought up to date by every run, and never taken from others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployment import bootstrap, github
from deployment.aws import client
from lib.settings import Settings


def run(settings: Settings, **options: Any) -> list[str]:
    """What bootstrap said."""
    lines: list[str] = []
    bootstrap.run(settings, lines.append, real=False, **options)
    return lines


def test_a_second_run_changes_nothing_and_says_so(settings: Settings) -> None:
    run(settings)
    lines = run(settings)
    assert any("is there" in line for line in lines)
    assert any("is set in both regions" in line for line in lines)


def test_the_state_bucket_is_private_versioned_encrypted_and_speaks_tls_only(settings: Settings) -> None:
    run(settings)
    bucket = settings.effective_state_bucket
    s3 = client("s3", settings.effective_state_region)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == settings.standby_region
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert bootstrap.state_bucket_exists(settings)


def test_a_bucket_that_is_not_there_is_known_to_be_missing(settings: Settings) -> None:
    assert not bootstrap.state_bucket_exists(settings.model_copy(update={"state_bucket": "nobody-made-this-one"}))


def test_the_logging_role_is_ours_in_both_regions_with_no_managed_policy_and_no_bare_wildcard(
    settings: Settings,
) -> None:
    run(settings)
    regions = [role.region.name for role in settings.roles]
    name = f"{settings.prefix}-{bootstrap.LOGGING_ROLE}"
    iam = client("iam", regions[0])
    assert bootstrap.logging_role_missing_in(regions) == []
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    document = iam.get_role_policy(RoleName=name, PolicyName="write-logs")["PolicyDocument"]
    for statement in document["Statement"]:
        assert all(not action.endswith("*") for action in statement["Action"])
        assert all(settings.account_id in resource for resource in statement["Resource"])
        assert {resource.split(":")[3] for resource in statement["Resource"]} == set(regions)


def test_a_role_that_somebody_else_has_set_is_left_alone(settings: Settings) -> None:
    regions = [role.region.name for role in settings.roles]
    run(settings)
    gateway = client("apigateway", regions[0])
    before = gateway.get_account()["cloudwatchRoleArn"]
    theirs = f"arn:aws:iam::{settings.account_id}:role/theirs"
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": theirs}])
    try:
        run(settings)
        assert gateway.get_account()["cloudwatchRoleArn"] == theirs
    finally:
        gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": before}])


def test_github_is_trusted_only_when_asked_and_only_for_one_environment_of_one_repository(settings: Settings) -> None:
    name = f"{settings.prefix}-github-deploy-global"
    iam = client("iam", settings.primary_region)
    run(settings)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=name)
    run(settings, github_repository="someone/tap")
    assert iam.get_role(RoleName=name)["Role"]["MaxSessionDuration"] == github.SESSION_SECONDS
    iam.update_role(RoleName=name, MaxSessionDuration=3_600)
    run(settings, github_repository="someone/tap")
    role = iam.get_role(RoleName=name)["Role"]
    trust = role["AssumeRolePolicyDocument"]
    assert role["MaxSessionDuration"] == github.SESSION_SECONDS, "an older bootstrap's role is brought up to date"
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {
        f"{github.HOST}:aud": "sts.amazonaws.com",
        f"{github.HOST}:sub": "repo:someone/tap:environment:production",
    }


class BackupSettings:
    """AWS Backup's settings of one region; the embedded AWS cannot change them."""

    def __init__(self, opted: dict[str, bool], managed: dict[str, bool]) -> None:
        self.settings = {"ResourceTypeOptInPreference": opted, "ResourceTypeManagementPreference": managed}
        self.updates = 0

    def describe_region_settings(self) -> dict[str, dict[str, bool]]:
        return self.settings

    def update_region_settings(self, **settings: dict[str, bool]) -> None:
        self.updates += 1
        self.settings.update(settings)


def test_backup_settings_are_completed_once_and_nothing_of_others_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    regions = {
        "us-east-1": BackupSettings({"Aurora": True, "DynamoDB": True, "EFS": False}, {"DynamoDB": False, "EFS": True}),
        "us-west-2": BackupSettings({"Aurora": True, "DynamoDB": True}, {"DynamoDB": True}),
    }
    monkeypatch.setattr(bootstrap, "client", lambda _service, region: regions[region])

    assert bootstrap.backup_settings([*regions]) == "changed in us-east-1"
    assert regions["us-east-1"].settings == {
        "ResourceTypeOptInPreference": {"Aurora": True, "DynamoDB": True, "EFS": False},
        "ResourceTypeManagementPreference": {"DynamoDB": True, "EFS": True},
    }
    assert bootstrap.backup_settings([*regions]) == "are set in both regions"
    assert [region.updates for region in regions.values()] == [1, 0]
