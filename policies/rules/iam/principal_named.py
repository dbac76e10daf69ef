"""Principals are named; "everybody" is somebody's everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement, texts
from policies.rule import ANY, Severity, kind, rule
from policies.rules.iam._narrowing import CALLERS, is_narrowed
from policies.rules.iam._statements import allowing, policy, readable, spoiled
from policies.rules.iam._wildcards import has_wildcard

_JUDGED: Final = (Kind.RESOURCE, Kind.KEY, Kind.ENDPOINT)
"""Who may assume a role is TAP_IAM_ROLE_TRUST's."""

_OUTSIDE_DOCUMENTS: Final = {
    "aws_cloudwatch_event_permission": "principal",
    "aws_vpc_endpoint_service": "allowed_principals",
    "aws_vpc_endpoint_service_allowed_principal": "principal_arn",
}
"""By type: the attribute that names principals, of what becomes a policy without being written as one.
Lambda's permissions are TAP_IAM_LAMBDA_PERMISSION's."""

_SEND: Final = {"Action": "sqs:SendMessage", "Resource": "${aws_sqs_queue.it.arn}"}


_DOCUMENTS: Final = readable(*_JUDGED)


def _queue(principal: object, **condition: object) -> dict[str, dict[str, Any]]:
    statement = {**_SEND, "Principal": principal, **({"Condition": condition} if condition else {})}
    return {"aws_sqs_queue_policy": {"it": {"queue_url": "${aws_sqs_queue.it.id}", "policy": policy(statement)}}}


def _key(principal: object, **condition: object) -> dict[str, dict[str, Any]]:
    statement = {"Action": "kms:Decrypt", "Resource": "*", "Principal": principal}
    return {"aws_kms_key": {"it": {"policy": policy({**statement, **({"Condition": condition} if condition else {})})}}}


def _everybody(statement: dict[str, Any], condition: object) -> None:
    statement["Principal"] = "*"
    statement.pop("Condition", None)
    if condition:
        statement["Condition"] = condition


@rule(
    id="TAP_IAM_PRINCIPAL_NAMED",
    title="Principals are named, or everybody is narrowed to an account, an organization or a network",
    risk="Anyone with an AWS account, or with none, reads or writes what the policy is of.",
    remediation="Name the principal. Where it must be *, add a condition such as StringEquals aws:PrincipalAccount, "
    "aws:SourceAccount or aws:PrincipalOrgID; aws:SecureTransport and aws:SourceIp narrow nothing to somebody.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:7.3.2", "NIST-800-53:AC-3", "WA-REL:REL10-BP03"],
    judges=kind(ANY, where=lambda it: it.type in _OUTSIDE_DOCUMENTS or _DOCUMENTS.where(it)),
    passes=[
        _queue({"AWS": ["arn:aws:iam::111122223333:role/it", "${aws_iam_role.it.arn}", "111122223333"]}),
        _queue({"Service": "sns.amazonaws.com"}),
        _queue("*", StringEquals={"aws:PrincipalAccount": "111122223333"}),
        _queue({"AWS": "*"}, ArnLike={"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:payments"}),
        _queue("*", StringEquals={"aws:PrincipalOrgID": "o-a1b2c3"}, Bool={"aws:SecureTransport": "true"}),
        _key({"AWS": "arn:aws:iam::111122223333:root"}),
        {
            "aws_s3_bucket_policy": {
                "tls": {"policy": policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"})}
            }
        },
        {"aws_cloudwatch_event_permission": {"it": {"principal": "111122223333", "statement_id": "one"}}},
    ],
    fails=[
        _queue("*"),
        _queue({"AWS": "*"}),
        _queue({"AWS": ["111122223333", "*"]}),
        _queue("*", Bool={"aws:SecureTransport": "true"}),
        _queue("*", IpAddress={"aws:SourceIp": "203.0.113.0/24"}),
        _queue("*", StringLike={"aws:PrincipalAccount": "*"}),
        _queue("*", StringEqualsIfExists={"aws:PrincipalAccount": "111122223333"}),
        _queue("*", StringNotEquals={"aws:PrincipalAccount": "111122223333"}),
        _queue("*", **{"ForAllValues:StringEquals": {"aws:PrincipalAccount": "111122223333"}}),
        _queue("*", StringEquals={"aws:PrincipalAccount": []}),
        _queue("*", ArnLike={"aws:SourceArn": "arn:aws:sns:us-east-1:*:payments"}),
        _queue("*", ArnLike={"aws:SourceArn": ["arn:aws:sns:us-east-1:111122223333:payments", "*"]}),
        _queue("*", ArnLike={"aws:SourceArn": "${var.source}"}),
        _queue({"AWS": "arn:aws:iam::*:root"}),
        _queue({"AWS": "${var.principal}"}),
        _queue({"Service": "*"}),
        _key("*", StringEquals={"kms:CallerAccount": "111122223333"}),
        {"aws_vpc_endpoint": {"default": {"service_name": "com.amazonaws.us-east-1.s3"}}},
        {"aws_cloudwatch_event_permission": {"it": {"principal": "*", "statement_id": "everybody"}}},
        {"aws_vpc_endpoint_service": {"it": {"allowed_principals": ["111122223333", "*"]}}},
    ],
    mutations=[
        spoiled("everybody", lambda statement: _everybody(statement, None)),
        spoiled(
            "everybody who uses TLS",
            lambda statement: _everybody(statement, {"Bool": {"aws:SecureTransport": "true"}}),
        ),
        spoiled(
            "everybody, but one account where it is known",
            lambda statement: _everybody(statement, {"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}),
        ),
        spoiled(
            "the root of any account", lambda statement: statement.update({"Principal": {"AWS": "arn:aws:iam::*:root"}})
        ),
    ],
)
def principal_named(resource: Resource) -> Iterator[str]:
    """``*`` passes with a condition that must hold and names who calls, but never in a key's policy."""
    for document, statement, about in allowing(resource, *_JUDGED):
        for type_, name in statement.principals:
            fault = _fault(document.kind, statement, name)
            if fault:
                yield f"{about} the {type_} principal {name} {fault}"
    yield from _outside(resource)


def _fault(kind: Kind, statement: Statement, name: str) -> str | None:
    if name in statement.undecided:
        return "is one that only Terraform can tell"
    if name != "*":
        return "has a wildcard" if has_wildcard(name) else None
    if kind is Kind.KEY:
        return "is everybody: a key's policy names who may use it"
    return None if is_narrowed(statement, CALLERS) else "is everybody, and no condition says whose"


def _outside(resource: Resource) -> Iterator[str]:
    attribute = _OUTSIDE_DOCUMENTS.get(resource.type)
    # An event bus can be opened to an organization; nothing else narrows these.
    narrowed = resource.block("condition").text("key") == "aws:PrincipalOrgID"
    names, undecided = texts(resource, attribute) if attribute else ((), frozenset())
    for name in names:
        if name in undecided or (has_wildcard(name) and not (name == "*" and narrowed)):
            yield f"{attribute} is {name}: that is nobody by a name"
