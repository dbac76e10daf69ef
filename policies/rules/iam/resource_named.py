"""Resources are named; ``*`` stands only where AWS has nothing to name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.authorization import is_unscopable
from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement
from policies.rule import Severity, rule
from policies.rules.iam._narrowing import exact, holds
from policies.rules.iam._statements import allowing, policy, readable, role_policy, spoiled
from policies.rules.iam._wildcards import masked, names_one

_JUDGED: Final = (Kind.IDENTITY, Kind.RESOURCE, Kind.ENDPOINT)
"""Not key policies, where ``*`` is the key itself: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
Not trust policies, which name no resource."""

_TRACES: Final = {"Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}
_HERE: Final = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}


def _on(*resources: str) -> dict[str, dict[str, Any]]:
    return role_policy({"Action": "dynamodb:GetItem", "Resource": list(resources)})


def _put(statement: dict[str, Any], resource: str) -> bool:
    """Whether the statement names resources that another can take the place of."""
    if statement.get("Resource", "*") == "*":
        return False
    statement["Resource"] = resource
    return True


def _longer(statement: dict[str, Any]) -> bool:
    named = statement.get("Resource", "*")
    first = named[0] if isinstance(named, list) else named
    # An index is a part of a table that is named whole: parts may stay open.
    return "*" not in first and "/index/" not in first and _put(statement, f"{first}*")


@rule(
    id="TAP_IAM_RESOURCE_NAMED",
    title="Actions are allowed on named resources, or AWS knows none that they could be held to",
    risk="Whoever takes over one function reaches every table, secret and queue of the account with it.",
    remediation="Name the ARNs. Put actions that AWS cannot scope in a statement of their own, with Resource * and a "
    "StringEquals condition on aws:RequestedRegion.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6", "WA-REL:REL10-BP03"],
    judges=readable(*_JUDGED),
    passes=[
        _on("${aws_dynamodb_table.it.arn}", "${aws_dynamodb_table.it.arn}/index/*"),
        _on("arn:aws:dynamodb:us-east-1:${data.aws_caller_identity.me.account_id}:table/sessions"),
        role_policy({"Action": "logs:PutLogEvents", "Resource": "${aws_cloudwatch_log_group.it.arn}:*"}),
        role_policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws_s3_bucket.it.bucket}/*"}),
        role_policy(
            {
                "Action": "ec2:CreateNetworkInterface",
                "Resource": "arn:aws:ec2:us-east-1:111122223333:network-interface/*",
            },
            {
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "arn:aws:secretsmanager:us-east-1:111122223333:secret:signing-??????",
            },
        ),
        role_policy({**_TRACES, "Condition": _HERE}),
        role_policy({**_TRACES, "Action": "XRAY:puttracesegments", "Condition": _HERE}),
        role_policy({"Effect": "Deny", "Action": "dynamodb:GetItem", "Resource": "*"}),
    ],
    fails=[
        _on("*"),
        _on("${aws_dynamodb_table.it.arn}", "*"),
        _on("${aws_dynamodb_table.it.arn}*"),
        _on("${var.table}"),
        _on("arn:aws:dynamodb:us-east-1:111122223333:table/*"),
        _on("arn:aws:dynamodb:us-east-1:111122223333:table/sess*"),
        _on("arn:aws:dynamodb:us-east-1:111122223333:*"),
        role_policy({"Action": "iam:GetRole", "Resource": "arn:aws:iam::111122223333:role/tap/*"}),
        role_policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/receipts"}),
        role_policy(_TRACES),
        role_policy({**_TRACES, "Condition": {"StringLike": {"aws:RequestedRegion": "*"}}}),
        role_policy({**_TRACES, "Resource": ["*", "${aws_dynamodb_table.it.arn}"], "Condition": _HERE}),
        role_policy({"Action": ["xray:PutTraceSegments", "dynamodb:GetItem"], "Resource": "*", "Condition": _HERE}),
        role_policy({"Action": "xray:NobodyKnowsThisAction", "Resource": "*", "Condition": _HERE}),
        role_policy({"Action": "xray:*", "Resource": "*", "Condition": _HERE}),
        {
            "aws_secretsmanager_secret_policy": {
                "it": {
                    "policy": policy(
                        {
                            "Action": "secretsmanager:GetSecretValue",
                            "Resource": "*",
                            "Principal": {"AWS": "111122223333"},
                        }
                    )
                }
            }
        },
    ],
    mutations=[
        spoiled("every resource", lambda statement: _put(statement, "*"), where=lambda r: "kms" not in r.type),
        spoiled("every resource that begins alike", _longer, where=lambda r: "kms" not in r.type),
        spoiled(
            "every table of the account",
            lambda statement: _put(statement, "arn:aws:dynamodb:us-east-1:111122223333:table/*"),
            where=lambda r: "kms" not in r.type,
        ),
        spoiled(
            "no region for what cannot be scoped",
            lambda statement: (
                "aws:RequestedRegion" in str(statement.get("Condition")) and statement.pop("Condition") is not None
            ),
        ),
        spoiled(
            "an action that can be scoped, beside those that cannot",
            lambda statement: (
                statement.get("Resource") == "*"
                and statement.update({"Action": [*statement["Action"], "s3:GetObject"]})
            ),
            where=lambda r: "kms" not in r.type,
        ),
    ],
)
def resource_named(resource: Resource) -> Iterator[str]:
    """Parts of a named resource may stay open, and names that services generate; everything else is named whole.

    A statement that allows only actions that AWS cannot scope may be on ``*``, alone and held to a region.
    """
    for _, statement, about in allowing(resource, *_JUDGED):
        if "*" in (masked(it) for it in statement.resources):
            for fault in _everything(statement):
                yield f"{about} {fault}"
        for named in statement.resources:
            if named in statement.undecided:
                yield f"{about} its resource {named} is one that only Terraform can tell"
            elif masked(named) != "*" and not names_one(named):
                yield f"{about} its resource {named} stands for more than one that it names"


def _everything(statement: Statement) -> Iterator[str]:
    """Why the statement may not be on everything."""
    scopable = [action for action in statement.actions if not is_unscopable(action)]
    if scopable:
        yield f"it allows {', '.join(scopable)} on every resource"
    elif statement.resources != ("*",):
        yield "it names other resources beside *"
    elif not any(
        key.lower() == "aws:requestedregion"
        and operator == "StringEquals"
        and holds(statement, operator, values, exact)
        for operator, key, values in statement.conditions
    ):
        yield f"it allows {', '.join(statement.actions)} in every region, without a condition on aws:RequestedRegion"
