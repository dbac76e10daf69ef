"""A message stays hidden for as long as its consumer may work on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import MAPPING, QUEUE, consumer, reads_a_queue, settling, source

TIMES: Final = 6
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""

DEFAULT_VISIBILITY: Final = 30
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""

DEFAULT_TIMEOUT: Final = 3
"""https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""


def _mappings(resource: Resource) -> list[Resource]:
    """The mappings that read from a queue, or that wake a function."""
    mappings = [mapping for mapping in resource.users(MAPPING) if reads_a_queue(mapping)]
    return [mapping for mapping in mappings if resource in (source(mapping), consumer(mapping))]


@rule(
    id="TAP_MESSAGING_VISIBILITY",
    title=f"Messages stay hidden for {TIMES} times as long as their consumer may take",
    risk="A message comes back while it is still being worked on: the same payment is worked on twice at once, and "
    "messages are given up although nothing is wrong with them.",
    remediation=f"Set the queue's visibility_timeout_seconds to {TIMES} times the function's timeout or more.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-10(2)", "WA-REL:REL05-BP03", "WA-REL:REL05-BP05"],
    judges=kind(MAPPING, where=reads_a_queue),
    passes=[settling(), settling(queue={"visibility_timeout_seconds": None}, processor={"timeout": 5})],
    fails=[
        settling(queue={"visibility_timeout_seconds": 359}),
        settling(queue={"visibility_timeout_seconds": None}),
        settling(queue={"visibility_timeout_seconds": "${var.hidden}"}),
        settling(processor={"timeout": "${var.timeout}"}),
        settling(mapping={"event_source_arn": "arn:aws:sqs:us-east-1:000000000000:payments"}),
        settling(mapping={"event_source_arn": "${var.queue}"}),
        settling(mapping={"function_name": "processor"}),
    ],
    mutations=[
        put("visibility_timeout_seconds", 60, QUEUE, where=lambda q: bool(_mappings(q)), seen_on=_mappings),
        drop("visibility_timeout_seconds", QUEUE, where=lambda q: bool(_mappings(q)), seen_on=_mappings),
        put("timeout", 900, "aws_lambda_function", where=lambda f: bool(_mappings(f)), seen_on=_mappings),
    ],
)
def messaging_visibility(mapping: Resource) -> Iterator[str]:
    """Both values must be known; AWS's defaults stand for what is not written."""
    queue, function = source(mapping), consumer(mapping)
    if queue is None:
        yield f"event_source_arn is {mapping.get('event_source_arn')}, which is no queue that is deployed here"
    if function is None:
        yield f"function_name is {mapping.get('function_name')}, which is no function that is deployed here"
    if queue is None or function is None:
        return
    hidden = _seconds(queue, "visibility_timeout_seconds", DEFAULT_VISIBILITY)
    timeout = _seconds(function, "timeout", DEFAULT_TIMEOUT)
    if hidden is None:
        yield f"visibility_timeout_seconds of the queue is {queue.get('visibility_timeout_seconds')}"
    elif timeout is None:
        yield f"timeout of the function is {function.get('timeout')}"
    elif hidden < TIMES * timeout:
        yield f"messages are hidden for {hidden:g} s, less than {TIMES} times the {timeout:g} s of the function"


def _seconds(resource: Resource, name: str, default: float) -> float | None:
    return resource.number(name) if name in resource else default
