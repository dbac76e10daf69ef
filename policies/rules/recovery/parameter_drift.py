"""Terraform gives a parameter that somebody keeps its first value, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, documents
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

_PARAMETER: Final = "aws_ssm_parameter"
_WRITES: Final = "ssm:putparameter"


def _is_kept(parameter: Resource) -> bool:
    """Whether some role may write it. A name that is not known counts as one that somebody writes."""
    name = parameter.text("name")
    return not parameter.stack.planned and any(
        name is None or resource.partition(":parameter/")[2] == name.removeprefix("/")
        for holder in parameter.deployment.resources("aws_iam_role_policy", "aws_iam_policy")
        for document in documents(holder)
        if document.kind is Kind.IDENTITY
        for statement in document.allowing
        if _WRITES in map(str.lower, statement.actions)
        for resource in statement.resources
    )


def _kept(**lifecycle: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Action": "ssm:PutParameter",
        "Resource": "arn:aws:ssm:us-east-1:123456789012:parameter/active-region",
    }
    return {
        _PARAMETER: {"it": {"name": "active-region", "insecure_value": "none", "lifecycle": lifecycle}},
        "aws_iam_role_policy": {"writer": {"policy": json.dumps({"Statement": [statement]})}},
    }


@rule(
    id="TAP_RECOVERY_PARAMETER_DRIFT",
    title="Terraform ignores the value of parameters that functions or workflows write",
    risk="The next apply after a failover says again that the old region is the active one, to whoever asks at night.",
    remediation='Add "insecure_value" ("value" of a SecureString) to lifecycle.ignore_changes; or let nobody write it.',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CP-10", "NIST-800-53:CM-3", "WA-REL:REL13-BP04"],
    judges=kind(_PARAMETER, where=_is_kept),
    passes=[
        _kept(ignore_changes=["insecure_value"]),
        _kept(ignore_changes="all"),
        _kept(ignore_changes=["value", "tags"]),
    ],
    fails=[_kept(), _kept(ignore_changes=["description"]), _kept(ignore_changes=[])],
    mutations=[
        drop("lifecycle"),
        put("lifecycle.ignore_changes", []),
        put("lifecycle.ignore_changes", ["description"]),
    ],
)
def recovery_parameter_drift(parameter: Resource) -> Iterator[str]:
    """A plan does not tell what is ignored, so that only what is written is judged."""
    ignored = parameter.block("lifecycle").texts("ignore_changes")
    if not {"insecure_value", "value"} & set(ignored) and ignored != ("all",):
        yield f"lifecycle.ignore_changes lacks insecure_value: {', '.join(ignored) or 'nothing is ignored'}"
