"""What cannot be made again is backed up, in each region that has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import regions
from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.backup._plans import CLUSTER, PLAN, SELECTION, TABLE, backed_up

_NAMES: Final = {CLUSTER: "cluster_identifier", TABLE: "name", "aws_db_instance": "identifier"}
_KINDS: Final = (*_NAMES, "aws_efs_file_system")
_LAST = re.compile(r"[:/]")


def _selected(selection: Resource) -> list[Resource]:
    return [found for found in selection.targets("resources") if found.type in _KINDS]


def _selected_by(plan: Resource) -> list[Resource]:
    return [found for selection in plan.users(SELECTION) for found in _selected(selection)]


def _without_the_last(body: dict[str, Any], _: Resource) -> None:
    body["resources"] = body["resources"][:-1]


def _without_the_first(body: dict[str, Any], _: Resource) -> None:
    body["resources"] = body["resources"][1:]


def _last(selection: Resource) -> list[Resource]:
    return selection.deployment.targets(selection.stack, selection.items("resources")[-1])


def _first(selection: Resource) -> list[Resource]:
    return selection.deployment.targets(selection.stack, selection.items("resources")[0])


def _in_the_other_region(body: dict[str, Any], _: Resource) -> None:
    exchange = {"us-east-1": "us-west-2", "us-west-2": "us-east-1"}
    body["resources"] = [
        next((text.replace(here, there) for here, there in exchange.items() if here in text), text)
        for text in body["resources"]
    ]


@rule(
    id="TAP_BACKUP_COVERED",
    title="Every database and table is in a backup plan of each region that it is in",
    risk="Replication carries a wrong deletion over within a second; only a backup still has what is gone. Backed up "
    "in one region alone, it ends with that region.",
    remediation="Add the ARN to the resources of a selection in the same region; for a global table in the region of "
    "each replica too.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-9", "NIST-800-53:CP-10", "WA-REL:REL09-BP01"],
    judges=kind(*_KINDS),
    passes=[backed_up()],
    fails=[
        {CLUSTER: {"alone": {"cluster_identifier": "ledger"}}},
        backed_up(selection={"resources": [f"${{{CLUSTER}.home.arn}}"]}),
        backed_up(selection=None),
        backed_up(selection={"resources": [f"${{{TABLE}.sessions.arn}}", f"${{{CLUSTER}.there.arn}}"]}),
        backed_up(table={"replica": [{"region_name": "us-west-2"}, {"region_name": "eu-west-1"}]}),
        backed_up(selection={"plan_id": "${var.plan}"}),
    ],
    mutations=[
        remove("without the selection", SELECTION, seen_on=_selected),
        remove("without the plan", PLAN, seen_on=_selected_by),
        edit("without the first", _without_the_first, SELECTION, seen_on=_first),
        edit("without the last", _without_the_last, SELECTION, seen_on=_last),
        put("resources", [], SELECTION, seen_on=_selected),
        edit("of the other region", _in_the_other_region, SELECTION, seen_on=_first),
    ],
)
def backup_covered(resource: Resource) -> Iterator[str]:
    """A table's ARN names a region; the selection must be there too."""
    places = sorted(regions(resource))
    selections = [each for each in resource.deployment.resources(SELECTION) if _belongs_to_a_plan(each)]
    if not places:
        yield "its region is not known, so that no plan can be in it"
    for region in places:
        if not any(_covers(selection, resource, region) for selection in selections):
            yield f"no selection of a plan in {region} names it"


def _belongs_to_a_plan(selection: Resource) -> bool:
    plan = selection.target("plan_id")
    return plan is not None and plan.type == PLAN and plan.region == selection.region


def _covers(selection: Resource, resource: Resource, region: str) -> bool:
    named = selection.items("resources")
    return selection.region == region and any(_is_of(selection, item, resource, region) for item in named)


def _is_of(selection: Resource, item: object, resource: Resource, region: str) -> bool:
    """Whether a value is the ARN of the resource in a region."""
    deployment, stack = selection.deployment, selection.stack
    led = list(deployment.destinations(stack, item))
    if deployment.target(stack, item) is resource:
        return resource.region == region and all(attribute.endswith("arn") for _, attribute in led)
    text = deployment.literal(stack, item) or str(item)
    name = resource.literal(_NAMES.get(resource.type, "id"))
    is_called = name is not None and _LAST.split(text)[-1] == name
    return f":{region}:" in text and (is_called or resource in [found for found, _ in led])
