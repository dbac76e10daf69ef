"""``make deploy STAGE=standby``: the region that settles nothing gets a version first, and is tried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from deployment import payment, state
from deployment.aws import client
from deployment.console import say
from deployment.errors import DeploymentError
from deployment.synthesis import Stack
from lib.settings import Settings

Stage = Literal["standby"]
SHARED: Final = "global"
_STACK_OF: Final = {"primary_region": "primary", "standby_region": "secondary"}
"""Which stack holds a region, by the name of the global stack's output."""

CHECKS: Final = ("/health/live", "/health/database")
SETTLED_SECONDS: Final = 300
"""What the standby accepts waits for a minute, is found by the active region's reconciler, and then settled."""


def is_complete(settings: Settings, stacks: Sequence[Stack]) -> bool:
    """Whether all stacks are deployed: before that no region is the standby."""
    return {stack.name for stack in stacks} <= set(state.deployed(settings))


def standby(shared: Mapping[str, Any]) -> str:
    """The region that the control item calls standby, while the other one is active; ``shared`` are global's outputs.

    Raises:
        DeploymentError: neither region may be changed before the other.
    """
    names: Mapping[str, str] = shared["regional_names"]
    table = client("dynamodb", shared["standby_region"])
    item = table.get_item(TableName=shared["sessions_table"], Key={"pk": {"S": "control"}}, ConsistentRead=True)["Item"]
    states = {name: value["S"] for name, value in item["regions"]["M"].items() if name in names}
    if "transition" in item or sorted(states.values()) != ["active", "standby"]:
        told = ", ".join(f"{name} is {value}" for name, value in sorted(states.items()))
        raise DeploymentError(
            f"There is no standby that could go first: {told}{', in a transition' if 'transition' in item else ''}.\n"
            "  Next: docs/runbooks/region-restored.md; or `make deploy`, which changes both regions."
        )
    return str(next(name for name, value in states.items() if value == "standby"))


def rotates(shared: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a deploy would renew the credentials, which the ledger and both regions must learn together."""
    return bool(shared.get("credentials_version") != settings.credentials_version)


def part(stacks: Sequence[Stack], shared: Mapping[str, Any], region: str) -> list[Stack]:
    """The stacks to apply: what both regions share, and the region's own."""
    own = next(stack for output, stack in _STACK_OF.items() if shared[output] == region)
    return [stack for stack in stacks if stack.name in (SHARED, own)]


def try_out(outputs: Mapping[str, Any], region: str) -> None:
    """Ask the region whether it is well, and let a payment that it accepts be settled.

    Raises:
        DeploymentError: it is not.
    """
    name = outputs[SHARED]["regional_names"][region]
    for path in CHECKS:
        answer = payment.well(name, path)
        say(f"  GET  https://{name}{path}  {answer.status}")
    payment.round_trip(outputs, to=region, within=SETTLED_SECONDS)
