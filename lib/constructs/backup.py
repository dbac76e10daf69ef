"""Daily backups of a region's data, with a copy in the other region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdktf_cdktf_provider_aws.backup_plan import (
    BackupPlan,
    BackupPlanRule,
    BackupPlanRuleCopyAction,
    BackupPlanRuleCopyActionLifecycle,
    BackupPlanRuleLifecycle,
)
from cdktf_cdktf_provider_aws.backup_selection import BackupSelection
from cdktf_cdktf_provider_aws.backup_vault import BackupVault
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.keys import PlatformKey
from lib.constructs.role import ServiceRole

KEPT_DAYS: Final = 7
DAILY: Final = "cron(0 5 ? * * *)"
START_MINUTES: Final = 60
COMPLETION_MINUTES: Final = 480
METRIC_PERIOD_SECONDS: Final = 300
"""How often AWS Backup reports: https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html"""


class BackupVaults(Construct):
    """A vault in each region, encrypted with that region's key, and emptied when it is destroyed."""

    def __init__(
        self, scope: Construct, id_: str, *, primary: RegionContext, standby: RegionContext, key: PlatformKey
    ) -> None:
        super().__init__(scope, id_)
        self.key = key
        self._vaults = {
            at.region.name: BackupVault(
                self,
                at.region.suffix,
                provider=at.provider,
                name=at.name("backups"),
                kms_key_arn=key.in_region(at.region.name).arn,
                force_destroy=True,
            )
            for at in (primary, standby)
        }

    def name_in(self, region: str) -> str:
        """The name of the vault in ``region``."""
        return self._vaults[region].name

    def arn_in(self, region: str) -> str:
        """The ARN of the vault in ``region``."""
        return self._vaults[region].arn

    @property
    def names(self) -> dict[str, str]:
        """The vaults' names by region."""
        return {region: vault.name for region, vault in self._vaults.items()}


class DailyBackup(Construct):
    """A backup a day to the region's vault, and a copy of it in the other region's, each kept for a week.

    What it may read is granted to its ``role`` by the constructs that own the data (``grant_backup``).
    """

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, vaults: BackupVaults, alerts: AlertTopic
    ) -> None:
        super().__init__(scope, id_)
        self._at, self._vaults = at, vaults
        self._plan = BackupPlan(
            self,
            "plan",
            provider=at.provider,
            name=at.name("backups"),
            rule=[
                BackupPlanRule(
                    rule_name="daily",
                    target_vault_name=vaults.name_in(at.region.name),
                    schedule=DAILY,
                    start_window=START_MINUTES,
                    completion_window=COMPLETION_MINUTES,
                    lifecycle=BackupPlanRuleLifecycle(delete_after=KEPT_DAYS),
                    copy_action=[
                        BackupPlanRuleCopyAction(
                            destination_vault_arn=vaults.arn_in(at.peer.name),
                            lifecycle=BackupPlanRuleCopyActionLifecycle(delete_after=KEPT_DAYS),
                        )
                    ],
                )
            ],
        )
        self.plan_id: str = self._plan.id
        self.role = ServiceRole(
            self,
            "role",
            at=at,
            resource="backups",
            service="backup.amazonaws.com",
            description="Backs up the sessions and the ledger, and copies the backups to the other region",
        )
        self._allow_vaults()
        self._watch(alerts)

    def select(self, arns: Sequence[str]) -> None:
        """Back up exactly these resources."""
        BackupSelection(
            self,
            "selection",
            provider=self._at.provider,
            name="data",
            plan_id=self._plan.id,
            iam_role_arn=self.role.arn,
            resources=list(arns),
            depends_on=[self.role.policy],
        )

    def _allow_vaults(self) -> None:
        """What AWS's own policy for this role allows on every vault and key, on these.

        https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
        """
        at, role = self._at, self.role
        regions = (at.region.name, at.peer.name)
        role.allow(
            "backup:CopyIntoBackupVault",
            "backup:DescribeBackupVault",
            on=[self._vaults.arn_in(region) for region in regions],
        )
        role.allow("backup:CopyFromBackupVault", on=at.arn("backup", "recovery-point:*"))
        for region in regions:
            key = self._vaults.key.in_region(region)
            key.grant_encrypt(role, via="backup")
            key.grant_lend(role)

    def _watch(self, alerts: AlertTopic) -> None:
        vault = self._at.name("backups")
        for resource, metric, meaning in (
            ("backups-failed", "NumberOfBackupJobsFailed", f"A backup to {vault} failed"),
            ("backups-copy-failed", "NumberOfCopyJobsFailed", f"A backup of {vault} could not be copied"),
        ):
            alerts.watch(
                self,
                resource,
                Metric("AWS/Backup", metric, "Sum", {"BackupVaultName": vault}, period=METRIC_PERIOD_SECONDS),
                threshold=0,
                description=meaning,
            )
