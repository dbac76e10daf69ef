"""Nobody publishes to a topic in the clear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import TRANSPORT, Statement, denies_plain, documents
from policies.mutation import edit, remove
from policies.rule import Severity, kind, rule
from policies.rules.messaging._topics import TOPIC, TOPIC_POLICY, matches, policy, replaced, statement

_PUBLISH: Final = "sns:Publish"


def _topic(**changes: Any) -> dict[str, Any]:
    refusal = statement(
        _PUBLISH,
        Effect="Deny",
        Principal="*",
        Resource=f"${{{TOPIC}.settled.arn}}",
        Condition={"Bool": {TRANSPORT: "false"}},
    )
    return {
        TOPIC: {"settled": {"name": "settled"}},
        TOPIC_POLICY: {"settled": {"arn": f"${{{TOPIC}.settled.arn}}", "policy": policy({**refusal, **changes})}},
    }


def _guarded(document: Resource) -> list[Resource]:
    topic = document.target("arn")
    return [topic] if topic is not None and topic.type == TOPIC else []


@rule(
    id="TAP_MESSAGING_TOPIC_TLS",
    title="Every topic refuses whoever publishes without TLS",
    risk="SNS has an endpoint without TLS too: a client that is set up wrongly publishes in the clear.",
    remediation=f'Add a topic policy that denies {_PUBLISH} to everybody while "{TRANSPORT}" is "false".',
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:4.2.1", "NIST-800-53:SC-8", "NIST-800-53:SC-8(1)", "WA-REL:REL13-BP04"],
    judges=kind(TOPIC),
    passes=[
        _topic(),
        _topic(Principal={"AWS": ["*"]}),
        _topic(Condition={"BoolIfExists": {TRANSPORT: ["false"]}}),
        _topic(Action="sns:*"),
    ],
    fails=[
        {TOPIC: {"settled": {"name": "settled"}}},
        _topic(Effect="Allow"),
        _topic(Action="sns:Subscribe"),
        _topic(Principal={"AWS": "arn:aws:iam::000000000000:root"}),
        _topic(Condition={"Bool": {TRANSPORT: "true"}}),
        _topic(Condition={"Bool": {TRANSPORT: "false"}, "StringEquals": {"aws:PrincipalAccount": "1"}}),
        _topic(Resource=f"${{{TOPIC}.another.arn}}"),
    ],
    mutations=[
        remove("without the policy", TOPIC_POLICY, seen_on=_guarded),
        edit("allowed and not denied", replaced('"Deny"', '"Allow"'), TOPIC_POLICY, seen_on=_guarded),
        edit("with TLS instead of without", replaced('"false"', '"true"'), TOPIC_POLICY, seen_on=_guarded),
        edit("to one account", replaced('{"AWS": "*"}', '{"AWS": "111122223333"}'), TOPIC_POLICY, seen_on=_guarded),
    ],
)
def messaging_topic_tls(topic: Resource) -> Iterator[str]:
    """The refusal must be for everybody and the whole topic, and depend on nothing else."""
    places = [topic, *(document for document in topic.users(TOPIC_POLICY) if document.target("arn") is topic)]
    statements = [s for place in places for document in documents(place) for s in document.statements]
    if not any(_refuses(topic, statement) for statement in statements):
        yield f"none of its {len(statements)} policy statements denies {_PUBLISH} to everybody who comes without TLS"


def _refuses(topic: Resource, found: Statement) -> bool:
    return (
        denies_plain(found)
        and matches(found, _PUBLISH)
        and any(text == "*" or topic.deployment.target(topic.stack, text) is topic for text in found.resources)
    )
