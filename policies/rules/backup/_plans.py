"""Plans, where they put backups, and of what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import Edit

VAULT: Final = "aws_backup_vault"
PLAN: Final = "aws_backup_plan"
SELECTION: Final = "aws_backup_selection"
ALARM: Final = "aws_cloudwatch_metric_alarm"
TABLE: Final = "aws_dynamodb_table"
CLUSTER: Final = "aws_rds_cluster"


def vault(user: Resource, value: object) -> Resource | None:
    """The vault that a name or an ARN leads to; None if it is not deployed here."""
    found = user.deployment.target(user.stack, value)
    if found is not None:
        return found if found.type == VAULT else None
    literal = user.deployment.literal(user.stack, value)
    called = [v for v in user.deployment.resources(VAULT) if literal and v.literal("name") == literal]
    here = [each for each in called if each.region == user.region]
    return here[0] if len(here) == 1 else None


def copies(rule: Block) -> tuple[Block, ...]:
    """What a rule copies."""
    return rule.blocks("copy_action")


def in_each_rule(change: Callable[[dict[str, Any]], object]) -> Edit:
    """For mutations: an edit of every rule of a plan."""

    def edit(body: dict[str, Any], _: Resource) -> bool:
        rules = body.get("rule")
        if not isinstance(rules, list) or not rules:
            return False
        for rule in rules:
            change(rule)
        return True

    return edit


def daily(vault_: str, copy: str, **changes: Any) -> dict[str, Any]:
    """A rule that backs up every day, and copies."""
    return {
        "rule_name": "daily",
        "target_vault_name": f"${{{VAULT}.{vault_}.name}}",
        "schedule": "cron(0 5 ? * * *)",
        "lifecycle": {"delete_after": 7},
        "copy_action": [
            {"destination_vault_arn": f"${{{VAULT}.{copy}.arn}}", "lifecycle": {"delete_after": 7}},
        ],
        **changes,
    }


def backed_up(**changes: Any) -> dict[str, dict[str, Any]]:
    """Data in both regions with plans that back it up, both ways. Keywords change what there is of ``home``.

    ``rule`` changes the plan's rule; ``selection``, ``vault`` and ``alarm`` attributes; None leaves one out.
    """
    alarms = {
        f"{what}_{side}": {
            "provider": provider,
            "namespace": "AWS/Backup",
            "metric_name": metric,
            "threshold": 0,
            "dimensions": {"BackupVaultName": f"backups-{side}"},
        }
        for side, provider in _SIDES.items()
        for what, metric in (("failed", "NumberOfBackupJobsFailed"), ("uncopied", "NumberOfCopyJobsFailed"))
    }
    example: dict[str, dict[str, Any]] = {
        TABLE: {"sessions": {"name": "sessions", "replica": [{"region_name": "us-west-2"}]}},
        CLUSTER: {
            side: {"provider": provider, "cluster_identifier": f"ledger-{side}"} for side, provider in _SIDES.items()
        },
        VAULT: {side: {"provider": provider, "name": f"backups-{side}"} for side, provider in _SIDES.items()},
        PLAN: {
            side: {"provider": provider, "name": "backups", "rule": [daily(side, _PEER[side])]}
            for side, provider in _SIDES.items()
        },
        SELECTION: {
            side: {
                "provider": provider,
                "name": "data",
                "plan_id": f"${{{PLAN}.{side}.id}}",
                "iam_role_arn": "${aws_iam_role.backup.arn}",
                "resources": [f"{_TABLES[side]}{TABLE}.sessions.name}}", f"${{{CLUSTER}.{side}.arn}}"],
            }
            for side, provider in _SIDES.items()
        },
        "aws_iam_role": {"backup": {"name": "backup"}},
        ALARM: alarms,
    }
    rule = changes.pop("rule", {})
    example[PLAN]["home"]["rule"] = [] if rule is None else [daily("home", "there", **rule)]
    for kind, change in changes.items():
        name = {"alarm": "failed_home", "copy_alarm": "uncopied_home", "table": "sessions"}.get(kind, "home")
        bodies = example[_TYPES[kind]]
        if change is None:
            del bodies[name]
        else:
            bodies[name] = {**bodies[name], **change}
    return example


_SIDES: Final = {"home": "aws.use1", "there": "aws.usw2"}
_PEER: Final = {"home": "there", "there": "home"}
_TABLES: Final = {
    "home": "arn:aws:dynamodb:us-east-1:000000000000:table/${",
    "there": "arn:aws:dynamodb:us-west-2:000000000000:table/${",
}
_TYPES: Final = {
    "selection": SELECTION,
    "vault": VAULT,
    "plan": PLAN,
    "alarm": ALARM,
    "copy_alarm": ALARM,
    "cluster": CLUSTER,
    "table": TABLE,
}
