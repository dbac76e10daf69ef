"""What a failover did can be read afterwards, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, rule
from policies.rules.failover._workflow import failovers, workflow

_GOOD: Final[dict[str, Any]] = {
    "logging_configuration": {"level": "ALL", "include_execution_data": True, "log_destination": "arn:*"},
    "tracing_configuration": {"enabled": True},
}


@rule(
    id="TAP_FAILOVER_TRACED",
    title="A failover workflow logs every step with its data, and is traced",
    risk="After the failover nobody can say who started it, why, which step took how long, and what it changed.",
    remediation="Set logging_configuration (level ALL, include_execution_data, a log group) and tracing_configuration.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.2.1", "NIST-800-53:AU-2", "NIST-800-53:IR-4", "WA-REL:REL06-BP01", "WA-REL:REL12-BP01"],
    judges=failovers(),
    passes=[workflow(**_GOOD)],
    fails=[
        workflow(),
        workflow(**{**_GOOD, "tracing_configuration": {"enabled": False}}),
        workflow(**{**_GOOD, "logging_configuration": {**_GOOD["logging_configuration"], "level": "ERROR"}}),
        workflow(**{**_GOOD, "logging_configuration": {"level": "ALL", "include_execution_data": True}}),
    ],
    mutations=[
        put("logging_configuration.level", "ERROR"),
        put("logging_configuration.include_execution_data", False),
        drop("logging_configuration.log_destination"),
        drop("logging_configuration"),
        put("tracing_configuration.enabled", False),
        drop("tracing_configuration"),
    ],
)
def failover_traced(machine: Resource) -> Iterator[str]:
    """The input holds a reason, no payment and no secret."""
    logging = machine.block("logging_configuration")
    if logging.text("level") != "ALL":
        yield f"logging_configuration level is {logging.get('level')}, not ALL"
    if logging.flag("include_execution_data") is not True:
        yield "logging_configuration leaves out the execution's data"
    if not logging.text("log_destination"):
        yield "logging_configuration names no log group"
    if machine.block("tracing_configuration").flag("enabled") is not True:
        yield "tracing is not enabled"
