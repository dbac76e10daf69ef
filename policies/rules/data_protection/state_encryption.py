"""Terraform's state is encrypted where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

_ALWAYS: Final = frozenset({"remote", "cloud", "azurerm", "gcs"})
"""Backends of services that encrypt whatever they store."""


@rule(
    id="TAP_STATE_ENCRYPTION",
    title="Terraform's state is encrypted where it lies",
    risk="The state tells every address, ARN and setting of both regions; on a disk, whoever finds it can read it.",
    remediation="Keep it in S3 with encrypt = true.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.5.1", "NIST-800-53:SC-28", "WA-REL:REL09-BP02"],
    judges=kind("*", mode="backend"),
    passes=[
        {"aws_sns_topic": {"any": {}}, "backend": {"s3": {"bucket": "state", "key": "dev/x", "encrypt": True}}},
        {"aws_sns_topic": {"any": {}}, "backend": {"gcs": {"bucket": "state"}}},
    ],
    fails=[
        {"aws_sns_topic": {"any": {}}, "backend": {"s3": {"bucket": "state", "key": "dev/x"}}},
        {"aws_sns_topic": {"any": {}}, "backend": {"s3": {"bucket": "state", "key": "dev/x", "encrypt": False}}},
        {"aws_sns_topic": {"any": {}}, "backend": {"local": {"path": "terraform.tfstate"}}},
    ],
    mutations=[drop("encrypt"), put("encrypt", value=False), put("encrypt", "${var.encrypt}")],
)
def state_encryption(backend: Resource) -> Iterator[str]:
    """A backend that is not known to encrypt does not."""
    if backend.type == "s3":
        if backend.flag("encrypt") is not True:
            yield f"encrypt is {backend.get('encrypt')}, not true"
    elif backend.type not in _ALWAYS:
        yield f"the backend {backend.type} does not encrypt what it keeps"
