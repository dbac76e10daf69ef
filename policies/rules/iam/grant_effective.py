"""What is allowed can be done: an action that AWS cannot scope is not held to an ARN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.authorization import is_unscopable
from policies.model.deployment import Resource
from policies.model.iam import Kind
from policies.rule import Severity, rule
from policies.rules.iam._statements import allowing, readable, role_policy, spoiled
from policies.rules.iam._wildcards import masked

_JUDGED: Final = (Kind.IDENTITY, Kind.ENDPOINT)
_HERE: Final = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}


def _held_to(statement: dict[str, Any], resource: str) -> bool:
    if statement.get("Resource") != "*":
        return False
    statement["Resource"] = resource
    return True


@rule(
    id="TAP_IAM_GRANT_EFFECTIVE",
    title="Actions that AWS cannot scope are not held to ARNs, where they would be allowed nowhere",
    risk="The permission looks granted and is not: the first call fails, perhaps during a failover.",
    remediation="Put the action in a statement of its own with Resource * and a condition on aws:RequestedRegion.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-3", "WA-REL:REL08-BP02"],
    judges=readable(*_JUDGED),
    passes=[
        role_policy({"Action": "xray:PutTraceSegments", "Resource": "*", "Condition": _HERE}),
        role_policy({"Action": "dynamodb:GetItem", "Resource": "${aws_dynamodb_table.it.arn}"}),
        role_policy({"Effect": "Deny", "Action": "xray:PutTraceSegments", "Resource": "arn:aws:xray:*:*:group/*"}),
    ],
    fails=[
        role_policy({"Action": "xray:PutTraceSegments", "Resource": "arn:aws:xray:us-east-1:111122223333:group/it"}),
        role_policy(
            {"Action": ["dynamodb:GetItem", "dynamodb:ListTables"], "Resource": "${aws_dynamodb_table.it.arn}"}
        ),
    ],
    mutations=[
        spoiled("traces held to a group", lambda it: _held_to(it, "arn:aws:xray:us-east-1:111122223333:group/it/1")),
        spoiled("what cannot be scoped held to a function", lambda it: _held_to(it, "${aws_lambda_function.it.arn}")),
        spoiled(
            "an action that cannot be scoped, beside one that can",
            lambda it: it.get("Resource") != "*" and it.update({"Action": ["xray:PutTraceSegments", "s3:GetObject"]}),
        ),
    ],
)
def grant_effective(resource: Resource) -> Iterator[str]:
    """Every action that is allowed on ARNs only is one that AWS can hold to ARNs."""
    for _, statement, about in allowing(resource, *_JUDGED):
        if not statement.resources or "*" in (masked(named) for named in statement.resources):
            continue
        lost = [action for action in statement.actions if is_unscopable(action)]
        if lost:
            named = ", ".join(statement.resources)
            yield f"{about} it allows {', '.join(lost)} on {named}, so nowhere: AWS cannot scope that"
