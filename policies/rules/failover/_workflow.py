"""Workflows of the examples, and which of a deployment's state machines these rules are about."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.workflows import MACHINE, promotes
from policies.rule import Kind, kind

FENCE: Final[dict[str, Any]] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::dynamodb:updateItem",
    "Arguments": {"TableName": "sessions", "ConditionExpression": "epoch = :read"},
    "TimeoutSeconds": 30,
    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Stopped"}],
    "Next": "Promote",
}
PROMOTE: Final[dict[str, Any]] = {
    **FENCE,
    "Resource": "arn:aws:states:::aws-sdk:rds:failoverGlobalCluster",
    "Arguments": {"GlobalClusterIdentifier": "ledger"},
    "Next": "Done",
}


def is_failover(machine: Resource) -> bool:
    """Whether it makes another cluster the writer of a global database."""
    return promotes(machine.text("definition") or "")


def failovers() -> Kind:
    """The workflows that promote a database."""
    return kind(MACHINE, where=is_failover)


def workflow(
    *, start: str = "Fence", states: dict[str, Any] | None = None, top: dict[str, Any] | None = None, **body: Any
) -> dict[str, Any]:
    """A workflow that fences and promotes, with other states, top-level fields or attributes of the resource."""
    definition = {
        "StartAt": start,
        "TimeoutSeconds": 480,
        "States": {
            "Fence": FENCE,
            "Promote": PROMOTE,
            "Done": {"Type": "Succeed"},
            "Stopped": {"Type": "Fail"},
            **(states or {}),
        },
        **(top or {}),
    }
    return {MACHINE: {"failover": {"name": "failover", "definition": json.dumps(definition), **body}}}


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any], Resource], bool]:
    """An edit of a state machine's definition."""

    def edit(body: dict[str, Any], _: Resource) -> bool:
        try:
            definition = json.loads(str(body.get("definition")))
        except ValueError:
            return False
        change(definition)
        body["definition"] = json.dumps(definition)
        return True

    return edit


def without(field: str, *states: str) -> Callable[[dict[str, Any], Resource], bool]:
    """An edit that takes a field from the named states; from every task if none is named."""

    def change(definition: dict[str, Any]) -> None:
        for name, state in definition["States"].items():
            if name in states or (not states and state.get("Type") == "Task"):
                state.pop(field, None)

    return edited(change)
