"""Each backup lies in both regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.backup._plans import PLAN, VAULT, backed_up, copies, in_each_rule, vault


def _to_itself(body: dict[str, Any], plan: Resource) -> bool:
    for each in body["rule"]:
        name = str(each["target_vault_name"])
        each["copy_action"] = [{**copy, "destination_vault_arn": _arn_of(name)} for copy in each["copy_action"]]
    return plan.type == PLAN


def _arn_of(name: str) -> str:
    return name.replace(".name}", ".arn}").replace("name}", "arn}")


def _swapped(rule: dict[str, Any]) -> None:
    (copy,) = rule["copy_action"]
    rule["target_vault_name"], copy["destination_vault_arn"] = copy["destination_vault_arn"], rule["target_vault_name"]


def _plans_of(vault_: Resource) -> list[Resource]:
    return vault_.users(PLAN)


@rule(
    id="TAP_BACKUP_COPIED",
    title="Every backup goes to a vault of its region and is copied to one in the other region",
    risk="The region that is lost takes its backups along, and nothing can be restored anywhere.",
    remediation="Give each rule of the plan a target_vault_name in its own region and a copy_action with the ARN of "
    "the vault in the other region.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-6",
        "NIST-800-53:CP-9(3)",
        "WA-REL:REL09-BP01",
        "WA-REL:REL13-BP02",
    ],
    judges=kind(PLAN),
    passes=[backed_up(), backed_up(rule={"target_vault_name": "backups-home"})],
    fails=[
        backed_up(rule={"copy_action": None}),
        backed_up(rule={"copy_action": [{"destination_vault_arn": f"${{{VAULT}.home.arn}}"}]}),
        backed_up(rule={"copy_action": [{"destination_vault_arn": "${var.vault}"}]}),
        backed_up(rule={"target_vault_name": f"${{{VAULT}.there.name}}"}),
        backed_up(rule={"target_vault_name": "elsewhere"}),
        backed_up(vault={"provider": "aws.usw2"}),
        backed_up(rule=None),
    ],
    mutations=[
        edit("not copied", in_each_rule(lambda each: each.pop("copy_action"))),
        edit("copied to where it is", _to_itself),
        edit("the two vaults exchanged", in_each_rule(_swapped)),
        put("rule.copy_action.destination_vault_arn", "${var.vault}"),
        drop("rule"),
        remove("without the vault", VAULT, seen_on=_plans_of),
    ],
)
def backup_copied(plan: Resource) -> Iterator[str]:
    """A vault that is not deployed here cannot be judged, and is none."""
    rules = plan.blocks("rule")
    if not rules:
        yield "it has no rule"
    peer = plan.deployment.peer(plan.region)
    for each in rules:
        target = vault(plan, each.get("target_vault_name"))
        if target is None or target.region != plan.region:
            place = f"is in {target.region}" if target is not None else "is not deployed here"
            yield f"its vault {each.get('target_vault_name')} {place}, not in {plan.region}"
        regions = [
            found.region
            for copy in copies(each)
            if (found := vault(plan, copy.get("destination_vault_arn"))) is not None
        ]
        if peer is None or peer not in regions:
            yield f"it is copied to {', '.join(map(str, regions)) or 'no region'}, not to {peer}"
