"""What is attached to a role is a policy of this deployment, whose document is judged like every other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import put
from policies.rule import Severity, kind, rule

_ATTRIBUTES: Final = {
    "aws_iam_group_policy_attachment": "policy_arn",
    "aws_iam_group_policy_attachments_exclusive": "policy_arns",
    "aws_iam_policy_attachment": "policy_arn",
    "aws_iam_role": "managed_policy_arns",
    "aws_iam_role_policy_attachment": "policy_arn",
    "aws_iam_role_policy_attachments_exclusive": "policy_arns",
    "aws_iam_user_policy_attachment": "policy_arn",
    "aws_iam_user_policy_attachments_exclusive": "policy_arns",
    "aws_ssoadmin_managed_policy_attachment": "managed_policy_arn",
}
"""By type: the attribute that names what is attached."""

_LISTS: Final = frozenset({"managed_policy_arns", "policy_arns"})

_MANAGED = re.compile(r":iam::aws:policy/(?:[^/]+/)*(?P<name>[^/]+)$")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"""


def _attached(arn: object) -> dict[str, dict[str, object]]:
    return {"aws_iam_role_policy_attachment": {"it": {"role": "${aws_iam_role.it.name}", "policy_arn": arn}}}


@rule(
    id="TAP_IAM_ATTACHED_POLICY_OWN",
    title="Attached policies are this deployment's own, and none is managed by AWS",
    risk="AWS writes its policies for every customer: with wildcards, on every resource, and changed when AWS likes.",
    remediation="Write a policy that names the actions and resources that are used, and attach that one.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6", "WA-REL:REL10-BP03"],
    judges=kind(*_ATTRIBUTES),
    passes=[
        {"aws_iam_role": {"it": {"assume_role_policy": "{}"}}},
        {**_attached("${aws_iam_policy.own.arn}"), "aws_iam_policy": {"own": {"policy": "{}"}}},
    ],
    fails=[
        _attached("arn:aws:iam::aws:policy/AdministratorAccess"),
        _attached("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
        _attached("arn:${data.aws_partition.it.partition}:iam::aws:policy/ReadOnlyAccess"),
        _attached("arn:aws:iam::111122223333:policy/whatever"),
        _attached("${data.aws_iam_policy.it.arn}"),
        _attached("${var.policy}"),
        _attached(None),
        {"aws_iam_role": {"it": {"managed_policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}}},
        {"aws_iam_role": {"it": {"managed_policy_arns": "${var.policies}"}}},
        {
            "aws_iam_policy_attachment": {"it": {"policy_arn": "${local.managed}"}},
            "locals": {"managed": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        },
    ],
    mutations=[
        put("managed_policy_arns", ["arn:aws:iam::aws:policy/AdministratorAccess"], "aws_iam_role"),
        put(
            "managed_policy_arns", ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"], "aws_iam_role"
        ),
        put("managed_policy_arns", ["arn:aws:iam::111122223333:policy/whatever"], "aws_iam_role"),
        put("managed_policy_arns", "${var.policies}", "aws_iam_role"),
    ],
)
def attached_policy_own(resource: Resource) -> Iterator[str]:
    """Every AWS-managed policy counts as one with wildcards; one from elsewhere cannot be read, so does not pass."""
    attribute = _ATTRIBUTES[resource.type]
    if attribute in _LISTS and attribute not in resource:
        return
    deployment = resource.deployment
    scope, value = deployment.follow(resource.stack, resource.get(attribute))
    for item in value if isinstance(value, list) else [value]:
        policy = deployment.target(scope, item)
        if policy is not None and policy.mode == "resource" and policy.type == "aws_iam_policy":
            continue
        name = deployment.literal(scope, item) or str(item)
        managed = _MANAGED.search(name)
        if managed:
            yield f"{attribute}: {managed['name']} is managed by AWS, and allows its actions with wildcards"
        else:
            yield f"{attribute}: {name} is no policy of this deployment, so that nobody here can read it"
