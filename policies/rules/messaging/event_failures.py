"""An event that a function fails on is tried again, and then kept aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import QUEUE
from policies.rules.messaging._topics import (
    FUNCTION,
    INVOCATION,
    ROLE_POLICY,
    TOPIC,
    is_told,
    may,
    policy,
    replaced,
    statement,
    telling,
    told_functions,
    told_with,
)

_SENDS: Final = {QUEUE: "sqs:SendMessage", TOPIC: "sns:Publish"}
_MOST: Final = 2
"""https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"""


def _configured(invocation: Resource) -> list[Resource]:
    return [function for function in told_functions(invocation) if invocation.target("function_name") is function]


@rule(
    id="TAP_MESSAGING_EVENT_FAILURES",
    title="An event that a function fails on is tried again, and then kept in its region",
    risk="Lambda takes an event from SNS at once and tries it alone: what it gives up is lost, and SNS believes that "
    "it was delivered.",
    remediation="Give the function an on_failure destination, a queue of its region to which its role may send, and "
    "leave it at least one retry.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SI-11", "NIST-800-53:CP-10(2)", "WA-REL:REL05-BP03"],
    judges=kind(FUNCTION, where=is_told),
    passes=[
        telling(),
        telling(invocation={"maximum_retry_attempts": None}),
        telling(
            invocation={"destination_config": None},
            notifier={"dead_letter_config": {"target_arn": f"${{{QUEUE}.dead.arn}}"}},
        ),
    ],
    fails=[
        telling(invocation={"function_name": "another"}),
        telling(invocation={"destination_config": None}),
        telling(invocation={"destination_config": {"on_failure": {"destination": "${var.destination}"}}}),
        telling(invocation={"maximum_retry_attempts": 0}),
        telling(invocation={"maximum_retry_attempts": "${var.retries}"}),
        telling(dead={"provider": "aws.usw2"}),
        telling(role_policy={"policy": policy(statement("sqs:ReceiveMessage", Resource="*"))}),
        telling(role_policy={"policy": policy(statement("sqs:SendMessage", Resource="${aws_sqs_queue.another.arn}"))}),
        telling(notifier={"role": "${var.role}"}),
    ],
    mutations=[
        remove("without the configuration", INVOCATION, seen_on=_configured),
        drop("destination_config", INVOCATION, seen_on=_configured),
        put("destination_config.on_failure.destination", "", INVOCATION, seen_on=_configured),
        put("maximum_retry_attempts", 0, INVOCATION, seen_on=_configured),
        edit("may not send there", replaced("sqs:SendMessage", "sqs:GetQueueUrl"), ROLE_POLICY, seen_on=told_with),
    ],
)
def messaging_event_failures(function: Resource) -> Iterator[str]:
    """A subscription's own dead-letter queue gets what Lambda would not take, not what the function failed on."""
    configurations = [it for it in function.users(INVOCATION) if it.target("function_name") is function]
    for configuration in configurations:
        if "maximum_retry_attempts" in configuration:
            retries = configuration.number("maximum_retry_attempts")
            if retries is None or not 1 <= retries <= _MOST:
                yield f"maximum_retry_attempts is {configuration.get('maximum_retry_attempts')}, not 1 to {_MOST}"
    kept = [place for place in _kept(function, configurations) if place is not None and place.type in _SENDS]
    if not kept:
        yield "what it fails on goes to no queue or topic that is deployed here"
    for place in kept:
        if place.region != function.region:
            yield f"what it fails on goes to {place.path} in {place.region}, and it is in {function.region}"
        if not may(function, _SENDS[place.type], place):
            yield f"its role may not do {_SENDS[place.type]} on {place.path}"


def _kept(function: Resource, configurations: list[Resource]) -> Iterator[Resource | None]:
    deployment = function.deployment
    for configuration in configurations:
        failed = configuration.block("destination_config").block("on_failure")
        yield deployment.target(configuration.stack, failed.get("destination"))
    yield deployment.target(function.stack, function.block("dead_letter_config").get("target_arn"))
