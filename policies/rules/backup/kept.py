"""Backups are made every day, and kept for a week, the copies too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.backup._plans import PLAN, VAULT, backed_up, copies, in_each_rule

FEWEST_DAYS: Final = 7
_DAILY = re.compile(r"cron\(\S+ \S+ (?:\? \*|\* \*|\* \* \?)(?: \*| \?)* \*\)|rate\((?:1 day|\d+ hours?)\)")
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html"""


def _copies_with(lifecycle: Any) -> Any:
    def change(rule: dict[str, Any]) -> None:
        rule["copy_action"] = [{**copy, "lifecycle": lifecycle} for copy in rule["copy_action"]]

    return in_each_rule(change)


def _copy(days: object) -> dict[str, Any]:
    return {"copy_action": [{"destination_vault_arn": f"${{{VAULT}.there.arn}}", "lifecycle": {"delete_after": days}}]}


@rule(
    id="TAP_BACKUP_KEPT",
    title="Backups are made every day and kept for a week or longer, the copies too, and not for ever",
    risk="What was deleted by mistake on Friday is gone from every backup on Monday; what is kept without end costs, "
    "and keeps data that should have been deleted.",
    remediation=f"Set a schedule of once a day, lifecycle {{ delete_after }} of {FEWEST_DAYS} days or more, and the "
    "same in every copy_action.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:CP-9", "NIST-800-53:SI-12", "WA-REL:REL09-BP03"],
    judges=kind(PLAN),
    passes=[
        backed_up(),
        backed_up(rule={"lifecycle": [{"delete_after": 35}], **_copy(14)}),
        backed_up(rule={"schedule": "cron(30 2 * * ? *)"}),
        backed_up(rule={"schedule": "rate(12 hours)"}),
    ],
    fails=[
        backed_up(rule={"lifecycle": {"delete_after": 6}}),
        backed_up(rule={"lifecycle": None}),
        backed_up(rule={"lifecycle": {"delete_after": "${var.days}"}}),
        backed_up(rule=_copy(1)),
        backed_up(rule=_copy(None)),
        backed_up(rule={"schedule": None}),
        backed_up(rule={"schedule": "cron(0 5 ? * SUN *)"}),
        backed_up(rule={"schedule": "cron(0 5 1 * ? *)"}),
        backed_up(rule={"schedule": "rate(2 days)"}),
    ],
    mutations=[
        put("rule.schedule", "cron(0 5 ? * SUN *)"),
        drop("rule.schedule"),
        put("rule.lifecycle.delete_after", 1),
        drop("rule.lifecycle"),
        edit("copies for a day", _copies_with({"delete_after": 1})),
        edit("copies without end", _copies_with(None)),
    ],
)
def backup_kept(plan: Resource) -> Iterator[str]:
    """Without a schedule AWS takes one of its own, which nobody has chosen."""
    for each in plan.blocks("rule"):
        schedule = each.text("schedule")
        if schedule is None or not _DAILY.fullmatch(schedule):
            yield f"its schedule is {schedule}, which is not once a day"
        yield from _too_short(each, "a backup")
        for copy in copies(each):
            yield from _too_short(copy, "a copy")


def _too_short(block: Block, what: str) -> Iterator[str]:
    lifecycle = block.block("lifecycle")
    days = lifecycle.number("delete_after")
    if days is None or days < FEWEST_DAYS:
        yield f"delete_after of {what} is {lifecycle.get('delete_after')}, not {FEWEST_DAYS} days or more"
