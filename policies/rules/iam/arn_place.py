"""ARNs say where they are: partition, service, region and account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import documents
from policies.mutation import put
from policies.rule import ANY, Severity, kind, rule
from policies.rules.iam._statements import allowing, role_policy, spoiled
from policies.rules.iam._wildcards import arn

_ARN = re.compile(r"""\barn:[^\s"',]+""")
_SIGNS: Final = ("arn:", "${local.", "${var.", "${module.")
_NAMED_VALUE = re.compile(r"\$\{(?:local|var|module)\.")
"""Begins a reference to what somebody wrote, in this stack or for this module."""


def _elsewhere(resource: Resource) -> list[tuple[str, str]]:
    """Attribute and ARN, for each that is written outside of policy documents."""
    found: list[tuple[str, str]] | None = resource.__dict__.get("_arns_elsewhere")
    if found is None:
        found = resource.__dict__["_arns_elsewhere"] = []
        if not any(map(resource.words.text.__contains__, resource.deployment.present(_SIGNS))):
            return found
        judged = {document.attribute for document in documents(resource)}
        for name, value in resource.body.items():
            if name not in judged and name != "//":
                found += [(name, arn_) for arn_ in _arns(resource, value)]
    return found


def _arns(resource: Resource, value: object) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            text: str | None = item
            if "${" in item and _NAMED_VALUE.search(item):
                text = resource.deployment.literal(resource.stack, item)
            elif "arn:" not in item:
                continue
            found += _ARN.findall(text or item)
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return found


def _holds_arn(resource: Resource) -> bool:
    return any(document.statements for document in documents(resource)) or bool(_elsewhere(resource))


def _widened(statement: dict[str, Any], field: int) -> bool:
    """Whether an ARN of the statement had such a field to be widened."""
    for element, value in statement.items():
        for text in value if isinstance(value, list) else [value]:
            fields = text.split(":", 5) if element == "Resource" and text.startswith("arn:") else []
            if fields and fields[field]:
                fields[field] = "*"
                statement[element] = ":".join(fields)
                return True
    return False


def _widened_condition(statement: dict[str, Any]) -> bool:
    for keys in statement.get("Condition", {}).values():
        for key, value in keys.items():
            if isinstance(value, str) and value.startswith("arn:") and value.split(":")[4].isdigit():
                keys[key] = value.replace(value.split(":")[4], "*")
                return True
    return False


def _environment(secret: str) -> dict[str, dict[str, Any]]:
    return {"aws_lambda_function": {"it": {"environment": [{"variables": {"SECRET": secret}}]}}}


@rule(
    id="TAP_IAM_ARN_PLACE",
    title="ARNs have no wildcard as partition, service, region or account",
    risk="A permission for one region works in all, a condition for one account lets every customer of AWS in, and "
    "code that is given such an ARN as an id finds nothing.",
    remediation="Write region and account. Where the service has none, as in arn:aws:s3:::bucket, leave them empty.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6", "WA-REL:REL10-BP03"],
    judges=kind(ANY, where=_holds_arn),
    passes=[
        role_policy(
            {"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/sessions"}
        ),
        role_policy(
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::receipts/*"},
            {"Action": "lambda:InvokeFunction", "Resource": "${aws_lambda_function.it.arn}"},
            {
                "Action": "sqs:SendMessage",
                "Resource": "arn:${data.aws_partition.it.partition}:sqs:${data.aws_region.it.name}:111122223333:it",
            },
            {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:other"},
        ),
        _environment("arn:aws:secretsmanager:us-east-1:111122223333:secret:signing"),
    ],
    fails=[
        role_policy({"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:*:111122223333:table/sessions"}),
        role_policy({"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:us-*-1:111122223333:table/sessions"}),
        role_policy({"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:us-east-1:*:table/sessions"}),
        role_policy({"Action": "s3:GetObject", "Resource": "arn:*:s3:::receipts/*"}),
        role_policy({"Action": "s3:GetObject", "Resource": "arn:aws:*:::receipts"}),
        role_policy(
            {
                "Action": "sqs:SendMessage",
                "Resource": "${aws_sqs_queue.it.arn}",
                "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:*:payments"}},
            }
        ),
        _environment("arn:aws:secretsmanager:us-east-1:*:secret:signing"),
        {
            **_environment("${local.secret}"),
            "locals": {"secret": "arn:aws:secretsmanager:*:111122223333:secret:signing"},
        },
    ],
    mutations=[
        spoiled("any region", lambda statement: _widened(statement, 3)),
        spoiled("any account", lambda statement: _widened(statement, 4)),
        spoiled("any partition", lambda statement: _widened(statement, 1)),
        spoiled("any account in a condition", _widened_condition),
        put("environment.variables.SECRET", "arn:aws:secretsmanager:us-east-1:*:secret:signing", "aws_lambda_function"),
    ],
)
def arn_place(resource: Resource) -> Iterator[str]:
    """In statements that allow something, and outside of policies; a field that the service leaves empty passes."""
    for _, statement, about in allowing(resource):
        compared = [
            value for operator, _, values in statement.conditions if "not" not in operator.lower() for value in values
        ]
        for text in (*statement.resources, *compared):
            named = arn(text)
            if named is not None and named.wide:
                yield f"{about} {text} has a wildcard as {' and '.join(named.wide)}"
    for attribute, text in _elsewhere(resource):
        named = arn(text)
        if named is not None and named.wide:
            yield f"{attribute}: {text} has a wildcard as {' and '.join(named.wide)}"
