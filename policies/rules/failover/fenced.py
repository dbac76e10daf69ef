"""Before another region's database becomes the writer, the region that had it is fenced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.model.workflows import definition, following, promoting, states
from policies.mutation import edit
from policies.rule import Severity, rule
from policies.rules.failover._workflow import FENCE, edited, failovers, workflow

_WRITES: Final = ("dynamodb:updateitem", "dynamodb:putitem", "dynamodb:transactwriteitems")


def _unconditional(definition: dict[str, Any]) -> None:
    for state in definition["States"].values():
        state.get("Arguments", {}).pop("ConditionExpression", None)


def _straight_to(target: str) -> Any:
    def change(definition: dict[str, Any]) -> None:
        definition["StartAt"] = target

    return edited(change)


def _a_way_around(definition: dict[str, Any]) -> None:
    """When fencing fails, promote all the same."""
    for state in definition["States"].values():
        if state.get("Arguments", {}).get("ConditionExpression"):
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": next(iter(_promotions(definition)))}]


def _promotions(definition: dict[str, Any]) -> list[str]:
    return [name for name, state in definition["States"].items() if "lobalCluster" in str(state.get("Resource", ""))]


@rule(
    id="TAP_FAILOVER_FENCED",
    title="Every way to a promotion passes a conditional write that fences the other region",
    risk="Two regions settle payments at the same time: the old one is alive behind a partition, and nothing told it "
    "to stop.",
    remediation="Write the new epoch and the other region's state to the control item, on condition of the epoch that "
    "was read, in a state that every path to the promotion passes; when that write fails, stop.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SC-24",
        "WA-REL:REL11-BP04",
        "WA-REL:REL11-BP05",
    ],
    judges=failovers(),
    passes=[
        workflow(),
        workflow(
            start="Confirm",
            states={"Confirm": {"Type": "Choice", "Choices": [{"Next": "Fence"}], "Default": "Stopped"}},
        ),
    ],
    fails=[
        workflow(start="Promote"),
        workflow(states={"Fence": {**FENCE, "Arguments": {"TableName": "sessions"}}}),
        workflow(
            start="Force", states={"Force": {"Type": "Choice", "Choices": [{"Next": "Promote"}], "Default": "Fence"}}
        ),
        workflow(states={"Fence": {**FENCE, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Promote"}]}}),
        workflow(states={"Fence": {**FENCE, "Resource": "arn:aws:states:::sns:publish"}}),
        workflow(definition="failoverGlobalCluster, but no JSON"),
    ],
    mutations=[
        edit("fences on no condition", edited(_unconditional)),
        edit("starts with the promotion", _straight_to("FailOver")),
        edit("starts behind the fence", _straight_to("WaitForFence")),
        edit("promotes although it could not fence", edited(_a_way_around)),
    ],
)
def failover_fenced(machine: Resource) -> Iterator[str]:
    """Follows every path from the start: none may reach a promotion but through the fence's success."""
    known, goals = states(machine), promoting(machine)
    if not known or not goals:
        yield "its definition cannot be read, so that no state is known to fence"
        return
    seen, ahead = set[str](), [definition(machine).text("StartAt") or ""]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        state = known[name]
        ahead += _failures(state) if _fences(state) else following(state)
    for goal in sorted(goals & seen):
        yield f"state {goal} can be reached without a conditional write to a table"


def _fences(state: Block) -> bool:
    """Whether it writes to a table on a condition; in JSONata and JSONPath alike."""
    resource = (state.text("Resource") or "").lower()
    arguments = state.block("Arguments") or state.block("Parameters")
    return resource.endswith(_WRITES) and bool(arguments.text("ConditionExpression"))


def _failures(state: Block) -> set[str]:
    """Where a state leads when it has not done its work."""
    return {name for way in state.blocks("Catch") if (name := way.text("Next"))}
