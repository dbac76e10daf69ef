"""Each stack keeps its state where everybody finds it, and for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Module, Resource, Stack
from policies.mutation import drop, edit, put, remove
from policies.rule import Example, Severity, kind, rule

_PLACE: Final = ("bucket", "key", "region")
"""https://developer.hashicorp.com/terraform/language/backend/s3"""

_GOOD: Final = {
    "bucket": "tap-state-usw2-000000000000",
    "key": "dev/example.tfstate",
    "region": "us-west-2",
    "use_lockfile": True,
}
_ANY: Final[Example] = {"aws_sns_topic": {"any": {}}}


def _is_root(block: Resource) -> bool:
    return not isinstance(block.stack, Module)


def _its_stack(backend: Resource) -> list[Resource]:
    return [backend.stack.itself]


def _of_another(body: dict[str, Any], backend: Resource) -> bool:
    """The place of another stack's state."""
    others = [stack.backend for stack in backend.deployment.stacks if stack is not backend.stack and stack.backend]
    if not others:
        return False
    body.update({name: others[0].get(name) for name in _PLACE})
    return True


@rule(
    id="TAP_STATE_BACKEND",
    title="Each stack declares a backend that others can reach, has a key of its own in it, and locks it",
    risk="The state lies on the machine of whoever applied last, or two stacks overwrite each other's; nobody else can "
    "change or destroy what was deployed.",
    remediation="Declare an S3 backend with bucket, region, a key for each stack and use_lockfile = true.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CM-2", "WA-REL:REL08-BP05"],
    judges=kind("terraform", mode="stack", where=_is_root),
    passes=[
        {**_ANY, "backend": {"s3": _GOOD}},
        {**_ANY, "backend": {"s3": {**_GOOD, "use_lockfile": None, "dynamodb_table": "tap-locks"}}},
        {**_ANY, "backend": {"gcs": {"bucket": "tap-state", "prefix": "dev/example"}}},
    ],
    fails=[
        {**_ANY, "backend": {}},
        {**_ANY, "backend": {"local": {"path": "terraform.tfstate"}}},
        {**_ANY, "backend": {"s3": {**_GOOD, "use_lockfile": False}}},
        {**_ANY, "backend": {"s3": {**_GOOD, "key": None}}},
        {**_ANY, "backend": {"s3": {**_GOOD, "bucket": "${var.bucket}"}}},
    ],
    mutations=[
        remove("without a backend", "s3", mode="backend", seen_on=_its_stack),
        drop("use_lockfile", "s3", mode="backend", seen_on=_its_stack),
        drop("key", "s3", mode="backend", seen_on=_its_stack),
        put("region", "${var.region}", "s3", mode="backend", seen_on=_its_stack),
        edit("the state of another stack", _of_another, "s3", mode="backend", seen_on=_its_stack),
    ],
    waivable=False,
)
def state_backend(block: Resource) -> Iterator[str]:
    """No backend and a local one are the same thing; a place that only the command line knows cannot be judged."""
    backend = block.stack.backend
    if backend is None:
        yield "it declares no backend, so that its state stays on the machine that applies it"
        return
    if backend.type == "local":
        yield "its backend is local, so that its state stays on the machine that applies it"
        return
    if backend.type == "s3":
        yield from _s3_faults(backend)
    others = [stack.name for stack in block.deployment.stacks if stack is not block.stack and _same(stack, backend)]
    if others:
        yield f"it keeps its state in the same place as {', '.join(sorted(others))}"


def _s3_faults(backend: Resource) -> Iterator[str]:
    for name in _PLACE:
        value = backend.get(name)
        if not isinstance(value, str) or not value or "${" in value:
            yield f"{name} of its backend is {value}, so nobody can tell where its state is"
    if backend.flag("use_lockfile") is not True and "dynamodb_table" not in backend:
        yield "its backend does not lock: two applies at once can destroy its state"


def _same(stack: Stack, backend: Resource) -> bool:
    other = stack.backend
    if other is None or other.type != backend.type:
        return False
    places = ("bucket", "key") if backend.type == "s3" else tuple(backend.body)
    return all(other.get(name) == backend.get(name) for name in places)
