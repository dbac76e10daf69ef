"""A queue wakes no more consumers at once than there is room for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import MAPPING, consumer, reads_a_queue, settling

FEWEST, MOST = 2, 1000
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""

_FUNCTION: Final = "aws_lambda_function"


def _mappings(function: Resource) -> list[Resource]:
    return [m for m in function.users(MAPPING) if reads_a_queue(m) and consumer(m) is function]


@rule(
    id="TAP_MESSAGING_CONCURRENCY",
    title="A queue wakes no more consumers at once than concurrency is reserved for",
    risk="Without a limit a full queue takes the concurrency that payments are accepted with, and more connections "
    "than the database has; above what is reserved, messages are refused until they are given up.",
    remediation="Set scaling_config.maximum_concurrency, and reserve at least as much for the function with "
    "reserved_concurrent_executions.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SC-5(2)", "NIST-800-53:SC-6", "WA-REL:REL05-BP04"],
    judges=kind(MAPPING, where=reads_a_queue),
    passes=[settling(), settling(mapping={"scaling_config": [{"maximum_concurrency": 2}]})],
    fails=[
        settling(mapping={"scaling_config": None}),
        settling(mapping={"scaling_config": {"maximum_concurrency": 51}}),
        settling(mapping={"scaling_config": {"maximum_concurrency": 1}}),
        settling(mapping={"scaling_config": {"maximum_concurrency": "${var.most}"}}),
        settling(processor={"reserved_concurrent_executions": None}),
        settling(mapping={"function_name": "${var.function}"}),
    ],
    mutations=[
        drop("scaling_config"),
        put("scaling_config.maximum_concurrency", MOST),
        put("reserved_concurrent_executions", 1, _FUNCTION, where=lambda f: bool(_mappings(f)), seen_on=_mappings),
        drop("reserved_concurrent_executions", _FUNCTION, where=lambda f: bool(_mappings(f)), seen_on=_mappings),
    ],
)
def messaging_concurrency(mapping: Resource) -> Iterator[str]:
    """What is reserved counts once for each mapping; what is not known is not enough."""
    most = mapping.block("scaling_config").number("maximum_concurrency")
    if most is None or not FEWEST <= most <= MOST:
        yield f"maximum_concurrency is {mapping.block('scaling_config').get('maximum_concurrency')}"
        return
    function = consumer(mapping)
    if function is None:
        yield f"function_name is {mapping.get('function_name')}, which is no function that is deployed here"
        return
    reserved = function.number("reserved_concurrent_executions")
    if reserved is None or reserved < most:
        yield f"it wakes up to {most:g} at once, and {function.get('reserved_concurrent_executions')} are reserved"
