"""Backups every day in each region, with a copy in the other region's vault."""

from __future__ import annotations

from typing import Any

from tests.integration.platform import Platform, Region


def vault(platform: Platform, region: Region) -> dict[str, Any]:
    name = platform.shared["backup_vaults"][region.name]
    found: dict[str, Any] = platform.client("backup", region).describe_backup_vault(BackupVaultName=name)
    return found


def selection(platform: Platform, region: Region) -> dict[str, Any]:
    """The one selection of a region's plan."""
    backup, plan = platform.client("backup", region), region.outputs["backup_plan_id"]
    (listed,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    found: dict[str, Any] = backup.get_backup_selection(BackupPlanId=plan, SelectionId=listed["SelectionId"])
    return dict(found["BackupSelection"])


def test_each_region_has_a_vault_under_its_own_key(platform: Platform, region: Region) -> None:
    assert vault(platform, region)["EncryptionKeyArn"] == platform.shared["key_arns"][region.name]


def test_the_plan_backs_up_daily_for_a_week_and_copies_to_the_other_region(platform: Platform, region: Region) -> None:
    plan = platform.client("backup", region).get_backup_plan(BackupPlanId=region.outputs["backup_plan_id"])
    (rule,) = plan["BackupPlan"]["Rules"]
    (copy,) = rule["CopyActions"]

    assert rule["TargetBackupVaultName"] == platform.shared["backup_vaults"][region.name]
    assert rule["ScheduleExpression"] == "cron(0 5 ? * * *)"
    assert copy["DestinationBackupVaultArn"] == vault(platform, platform.peer(region))["BackupVaultArn"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == copy["Lifecycle"]["DeleteAfterDays"] == 7


def test_it_is_of_the_regions_table_and_cluster_which_exist_and_of_nothing_else(
    platform: Platform, region: Region
) -> None:
    found = selection(platform, region)
    clusters = platform.client("rds", region).describe_db_clusters(DBClusterIdentifier=region.outputs["cluster_id"])
    table = platform.client("dynamodb", region).describe_table(TableName=platform.shared["sessions_table"])

    assert set(found["Resources"]) == {table["Table"]["TableArn"], clusters["DBClusters"][0]["DBClusterArn"]}
    assert not found.get("ListOfTags")
    assert not found.get("NotResources")


def test_the_role_may_back_up_what_is_selected_and_nothing_else(platform: Platform, region: Region) -> None:
    found = selection(platform, region)
    iam, role = platform.client("iam", region), found["IamRoleArn"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    named = [it["Resource"] if isinstance(it["Resource"], list) else [it["Resource"]] for it in statements]

    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    data = {arn for arns in named for arn in arns if ":table/" in arn or ":cluster:" in arn}
    assert data == set(found["Resources"])
