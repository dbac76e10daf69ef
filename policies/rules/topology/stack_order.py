"""Stacks can be applied in an order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource, Stack
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule

_STATE: Final = "terraform_remote_state"
_READ: Final = f"data.{_STATE}"
_PLACE: Final = {"bucket": "tap-state-usw2-000000000000", "region": "us-west-2"}
_BACKENDLESS: Final = {"provider": None}


def _reads(state: str) -> Any:
    """An edit: the state of another stack; False if the stack reads none such, or no circle comes of it."""

    def change(body: dict[str, Any], resource: Resource) -> bool:
        other = resource.stack if state == "own" else _last(resource)
        if other is None or other.backend is None:
            return False
        body["config"] = {**body["config"], "key": other.backend.get("key")}
        return True

    return change


def _last(resource: Resource) -> Stack | None:
    """A stack that needs the one of the resource."""
    deployment, name = resource.deployment, resource.stack.name
    return next((s for s in deployment.stacks if name in deployment.requirements[s.name]), None)


@rule(
    id="TAP_TOPOLOGY_STACK_ORDER",
    title="Stacks that read each other's outputs do not go round in a circle",
    risk="Nobody can deploy the platform again from nothing: each stack waits for the other, which shows on the day "
    "when a region has to be rebuilt.",
    remediation="Move what both stacks refer to into a stack that both depend on, and list the dependency in the "
    "manifest.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-10", "WA-REL:REL13-BP05"],
    judges=kind("terraform", _STATE, modes=("stack", "data"), where=lambda block: not block.stack.planned),
    passes=[{"aws_sns_topic": {"alone": {}}}],
    fails=[
        {_READ: {"own": {"backend": "s3", "config": {**_PLACE, "key": "dev/example.tfstate"}, **_BACKENDLESS}}},
        {_READ: {"unknown": {"backend": "s3", "config": {**_PLACE, "key": "dev/nobody.tfstate"}, **_BACKENDLESS}}},
        {_READ: {"nowhere": {"backend": "s3", **_BACKENDLESS}}},
    ],
    mutations=[
        edit("the state of its own stack", _reads("own"), _STATE, mode="data"),
        edit("the state of a stack that needs this one", _reads("last"), _STATE, mode="data"),
        put("config.key", "dev/nobody.tfstate", _STATE, mode="data"),
        drop("config", _STATE, mode="data"),
        put("backend", "local", _STATE, mode="data"),
    ],
)
def stack_order(block: Resource) -> Iterator[str]:
    """Judges each stack, and each state that it reads: one that no stack here keeps is known to nobody.

    A plan is of one stack and tells of no other, so it is not judged.
    """
    if block.mode == "stack":
        yield from _of_stack(block.stack)
    else:
        yield from _of_state(block)


def _of_stack(stack: Stack) -> Iterator[str]:
    if stack.name in stack.deployment.requirements.get(stack.name, ()):
        yield f"{stack.name} needs stacks that need it"
    for name in stack.dependencies:
        if stack.deployment.stack(name) is None:
            yield f"the manifest has it wait for {name}, which is no stack here"


def _of_state(state: Resource) -> Iterator[str]:
    deployment, reader = state.deployment, state.stack.name
    owner = deployment.state_owner(state)
    if owner is None:
        yield f"it reads {state.get('config')}, the state of none of the stacks here"
    elif owner.name == reader:
        yield f"{reader} reads its own state"
    elif reader in deployment.requirements.get(owner.name, ()):
        yield f"{reader} needs {owner.name}, which itself needs {reader}"
    elif _is_listed(deployment.stacks) and owner.name not in _before(state.stack):
        yield f"the manifest lets {reader} be applied before {owner.name}, whose outputs it reads"


def _is_listed(stacks: tuple[Stack, ...]) -> bool:
    """Whether a manifest says what depends on what."""
    return any(stack.dependencies for stack in stacks)


def _before(stack: Stack) -> set[str]:
    """The stacks that the manifest has applied before this one."""
    found: set[str] = set()
    waiting = [*stack.dependencies]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            other = stack.deployment.stack(name)
            waiting += other.dependencies if other else ()
    return found
