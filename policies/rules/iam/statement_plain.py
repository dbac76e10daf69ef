"""Nothing is allowed by naming what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.rule import Severity, rule
from policies.rules.iam._statements import allowing, policy, readable, role_policy, spoiled


def _inverted(statement: dict[str, Any], element: str) -> bool:
    """Whether there was something to turn round."""
    if element not in statement:
        return False
    statement[f"Not{element}"] = statement.pop(element)
    return True


@rule(
    id="TAP_IAM_STATEMENT_PLAIN",
    title="Statements that allow use neither NotAction nor NotResource nor NotPrincipal",
    risk="Such a statement allows everything but what it names, and grows with every service that AWS adds.",
    remediation="Name the actions, resources and principals that are allowed; use the Not forms to deny only.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:7.3.3", "NIST-800-53:AC-6", "WA-REL:REL10-BP03"],
    judges=readable(),
    passes=[
        role_policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::receipts/*"}),
        role_policy({"Effect": "Deny", "NotAction": "s3:GetObject", "NotResource": "arn:aws:s3:::receipts/*"}),
    ],
    fails=[
        role_policy({"NotAction": "iam:*", "Resource": "arn:aws:s3:::receipts/*"}),
        role_policy({"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::receipts/*"}),
        {
            "aws_sqs_queue_policy": {
                "it": {
                    "policy": policy(
                        {
                            "Action": "sqs:SendMessage",
                            "Resource": "${aws_sqs_queue.it.arn}",
                            "NotPrincipal": {"AWS": "111122223333"},
                        }
                    )
                }
            }
        },
    ],
    mutations=[
        spoiled("NotAction", lambda statement: _inverted(statement, "Action")),
        spoiled("NotResource", lambda statement: _inverted(statement, "Resource")),
        spoiled("NotPrincipal", lambda statement: _inverted(statement, "Principal")),
    ],
)
def statement_plain(resource: Resource) -> Iterator[str]:
    """To deny all but something narrows; to allow all but something does not."""
    for _, statement, about in allowing(resource):
        if statement.not_actions:
            yield f"{about} it allows every action but {', '.join(statement.not_actions)}"
        if statement.not_resources:
            yield f"{about} it allows its actions on everything but {', '.join(statement.not_resources)}"
        if statement.not_principals:
            yield f"{about} it allows everybody but {', '.join(name for _, name in statement.not_principals)}"
