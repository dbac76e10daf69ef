"""A consumer says which messages of a batch it could not work off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import MAPPING, reads_a_queue, settling

PARTIAL: Final = "ReportBatchItemFailures"
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""


def _takes_several(mapping: Resource) -> bool:
    """Whether a mapping hands over more than one message at once; if it says nothing it does."""
    return reads_a_queue(mapping) and mapping.number("batch_size") != 1


@rule(
    id="TAP_MESSAGING_PARTIAL_BATCHES",
    title="Consumers of batches say which messages they could not work off",
    risk="One bad message brings the whole batch back, again and again, until good ones end in the dead-letter queue "
    "with it.",
    remediation=f'Set function_response_types = ["{PARTIAL}"], and let the function answer with batchItemFailures.',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SI-11", "NIST-800-53:CP-10(2)", "WA-REL:REL05-BP03"],
    judges=kind(MAPPING, where=_takes_several),
    passes=[settling(), settling(mapping={"batch_size": 10})],
    fails=[
        settling(mapping={"function_response_types": None}),
        settling(mapping={"function_response_types": []}),
        settling(mapping={"function_response_types": "${var.types}"}),
        settling(mapping={"event_source_arn": "${var.queue}", "function_response_types": None}),
    ],
    mutations=[
        drop("function_response_types"),
        put("function_response_types", []),
        put("function_response_types", ["Everything"]),
    ],
)
def messaging_partial_batches(mapping: Resource) -> Iterator[str]:
    """A mapping that hands over one message at a time has no part to tell of."""
    if PARTIAL not in mapping.texts("function_response_types"):
        yield f"function_response_types is {mapping.get('function_response_types')}, without {PARTIAL}"
