"""Nothing that runs changes records, health checks or IAM: their control planes are in one region."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement, documents
from policies.model.values import strings
from policies.mutation import edit
from policies.rule import ANY, Severity, kind, rule

CONTROLS: Final = ("route53", "route53domains", "iam")
"""Services whose changes are made in us-east-1 alone, while DNS answers, health checks and roles go on working.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
"""

_READS: Final = ("get", "list", "test", "simulate", "generate", "passrole")
"""How actions begin that change nothing in IAM or Route 53."""

_MANAGED: Final = "arn:aws:iam::aws:policy/"
_BROAD: Final = frozenset(
    {
        "AdministratorAccess",
        "AmazonRoute53DomainsFullAccess",
        "AmazonRoute53FullAccess",
        "IAMFullAccess",
        "PowerUserAccess",
        "job-function/NetworkAdministrator",
        "job-function/SystemAdministrator",
    }
)
"""AWS's own policies that let their holder change one of them.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

_CALL = re.compile(rf"(?:aws-sdk:|:apigateway:[\w-]*:)({'|'.join(CONTROLS)}):(?:action/)?(\w+)", re.IGNORECASE)
"""A call of an AWS API by Step Functions, EventBridge Scheduler or API Gateway."""

_CALLERS: Final = frozenset(
    {"aws_sfn_state_machine", "aws_scheduler_schedule", "aws_api_gateway_integration", "aws_api_gateway_rest_api"}
)
_ATTACHMENTS: Final = {"aws_iam_role_policy_attachment": "policy_arn", "aws_iam_role": "managed_policy_arns"}
_ROLE: Final = "aws_iam_role"
_PEOPLE: Final = frozenset({"aws_iam_user_policy", "aws_iam_group_policy"})


def _acts(resource: Resource) -> bool:
    """Whether it calls AWS, or says what somebody may call who is not a person."""
    if resource.type in _CALLERS or (resource.type in _ATTACHMENTS and _ATTACHMENTS[resource.type] in resource):
        return True
    if resource.type in _PEOPLE or not any(document.kind is Kind.IDENTITY for document in documents(resource)):
        return False
    roles = _roles(resource)
    return not roles or any(not _is_for_people(role) for role in roles)


def _roles(resource: Resource) -> list[Resource]:
    """The roles that a policy is part of, as far as they are deployed here."""
    if resource.type == _ROLE:
        return [resource]
    attachments = resource.users("aws_iam_role_policy_attachment")
    named = [attachment.target("role") for attachment in attachments] + [resource.target("role")]
    return [role for role in named if role is not None and role.type == _ROLE]


def _is_for_people(role: Resource) -> bool:
    """Whether only people and pipelines assume a role: somebody with a name, an identity provider."""
    trusts = [document for document in documents(role) if document.kind is Kind.TRUST]
    kinds = {type_ for document in trusts for statement in document.allowing for type_, _ in statement.principals}
    return bool(kinds) and kinds <= {"AWS", "Federated"}


def _with(*actions: str) -> Callable[[dict[str, Any], Resource], bool]:
    """An edit that adds a statement."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        try:
            document = json.loads(str(body.get("policy")))
        except ValueError:
            return False
        document["Statement"].append({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
        body["policy"] = json.dumps(document)
        return True

    return change


_TRUST: Final = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
_PIPELINE: Final = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn"}}


def _policy(*actions: str, element: str = "Action", trust: dict[str, Any] = _TRUST) -> dict[str, Any]:
    statement = {"Effect": "Allow", element: list(actions), "Resource": "*"}
    return {
        _ROLE: {"failover": {"assume_role_policy": json.dumps({"Statement": [trust]})}},
        "aws_iam_role_policy": {
            "failover": {"role": "${aws_iam_role.failover.id}", "policy": json.dumps({"Statement": [statement]})}
        },
    }


def _machine(resource: str) -> dict[str, Any]:
    definition = {"States": {"Do": {"Type": "Task", "Resource": resource, "End": True}}}
    return {"aws_sfn_state_machine": {"failover": {"definition": json.dumps(definition)}}}


@rule(
    id="TAP_RECOVERY_DATA_PLANE",
    title="Nothing that runs may change DNS records, health checks or IAM",
    risk="Their control planes are in us-east-1: a recovery step that needs one fails together with that region.",
    remediation="Switch with a health check that reads data of the surviving region; leave records and roles alone.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "PCI-DSS-4.0:7.2.5", "NIST-800-53:CP-10", "NIST-800-53:AC-6", "WA-REL:REL11-BP04"],
    judges=kind(ANY, where=_acts),
    passes=[
        _policy("rds:FailoverGlobalCluster", "route53:GetHealthCheckStatus", "iam:PassRole"),
        _policy("route53:*", "iam:*", element="NotAction"),
        _machine("arn:aws:states:::aws-sdk:rds:failoverGlobalCluster"),
        _machine("arn:aws:states:::aws-sdk:route53:listResourceRecordSets"),
        {**_policy("route53:ChangeResourceRecordSets", trust=_PIPELINE), **_machine("arn:aws:states:::lambda:invoke")},
    ],
    fails=[
        _policy("route53:ChangeResourceRecordSets"),
        _policy("route53:UpdateHealthCheck"),
        _policy("route53:*"),
        _policy("Route53:change*"),
        _policy("iam:AttachRolePolicy"),
        _policy("i*:*"),
        _policy("*"),
        _policy("${var.action}"),
        _policy("s3:*", element="NotAction"),
        _policy("route53:*", element="NotAction"),
        _machine("arn:aws:states:::aws-sdk:route53:changeResourceRecordSets"),
        _machine("arn:aws:states:::aws-sdk:iam:putRolePolicy"),
        {
            "aws_iam_role_policy_attachment": {
                "dns": {"role": "failover", "policy_arn": f"{_MANAGED}AmazonRoute53FullAccess"}
            }
        },
    ],
    mutations=[
        edit("may change records", _with("route53:ChangeResourceRecordSets"), "aws_iam_role_policy"),
        edit("may change health checks", _with("route53:UpdateHealthCheck"), "aws_iam_role_policy"),
        edit("may change roles", _with("iam:PutRolePolicy"), "aws_iam_role_policy"),
        edit("may do anything", _with("*"), "aws_iam_role_policy"),
    ],
)
def recovery_data_plane(resource: Resource) -> Iterator[str]:
    """Roles that only people and pipelines assume are not on the recovery path; what they do can wait."""
    for document in documents(resource):
        for statement in document.allowing if document.kind is Kind.IDENTITY else ():
            for action in _changing(statement):
                yield f"{document.attribute}, {statement.label}: it allows {action}"
    for attribute in _ATTACHMENTS.values():
        for arn in resource.texts(attribute):
            if arn.removeprefix(_MANAGED) in _BROAD:
                yield f"{attribute}: {arn} allows to change {' or '.join(CONTROLS)}"
    for service, action in _calls(resource):
        if not action.lower().startswith(_READS):
            yield f"it calls {service}:{action}"


def _calls(resource: Resource) -> list[tuple[str, str]]:
    """The calls of the services that stand in a resource's own text."""
    if resource.type not in _CALLERS:
        return []
    return sorted({(match[1], match[2]) for text in strings(resource.body) for match in _CALL.finditer(text)})


def _changing(statement: Statement) -> Iterator[str]:
    """The actions, as written, that may change something of the services."""
    for action in statement.actions:
        service, _, name = action.lower().partition(":")
        is_controlled = any(fnmatchcase(control, service) for control in CONTROLS)
        if "${" in action or not name or (is_controlled and not name.startswith(_READS)):
            yield action
    if statement.not_actions:
        left_out = [action.lower() for action in statement.not_actions]
        for control in ("route53", "iam"):
            if not any(fnmatchcase(f"{control}:anything", pattern) for pattern in left_out):
                yield f"everything but {', '.join(statement.not_actions)}, and with it {control}"
