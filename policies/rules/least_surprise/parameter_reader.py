"""A parameter says who reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

_READER: Final = re.compile(r"Read by \S.*")


def _parameter(**body: Any) -> dict[str, Any]:
    return {"aws_ssm_parameter": {"it": {"name": "table", "type": "String", "insecure_value": "t", **body}}}


@rule(
    id="TAP_PARAMETER_READER",
    title="Every parameter names who reads it",
    risk="A parameter that nobody reads goes stale unnoticed, and one day somebody believes it.",
    remediation='Begin the description with "Read by" and the function or command; delete what has no reader.',
    severity=Severity.LOW,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CM-8", "WA-REL:REL08-BP01"],
    judges=kind("aws_ssm_parameter"),
    passes=[_parameter(description="Read by the notifier"), _parameter(description="Read by make status")],
    fails=[
        _parameter(),
        _parameter(description=""),
        _parameter(description="Name of the table"),
        _parameter(description="Read by "),
        _parameter(description="${var.about}"),
    ],
    mutations=[
        drop("description"),
        put("description", "The active region"),
        put("description", "Read by "),
    ],
)
def parameter_reader(parameter: Resource) -> Iterator[str]:
    """Whether the reader really reads it is for tests, which know both."""
    description = parameter.text("description")
    if description is None or not _READER.fullmatch(description):
        yield f"description = {parameter.get('description')!r} does not say who reads it"
