"""A failover ends, one way or the other, within a time that is written down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.model.workflows import definition, states
from policies.mutation import edit
from policies.rule import Severity, rule
from policies.rules.failover._workflow import FENCE, edited, failovers, without, workflow


def _without_timeout(definition: dict[str, Any]) -> None:
    definition.pop("TimeoutSeconds", None)


def _heartbeat_only(definition: dict[str, Any]) -> None:
    definition["TimeoutSeconds"] = 0


@rule(
    id="TAP_FAILOVER_BOUNDED",
    title="A failover workflow and each of its tasks have a time limit",
    risk="A step that waits for a region which is gone waits for a year, and nobody is told that the failover hangs.",
    remediation="Set TimeoutSeconds at the top of the definition and in every task.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:CP-2(5)",
        "WA-REL:REL05-BP05",
        "WA-REL:REL13-BP01",
    ],
    judges=failovers(),
    passes=[workflow(), workflow(states={"Pause": {"Type": "Wait", "Seconds": 5, "Next": "Promote"}})],
    fails=[
        workflow(top={"TimeoutSeconds": None}),
        workflow(top={"TimeoutSeconds": 0}),
        workflow(states={"Fence": {**FENCE, "TimeoutSeconds": None}}),
        workflow(definition="failoverGlobalCluster, but no JSON"),
    ],
    mutations=[
        edit("without a time limit", edited(_without_timeout)),
        edit("with a time limit of nothing", edited(_heartbeat_only)),
        edit("tasks without time limits", without("TimeoutSeconds")),
        edit("a promotion without a time limit", without("TimeoutSeconds", "FailOver")),
    ],
)
def failover_bounded(machine: Resource) -> Iterator[str]:
    """Step Functions' own limit is a year: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""
    if not _limit(definition(machine).number("TimeoutSeconds")):
        yield "its definition has no TimeoutSeconds at the top"
    for name, state in states(machine).items():
        if state.text("Type") == "Task" and not _limit(state.number("TimeoutSeconds")):
            yield f"state {name}: the task has no TimeoutSeconds"


def _limit(seconds: float | None) -> bool:
    return seconds is not None and seconds > 0
