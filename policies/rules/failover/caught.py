"""A step of a failover that fails is tried again, and then ends in a state that says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.model.workflows import states
from policies.mutation import edit
from policies.rule import Severity, rule
from policies.rules.failover._workflow import FENCE, edited, failovers, without, workflow

ALL = "States.ALL"


def _one_error_only(definition: dict[str, Any]) -> None:
    for state in definition["States"].values():
        for way in state.get("Catch", []):
            way["ErrorEquals"] = ["States.Timeout"]


def _to_nowhere(definition: dict[str, Any]) -> None:
    for state in definition["States"].values():
        for way in state.get("Catch", []):
            way["Next"] = "Nowhere"


@rule(
    id="TAP_FAILOVER_CAUGHT",
    title="Every task of a failover workflow is retried, and its failure leads to a state of the workflow",
    risk="One lost answer stops the failover half-way, and the person on call sees a stack trace instead of the step "
    "that failed.",
    remediation="Give each task a Retry, and a Catch of States.ALL that leads to a state which says where it stopped.",
    severity=Severity.HIGH,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SI-11",
        "WA-REL:REL05-BP03",
        "WA-REL:REL13-BP05",
    ],
    judges=failovers(),
    passes=[workflow()],
    fails=[
        workflow(states={"Fence": {**FENCE, "Retry": None}}),
        workflow(states={"Fence": {**FENCE, "Catch": []}}),
        workflow(states={"Fence": {**FENCE, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Stopped"}]}}),
        workflow(states={"Fence": {**FENCE, "Catch": [{"ErrorEquals": [ALL], "Next": "Nowhere"}]}}),
        workflow(definition="failoverGlobalCluster, but no JSON"),
    ],
    mutations=[
        edit("tasks that are tried once", without("Retry")),
        edit("tasks whose failure nobody catches", without("Catch")),
        edit("tasks that catch one error only", edited(_one_error_only)),
        edit("failures that lead nowhere", edited(_to_nowhere)),
        edit("a promotion that is tried once", without("Retry", "FailOver")),
    ],
)
def failover_caught(machine: Resource) -> Iterator[str]:
    """A promotion's failure is the workflow's most important answer."""
    known = states(machine)
    if not known:
        yield "its definition cannot be read"
    for name, state in known.items():
        if state.text("Type") != "Task":
            continue
        if not any(retry.texts("ErrorEquals") and retry.number("MaxAttempts") != 0 for retry in state.blocks("Retry")):
            yield f"state {name}: the task is not tried again (Retry)"
        if not any(_catches_all(way) and way.text("Next") in known for way in state.blocks("Catch")):
            yield f"state {name}: no Catch of {ALL} leads to a state of the workflow"


def _catches_all(way: Block) -> bool:
    return ALL in way.texts("ErrorEquals")
