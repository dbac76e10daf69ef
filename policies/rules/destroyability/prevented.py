"""No lifecycle forbids Terraform to destroy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule


def _forbidden(body: dict[str, Any], _: Resource) -> None:
    body["lifecycle"] = {"prevent_destroy": True}


@rule(
    id="TAP_DESTROY_PREVENTED",
    title="No lifecycle forbids Terraform to destroy",
    risk="One resource with prevent_destroy makes every destroy of its stack fail before it has begun, and with it the "
    "destroy of all stacks that come after.",
    remediation="Leave prevent_destroy out of the lifecycle.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "WA-REL:REL08-BP04"],
    judges=kind("*", where=lambda resource: "lifecycle" in resource),
    passes=[
        {"aws_rds_cluster": {"ledger": {"lifecycle": {"ignore_changes": ["engine_version"]}}}},
        {"aws_rds_cluster": {"ledger": {"lifecycle": [{"prevent_destroy": False}]}}},
    ],
    fails=[
        {"aws_rds_cluster": {"ledger": {"lifecycle": {"prevent_destroy": True}}}},
        {"aws_rds_cluster": {"ledger": {"lifecycle": [{"prevent_destroy": "true"}]}}},
        {"aws_rds_cluster": {"ledger": {"lifecycle": {"prevent_destroy": "${var.keep}"}}}},
        {"aws_rds_cluster": {"ledger": {"lifecycle": {"destroy": False}}}},
    ],
    mutations=[
        put("lifecycle.prevent_destroy", value=True),
        put("lifecycle.prevent_destroy", "${var.keep}"),
        put("lifecycle.destroy", value=False),
        edit("another lifecycle", _forbidden, "aws_dynamodb_table", "aws_kms_key", "aws_secretsmanager_secret"),
    ],
)
def destroy_prevented(resource: Resource) -> Iterator[str]:
    """``prevent_destroy`` stops Terraform; ``destroy = false``, which OpenTofu knows, makes it forget."""
    for lifecycle in resource.blocks("lifecycle"):
        if "prevent_destroy" in lifecycle and lifecycle.flag("prevent_destroy") is not False:
            yield f"lifecycle.prevent_destroy is {lifecycle.get('prevent_destroy')}: every destroy fails"
        if "destroy" in lifecycle and lifecycle.flag("destroy") is not True:
            yield f"lifecycle.destroy is {lifecycle.get('destroy')}: it is forgotten instead of destroyed"
