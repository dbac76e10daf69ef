"""Nobody talks to a queue in the clear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import TRANSPORT, Statement, documents, refuses_plain
from policies.mutation import edit, remove
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import QUEUE

_POLICY: Final = "aws_sqs_queue_policy"


def _statement(**changes: Any) -> str:
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": f"${{{QUEUE}.payments.arn}}",
        "Condition": {"Bool": {TRANSPORT: "false"}},
    }
    kept = {name: value for name, value in {**refusal, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


def _queue(**changes: Any) -> dict[str, Any]:
    return {
        QUEUE: {"payments": {"name": "payments"}},
        _POLICY: {"payments": {"queue_url": f"${{{QUEUE}.payments.url}}", "policy": _statement(**changes)}},
    }


def _changed(old: str, new: str) -> Any:
    def change(body: dict[str, Any], _: Resource) -> bool:
        body["policy"] = str(body.get("policy")).replace(old, new)
        return True

    return change


def _guarded(policy: Resource) -> list[Resource]:
    queue = policy.target("queue_url")
    return [queue] if queue is not None and queue.type == QUEUE else []


@rule(
    id="TAP_MESSAGING_QUEUE_TLS",
    title="Every queue refuses whoever comes without TLS",
    risk="SQS has an endpoint without TLS too: a client that is set up wrongly sends and receives in the clear.",
    remediation=f'Add a policy that denies sqs:* to everybody while "{TRANSPORT}" is "false".',
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:4.2.1", "NIST-800-53:SC-8", "NIST-800-53:SC-8(1)", "WA-REL:REL13-BP04"],
    judges=kind(QUEUE),
    passes=[
        _queue(),
        _queue(Principal={"AWS": ["*"]}),
        _queue(Condition={"BoolIfExists": {TRANSPORT: ["false"]}}),
        {QUEUE: {"payments": {"policy": _statement(Resource="*")}}},
    ],
    fails=[
        {QUEUE: {"payments": {"name": "payments"}}},
        _queue(Effect="Allow"),
        _queue(Action="sqs:SendMessage"),
        _queue(Principal={"AWS": "arn:aws:iam::000000000000:root"}),
        _queue(Condition={"Bool": {TRANSPORT: "true"}}),
        _queue(Condition={"Bool": {TRANSPORT: "false"}, "StringEquals": {"aws:PrincipalAccount": "1"}}),
        _queue(Resource=f"${{{QUEUE}.another.arn}}"),
    ],
    mutations=[
        remove("without the policy", _POLICY, seen_on=_guarded),
        edit("allowed and not denied", _changed('"Deny"', '"Allow"'), _POLICY, seen_on=_guarded),
        edit("for one action only", _changed('"sqs:*"', '"sqs:SendMessage"'), _POLICY, seen_on=_guarded),
        edit("with TLS instead of without", _changed('"false"', '"true"'), _POLICY, seen_on=_guarded),
    ],
)
def messaging_queue_tls(queue: Resource) -> Iterator[str]:
    """The refusal must be for everybody, everything and the whole queue, and depend on nothing else."""
    places = [queue, *(policy for policy in queue.users(_POLICY) if policy.target("queue_url") is queue)]
    statements = [s for place in places for document in documents(place) for s in document.statements]
    if not any(_refuses(queue, statement) for statement in statements):
        yield f"none of its {len(statements)} policy statements denies sqs:* to everybody who comes without TLS"


def _refuses(queue: Resource, statement: Statement) -> bool:
    return refuses_plain(statement, "sqs") and any(_is_whole(queue, resource) for resource in statement.resources)


def _is_whole(queue: Resource, resource: str) -> bool:
    return resource == "*" or queue.deployment.target(queue.stack, resource) is queue
