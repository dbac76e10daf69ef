"""Roles are handed on only to the service that they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement
from policies.rule import Severity, rule
from policies.rules.iam._narrowing import holds
from policies.rules.iam._services import is_service
from policies.rules.iam._statements import allowing, readable, role_policy, spoiled
from policies.rules.iam._wildcards import has_wildcard, masked

_HANDING_ON: Final = "iam:passrole"
_ROLE: Final = "arn:aws:iam::111122223333:role/worker"
_TO_LAMBDA: Final = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}


def _passing(resource: object, condition: object = None, action: str = "iam:PassRole") -> dict[str, dict[str, Any]]:
    return role_policy({"Action": action, "Resource": resource, **({"Condition": condition} if condition else {})})


def _made_passing(statement: dict[str, Any], resource: str, condition: object) -> None:
    statement.update({"Action": "iam:PassRole", "Resource": resource})
    statement.pop("Condition", None)
    if condition:
        statement["Condition"] = condition


@rule(
    id="TAP_IAM_PASS_ROLE",
    title="iam:PassRole is allowed for named roles only, and only to a named service",
    risk="Whoever can hand any role to a function or a machine of his own has all permissions of all roles.",
    remediation="Name the role's ARN, and add StringEquals iam:PassedToService with the service that gets it.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6(10)", "WA-REL:REL10-BP03"],
    judges=readable(Kind.IDENTITY),
    passes=[
        _passing(_ROLE, _TO_LAMBDA),
        _passing("${aws_iam_role.worker.arn}", _TO_LAMBDA),
        role_policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::receipts/*"}),
    ],
    fails=[
        _passing("*", _TO_LAMBDA),
        _passing("arn:aws:iam::111122223333:role/*", _TO_LAMBDA),
        _passing("arn:aws:iam::*:role/worker", _TO_LAMBDA),
        _passing("${aws_iam_role.worker.arn}*", _TO_LAMBDA),
        _passing("${var.role}", _TO_LAMBDA),
        _passing(_ROLE),
        _passing(_ROLE, {"StringEquals": {"aws:SourceAccount": "111122223333"}}),
        _passing(_ROLE, {"StringLike": {"iam:PassedToService": "*"}}),
        _passing(_ROLE, {"StringEqualsIfExists": {"iam:PassedToService": "lambda.amazonaws.com"}}),
        _passing(_ROLE, None, "IAM:passrole"),
        _passing(_ROLE, None, "iam:Pass*"),
        _passing(_ROLE, None, "*"),
    ],
    mutations=[
        spoiled("any role", lambda statement: _made_passing(statement, "*", _TO_LAMBDA)),
        spoiled(
            "every role that begins alike",
            lambda statement: _made_passing(statement, "arn:aws:iam::111122223333:role/tap-*", _TO_LAMBDA),
        ),
        spoiled("to any service", lambda statement: _made_passing(statement, _ROLE, None)),
    ],
)
def pass_role(resource: Resource) -> Iterator[str]:
    """Each statement whose actions include iam:PassRole, be it by a wildcard, names roles and service exactly."""
    for _, statement, about in allowing(resource, Kind.IDENTITY):
        if not any(_includes(action) for action in statement.actions):
            continue
        for role in statement.resources:
            if role in statement.undecided or has_wildcard(role):
                yield f"{about} it allows iam:PassRole for {role}, not for a role by its name"
        if not _to_a_service(statement):
            yield f"{about} it allows iam:PassRole to any service, without a condition on iam:PassedToService"


def _includes(action: str) -> bool:
    """Whether an action is, or matches, iam:PassRole."""
    pattern = re.escape(masked(action).lower()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, _HANDING_ON) is not None


def _to_a_service(statement: Statement) -> bool:
    return any(
        key.lower() == "iam:passedtoservice" and holds(statement, operator, values, is_service)
        for operator, key, values in statement.conditions
    )
