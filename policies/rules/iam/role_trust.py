"""Roles are assumed by the service that they are for, and for nobody else's account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement
from policies.rule import Severity, rule
from policies.rules.iam._narrowing import SOURCES, exact, holds, is_narrowed
from policies.rules.iam._services import is_service
from policies.rules.iam._statements import allowing, policy, readable, spoiled
from policies.rules.iam._wildcards import has_wildcard

_OURS: Final = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
_GITHUB: Final = "token.actions.githubusercontent.com"
_PROVIDER: Final = f"arn:aws:iam::111122223333:oidc-provider/{_GITHUB}"
_SUBJECT: Final = "repo:tap/tap:environment:production"


def _trust(principal: object, condition: object = None, action: str = "sts:AssumeRole") -> dict[str, dict[str, Any]]:
    statement = {"Action": action, "Principal": principal, **({"Condition": condition} if condition else {})}
    return {"aws_iam_role": {"it": {"assume_role_policy": policy(statement)}}}


def _federated(**conditions: object) -> dict[str, dict[str, Any]]:
    return _trust({"Federated": _PROVIDER}, conditions, "sts:AssumeRoleWithWebIdentity")


@rule(
    id="TAP_IAM_ROLE_TRUST",
    title="Roles are assumed only by a named service with a source, or by a federated subject",
    risk="A service that acts for anybody uses this role for a stranger; whoever else is trusted can pass it on.",
    remediation='Trust one service, such as "lambda.amazonaws.com", with StringEquals aws:SourceAccount or ArnLike '
    "aws:SourceArn; trust an OIDC provider with exact aud and sub.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:IA-9", "WA-REL:REL10-BP03"],
    judges=readable(Kind.TRUST),
    passes=[
        _trust({"Service": "lambda.amazonaws.com"}, _OURS),
        _trust(
            {"Service": "vpc-flow-logs.amazonaws.com"},
            {"ArnLike": {"aws:SourceArn": "arn:aws:ec2:us-east-1:111122223333:vpc-flow-log/*"}},
        ),
        _trust({"Service": "states.${data.aws_partition.it.dns_suffix}"}, _OURS),
        _federated(StringEquals={f"{_GITHUB}:aud": "sts.amazonaws.com", f"{_GITHUB}:sub": _SUBJECT}),
    ],
    fails=[
        _trust({"Service": "lambda.amazonaws.com"}),
        _trust({"Service": "lambda.amazonaws.com"}, {"Bool": {"aws:SecureTransport": "true"}}),
        _trust({"Service": "lambda.amazonaws.com"}, {"StringLike": {"aws:SourceAccount": "*"}}),
        _trust({"Service": "lambda.amazonaws.com"}, {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}),
        _trust({"Service": "*.amazonaws.com"}, _OURS),
        _trust({"Service": "lambda"}, _OURS),
        _trust({"Service": "${var.service}"}, _OURS),
        _trust({"AWS": "arn:aws:iam::111122223333:root"}, _OURS),
        _trust({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3"}}),
        _trust("*"),
        _trust(
            {"Federated": "*"}, {"StringEquals": {"x:aud": "sts.amazonaws.com", "x:sub": _SUBJECT}}, "sts:AssumeRole*"
        ),
        _trust({"Federated": _PROVIDER}, None, "sts:AssumeRoleWithWebIdentity"),
        _federated(StringEquals={f"{_GITHUB}:aud": "sts.amazonaws.com"}),
        _federated(StringEquals={f"{_GITHUB}:sub": _SUBJECT}),
        _federated(StringEquals={f"{_GITHUB}:aud": "sts.amazonaws.com"}, StringLike={f"{_GITHUB}:sub": "repo:tap/*"}),
    ],
    mutations=[
        spoiled("no condition", lambda statement: statement.pop("Condition", None) is not None),
        spoiled(
            "any account",
            lambda statement: statement.update({"Condition": {"StringLike": {"aws:SourceAccount": "*"}}}),
        ),
        spoiled(
            "everybody in the account",
            lambda statement: statement.update({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
        ),
        spoiled("any service", lambda statement: statement.update({"Principal": {"Service": "*"}})),
        spoiled(
            "one service more, and everybody",
            lambda statement: statement.update({"Principal": {**statement["Principal"], "AWS": "*"}}),
        ),
    ],
)
def role_trust(role: Resource) -> Iterator[str]:
    """A service needs a source that it acts for; a federated subject needs its audience; nobody else is trusted."""
    for _, statement, about in allowing(role, Kind.TRUST):
        for type_, name in statement.principals:
            fault = _fault(statement, type_, name)
            if fault:
                yield f"{about} {name} may assume the role {fault}"


def _fault(statement: Statement, type_: str, name: str) -> str | None:
    if name in statement.undecided or has_wildcard(name):
        return "and is nobody by a name"
    if type_ == "Federated":
        missing = [claim for claim in _claims(name) if not _claimed(statement, claim)]
        return f"without an exact {' and '.join(missing)}" if missing else None
    if type_ != "Service" or not is_service(name):
        return "and is no service by its name"
    return None if is_narrowed(statement, SOURCES) else "for anybody: no condition says for which account or source"


def _claims(provider: str) -> tuple[str, ...]:
    """What a token must say. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html"""
    return ("SAML:aud",) if "saml" in provider.lower() else ("aud", "sub")


def _claimed(statement: Statement, claim: str) -> bool:
    return any(
        key.lower().endswith(f":{claim.lower()}" if ":" not in claim else claim.lower())
        and holds(statement, operator, values, exact)
        for operator, key, values in statement.conditions
    )
