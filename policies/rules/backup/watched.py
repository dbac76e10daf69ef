"""Somebody is told when a backup fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, Metric, metrics, watch
from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.backup._plans import PLAN, VAULT, backed_up

FAILURES: Final = ("NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed")
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html"""


def _is_about_backups(alarm: Resource) -> bool:
    return any(metric.namespace == "AWS/Backup" and metric.name in FAILURES for metric in metrics(alarm))


def _watched(alarm: Resource) -> list[Resource]:
    return [v for m in metrics(alarm) for v in watch(alarm.deployment).named(m, "BackupVaultName")]


def _by_type(body: dict[str, Any], _: Resource) -> None:
    body["dimensions"] = {**body["dimensions"], "ResourceType": "EBS"}


@rule(
    id="TAP_BACKUP_WATCHED",
    title="Failed backups and failed copies raise an alarm in the vault's region",
    risk="Backups fail quietly for months, and the day on which one is needed is the day on which somebody looks.",
    remediation="Alarm on NumberOfBackupJobsFailed and NumberOfCopyJobsFailed by BackupVaultName alone, above 0.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:CP-9", "NIST-800-53:SI-4", "WA-REL:REL09-BP03"],
    judges=kind(VAULT, where=lambda vault: bool(vault.users(PLAN))),
    passes=[backed_up()],
    fails=[
        backed_up(alarm=None),
        backed_up(copy_alarm=None),
        backed_up(alarm={"provider": "aws.usw2"}),
        backed_up(alarm={"threshold": 5}),
        backed_up(alarm={"threshold": "${var.most}"}),
        backed_up(alarm={"dimensions": {"BackupVaultName": "backups-home", "ResourceType": "EBS"}}),
    ],
    mutations=[
        remove("no alarm on it", ALARM, where=_is_about_backups, seen_on=_watched),
        put("metric_name", "NumberOfBackupJobsCompleted", ALARM, where=_is_about_backups, seen_on=_watched),
        put("threshold", 5, ALARM, where=_is_about_backups, seen_on=_watched),
        edit("of one kind of resource only", _by_type, ALARM, where=_is_about_backups, seen_on=_watched),
    ],
)
def backup_watched(vault: Resource) -> Iterator[str]:
    """An alarm on one kind of resource says nothing of the others."""
    found = watch(vault.deployment).on(vault)
    for name in FAILURES:
        if not any(_tells(metric, name, vault) for metric in found):
            yield f"no alarm in {vault.region} on {name} of all of it above 0"


def _tells(metric: Metric, name: str, vault: Resource) -> bool:
    return (
        metric.name == name
        and set(metric.dimensions) == {"BackupVaultName"}
        and metric.alarm.region == vault.region
        and metric.alarm.number("threshold") == 0
    )
