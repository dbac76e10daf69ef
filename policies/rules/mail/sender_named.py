"""Who sends mail sends it as one address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement, documents
from policies.rule import ANY, Severity, kind, rule
from policies.rules.iam._statements import allowing, role_policy, spoiled
from policies.rules.iam._wildcards import has_wildcard, names_one

FROM: Final = "ses:FromAddress"
_EXACT: Final = frozenset({"stringequals", "stringequalsignorecase"})
_IDENTITY: Final = "arn:aws:ses:us-east-1:111122223333:identity/dev.tap.example"
_AS_PAYMENTS: Final = {"StringEquals": {FROM: "payments@dev.tap.example"}}


def _sends(statement: Statement) -> bool:
    return any(action.lower().startswith(("ses:send", "ses:*", "*")) for action in statement.actions)


def _may_send(resource: Resource) -> bool:
    identity = [document for document in documents(resource) if document.kind is Kind.IDENTITY]
    return any(_sends(statement) for document in identity for statement in document.allowing)


def _policy(**changes: Any) -> dict[str, Any]:
    sends = {"Action": "ses:SendEmail", "Resource": _IDENTITY, "Condition": _AS_PAYMENTS, **changes}
    return role_policy({name: value for name, value in sends.items() if value is not None})


def _spoil(**changes: Any) -> Any:
    def spoil(statement: dict[str, Any]) -> bool:
        actions = statement["Action"]
        if not any(action.startswith("ses:") for action in ([actions] if isinstance(actions, str) else actions)):
            return False
        statement.update(changes)
        return True

    return spoil


@rule(
    id="TAP_MAIL_SENDER_NAMED",
    title="Who may send mail may do so from one identity, and as addresses that were named",
    risk="A function that is taken over writes to anybody in anybody's name at the domain, signed.",
    remediation=f"Hold ses:SendEmail to the identity's ARN, and to the sender's address with StringEquals on {FROM}.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6", "NIST-800-53:SI-8", "WA-REL:REL10-BP03"],
    judges=kind(ANY, where=_may_send),
    passes=[
        _policy(),
        _policy(Action=["ses:SendEmail", "ses:SendRawEmail"]),
        _policy(Condition={"StringEquals": {FROM.lower(): ["a@dev.tap.example", "b@dev.tap.example"]}}),
    ],
    fails=[
        _policy(Condition=None),
        _policy(Condition={"StringLike": {FROM: "payments@dev.tap.example"}}),
        _policy(Condition={"StringEqualsIfExists": {FROM: "payments@dev.tap.example"}}),
        _policy(Condition={"StringEquals": {"ses:Recipients": "payments@dev.tap.example"}}),
        _policy(Condition={"StringEquals": {FROM: "*@dev.tap.example"}}),
        _policy(Resource="*"),
        _policy(Resource="arn:aws:ses:us-east-1:111122223333:identity/*"),
        _policy(Action="ses:*"),
        _policy(Action="*", Condition=None),
    ],
    mutations=[
        spoiled("without a condition", _spoil(Condition={})),
        spoiled("as anybody", _spoil(Condition={"StringLike": {FROM: "*@*"}})),
        spoiled("from any identity", _spoil(Resource="*")),
        spoiled("everything of SES", _spoil(Action="ses:*")),
    ],
)
def mail_sender_named(resource: Resource) -> Iterator[str]:
    """Addresses are compared whole: who may send as ``*@domain`` is everybody there."""
    for _, statement, about in allowing(resource, Kind.IDENTITY):
        if not _sends(statement):
            continue
        if any("*" in action for action in statement.actions):
            yield f"{about} it allows {', '.join(statement.actions)}, not sending alone"
        if not statement.resources or not all(names_one(text) for text in statement.resources):
            yield f"{about} it is about {', '.join(statement.resources) or 'everything'}, not one identity"
        named = [values for operator, key, values in statement.conditions if _names(operator, key)]
        if not any(values and not any(has_wildcard(value) for value in values) for values in named):
            yield f"{about} no StringEquals on {FROM} says as whom"


def _names(operator: str, key: str) -> bool:
    return operator.lower() in _EXACT and key.lower() == FROM.lower()
