"""What is taken out of the configuration is destroyed, and not forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import edit
from policies.rule import Severity, kind, rule


def _removed(*written: object) -> Any:
    """An edit: a ``removed`` block for each value of ``destroy``."""

    def change(body: dict[str, Any], _: Resource) -> None:
        body["removed"] = [
            {"from": f"aws_sqs_queue.old_{number}", "lifecycle": {"destroy": destroy}}
            for number, destroy in enumerate(written)
        ]

    return change


@rule(
    id="TAP_DESTROY_FORGOTTEN",
    title="What is taken out of the configuration is destroyed, not forgotten",
    risk="A removed block with destroy = false drops the resource from the state and leaves it in the account, where "
    "nobody will find it again.",
    remediation="Let lifecycle.destroy be true in removed blocks, or leave the blocks out.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "NIST-800-53:CM-8", "WA-REL:REL08-BP04"],
    judges=kind("*", mode="stack"),
    # Without from, which a file needs: checkov 3.3.30 cannot read a plain value in a block of the top level.
    passes=[
        {"aws_sns_topic": {"any": {}}},
        {"aws_sns_topic": {"any": {}}, "removed": {"lifecycle": {"destroy": True}}},
    ],
    fails=[
        {"aws_sns_topic": {"any": {}}, "removed": {"lifecycle": {"destroy": False}}},
        {"aws_sns_topic": {"any": {}}, "removed": {"lifecycle": {"destroy": "false"}}},
        {"aws_sns_topic": {"any": {}}, "removed": {"lifecycle": {"destroy": "${var.destroy}"}}},
    ],
    mutations=[
        edit("a removed block that destroys nothing", _removed(False)),
        edit("a second removed block that destroys nothing", _removed(True, False)),
        edit("a removed block of which nobody knows", _removed("${var.destroy}")),
    ],
)
def destroy_forgotten(stack: Resource) -> Iterator[str]:
    """Terraform destroys what a ``removed`` block names, unless the block says otherwise.

    https://developer.hashicorp.com/terraform/language/block/removed
    """
    for removed in stack.blocks("removed"):
        for lifecycle in removed.blocks("lifecycle"):
            if "destroy" in lifecycle and lifecycle.flag("destroy") is not True:
                yield f"removed from {removed.get('from')}: destroy is {lifecycle.get('destroy')}, so that it stays"
