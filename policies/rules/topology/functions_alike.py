"""A function can do in either region what it can do in the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, rule
from policies.rules.topology._pairs import apart, twinned
from policies.rules.topology.functions_code import CODE

_WEST: Final = {"provider": "aws.usw2"}
_PAY: Final = {"memory_size": 1024, "timeout": 10, "reserved_concurrent_executions": 400}
_TABLE: Final = {"environment": {"variables": {"TABLE": "sessions", "REGION": "us-east-1"}}}
_TABLE_WEST: Final = {"environment": [{"variables": {"TABLE": "sessions", "REGION": "us-west-2"}}]}


def _variables(change: dict[str, str] | None) -> Any:
    """An edit of the environment: one variable more, or none at all of those that are there."""

    def edited(body: dict[str, Any], _: Resource) -> bool:
        environment = body.get("environment")
        if not isinstance(environment, dict):
            return False
        environment["variables"] = {**environment["variables"], **change} if change else {}
        return True

    return edited


@rule(
    id="TAP_TOPOLOGY_FUNCTIONS_ALIKE",
    title="Functions have the same memory, time, concurrency and environment in both regions",
    risk="The region that takes over is slower, is throttled, or lacks a variable: it fails under the load that the "
    "other carried.",
    remediation="Give both functions the same settings and the same environment variables; let values differ by the "
    "region only.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CP-2(2)", "NIST-800-53:CM-6", "WA-REL:REL01-BP02", "WA-REL:REL13-BP04"],
    judges=twinned("aws_lambda_function"),
    passes=[
        {"aws_lambda_function": {"pay_use1": {**_PAY, **_TABLE}, "pay_usw2": {**_WEST, **_PAY, **_TABLE_WEST}}},
    ],
    fails=[
        {"aws_lambda_function": {"pay_use1": _PAY, "pay_usw2": {**_WEST, **_PAY, "memory_size": 512}}},
        {"aws_lambda_function": {"pay_use1": _PAY, "pay_usw2": {**_WEST, "memory_size": 1024, "timeout": 10}}},
        {"aws_lambda_function": {"pay_use1": {**_PAY, **_TABLE}, "pay_usw2": {**_WEST, **_PAY}}},
        {"aws_lambda_function": {"pay_use1": {**_PAY, **_TABLE}, "pay_usw2": {**_WEST, **_PAY, **_TABLE}}},
    ],
    mutations=[
        put("memory_size", 512),
        put("timeout", 1),
        put("reserved_concurrent_executions", 1),
        drop("reserved_concurrent_executions"),
        put("tracing_config.mode", "PassThrough"),
        edit("a variable more", _variables({"FEATURE": "on"})),
        edit("without variables", _variables(None)),
        drop("vpc_config"),
    ],
)
def functions_alike(function: Resource) -> Iterator[str]:
    """Everything but the code, which is another rule's; a reference must lead to the twin of what the other's does."""
    yield from apart(function, but=CODE)
