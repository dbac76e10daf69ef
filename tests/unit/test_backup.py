"""Daily backups with a copy in the other region, read from the synthesized Terraform."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.app import Deployment, Resource

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
PEER = {"primary": "secondary", "secondary": "primary"}
SUFFIX = {"primary": "use1", "secondary": "usw2"}
both_regions = pytest.mark.parametrize("stack", REGIONS)


def vault(deployment: Deployment, stack: str) -> Resource:
    (found,) = [
        each for each in deployment.resources("aws_backup_vault") if deployment.region_of(each) == REGIONS[stack]
    ]
    return found


def statements(deployment: Deployment, stack: str) -> list[dict[str, Any]]:
    policy = deployment[stack].all("aws_iam_role_policy")["backup/role/policy"]["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


@both_regions
class TestTheVault:
    def test_is_in_global_under_its_regions_key_and_destroyed_with_its_content(
        self, deployment: Deployment, stack: str
    ) -> None:
        found = vault(deployment, stack)
        assert (found.stack, found.body["name"]) == ("global", f"tap-backups-{SUFFIX[stack]}-dev")
        assert deployment.key_region("global", found.body["kms_key_arn"]) == REGIONS[stack]
        assert found.body["force_destroy"] is True

    def test_is_watched_for_backups_and_copies_that_fail(self, deployment: Deployment, stack: str) -> None:
        alarms = [
            alarm
            for alarm in deployment[stack].all("aws_cloudwatch_metric_alarm").values()
            if alarm["namespace"] == "AWS/Backup"
        ]
        assert {alarm["metric_name"] for alarm in alarms} == {"NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed"}
        for alarm in alarms:
            assert alarm["dimensions"] == {"BackupVaultName": vault(deployment, stack).body["name"]}
            assert (alarm["threshold"], alarm["period"]) == (0, 300)


@both_regions
class TestThePlan:
    def test_backs_up_daily_keeps_for_a_week_and_copies_to_the_other_region(
        self, deployment: Deployment, stack: str
    ) -> None:
        (rule,) = deployment[stack].one("aws_backup_plan")["rule"]
        (copy,) = rule["copy_action"]
        assert rule["schedule"] == "cron(0 5 ? * * *)"
        assert rule["lifecycle"] == copy["lifecycle"] == {"delete_after": 7}
        assert deployment.target(stack, rule["target_vault_name"]).address == vault(deployment, stack).address
        there = deployment.target(stack, copy["destination_vault_arn"])
        assert there.address == vault(deployment, PEER[stack]).address

    def test_is_of_the_regions_table_and_cluster_by_their_arns_and_of_nothing_else(
        self, deployment: Deployment, stack: str
    ) -> None:
        selection = deployment[stack].one("aws_backup_selection")
        table, cluster = selection["resources"]
        assert deployment.target(stack, cluster).type == "aws_rds_cluster"
        arn, separator, name = table.partition("${")
        assert arn == f"arn:aws:dynamodb:{REGIONS[stack]}:000000000000:table/"
        assert deployment.target(stack, separator + name).type == "aws_dynamodb_table"
        assert not {"selection_tag", "condition", "not_resources"} & selection.keys()
        assert deployment.target(stack, selection["iam_role_arn"]).path == "backup/role/role"
        assert deployment.target(stack, selection["plan_id"]).type == "aws_backup_plan"

    def test_begins_only_when_its_role_may_do_its_work(self, deployment: Deployment, stack: str) -> None:
        (waits,) = deployment[stack].one("aws_backup_selection")["depends_on"]
        assert waits.startswith("aws_iam_role_policy.backup_role_policy")


@both_regions
class TestTheRole:
    def test_is_aws_backups_for_this_account(self, deployment: Deployment, stack: str) -> None:
        role = deployment[stack].all("aws_iam_role")["backup/role/role"]
        (trust,) = json.loads(role["assume_role_policy"])["Statement"]
        assert trust["Principal"] == {"Service": "backup.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "000000000000"}}

    def test_reads_and_changes_no_data_but_only_makes_and_copies_backups(
        self, deployment: Deployment, stack: str
    ) -> None:
        actions = {action for it in statements(deployment, stack) for action in it["Action"]}
        assert {action for action in actions if not action.startswith("kms:")} == {
            "backup:CopyFromBackupVault",
            "backup:CopyIntoBackupVault",
            "backup:DescribeBackupVault",
            "dynamodb:DescribeTable",
            "dynamodb:ListTagsOfResource",
            "dynamodb:StartAwsBackupJob",
            "rds:AddTagsToResource",
            "rds:CopyDBClusterSnapshot",
            "rds:CreateDBClusterSnapshot",
            "rds:DeleteDBClusterSnapshot",
            "rds:DescribeDBClusterSnapshots",
            "rds:DescribeDBClusters",
            "rds:ListTagsForResource",
            "rds:ModifyDBClusterSnapshotAttribute",
        }

    def test_touches_only_snapshots_that_aws_backup_has_made(self, deployment: Deployment, stack: str) -> None:
        snapshots = {
            resource
            for it in statements(deployment, stack)
            for resource in ([it["Resource"]] if isinstance(it["Resource"], str) else it["Resource"])
            if ":cluster-snapshot:" in resource
        }
        assert snapshots == {
            f"arn:aws:rds:{region}:000000000000:cluster-snapshot:awsbackup:*" for region in REGIONS.values()
        }

    def test_uses_the_keys_of_both_regions_through_services_or_for_them(
        self, deployment: Deployment, stack: str
    ) -> None:
        keys = [it for it in statements(deployment, stack) if it["Action"][0].startswith("kms:")]
        for it in keys:
            if it["Action"] != ["kms:DescribeKey"]:
                (conditions,) = it["Condition"].values()
                (name,) = conditions
                assert name in {"kms:ViaService", "kms:GrantIsForAWSResource"}
        lent = [it for it in keys if it["Action"] == ["kms:CreateGrant"]]
        assert {deployment.key_region(stack, it["Resource"]) for it in lent} == {*REGIONS.values()}
