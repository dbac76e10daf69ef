"""Terraform's state survives the primary region, and one run at a time changes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import ANY, Severity, kind, rule


def _keeps_state(block: Resource) -> bool:
    """Backends, and root modules that declare none; modules have the state of their caller."""
    if block.stack.planned or block.stack.prefix:
        return False
    return block.mode == "backend" or block.stack.backend is None


def _in_the_primary(body: dict[str, Any], backend: Resource) -> bool:
    body["region"] = backend.deployment.primary
    return True


def _backend(**settings: Any) -> dict[str, Any]:
    state = {"bucket": "state", "key": "dev/x.tfstate", "region": "us-west-2", "encrypt": True, "use_lockfile": True}
    s3 = {name: value for name, value in {**state, **settings}.items() if value is not None}
    return {"aws_sns_topic": {"any": {}}, "backend": {"s3": s3}}


@rule(
    id="TAP_RECOVERY_STATE_PLACE",
    title="Terraform's state is in S3 outside the primary region, with a lock",
    risk="State that is lost with the primary leaves a recovered platform that nobody can change or remove; without a "
    "lock two people who recover at the same time overwrite each other's state.",
    remediation="Use the S3 backend with a bucket in the standby region and use_lockfile = true.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-6", "NIST-800-53:CP-9", "WA-REL:REL13-BP02"],
    judges=kind(ANY, modes=("backend", "stack"), where=_keeps_state),
    passes=[_backend(), _backend(region="eu-west-1"), _backend(use_lockfile=None, dynamodb_table="locks")],
    fails=[
        _backend(region="us-east-1"),
        _backend(region=None),
        _backend(region="${var.region}"),
        _backend(use_lockfile=None),
        _backend(use_lockfile=False),
        {"aws_sns_topic": {"any": {}}, "backend": {"local": {"path": "terraform.tfstate"}}},
        {"aws_sns_topic": {"any": {}}, "backend": {}},
    ],
    mutations=[
        edit("in the primary region", _in_the_primary),
        put("region", None),
        put("use_lockfile", value=False),
        remove("no backend", "s3", mode="backend", seen_on=lambda backend: [backend.stack.itself]),
    ],
)
def recovery_state_place(block: Resource) -> Iterator[str]:
    """That it is encrypted is TAP_STATE_ENCRYPTION's. Where no backend is declared, the state is a file on a disk."""
    if block.mode == "stack":
        yield "no backend is declared: the state is a file on the disk of whoever applies it"
        return
    if block.type != "s3":
        yield f"the backend is {block.type}, of which it is not known which region it is lost with"
        return
    region, primary = block.literal("region"), block.deployment.primary
    if region is None or region == primary:
        yield f"region is {block.get('region')}; the primary region is {primary}"
    if block.flag("use_lockfile") is not True and not block.literal("dynamodb_table"):
        yield f"use_lockfile is {block.get('use_lockfile')}, and no dynamodb_table keeps a lock"
