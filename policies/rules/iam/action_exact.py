"""Actions are spelled out."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.rule import Severity, rule
from policies.rules.iam._statements import allowing, policy, readable, role_policy, spoiled
from policies.rules.iam._wildcards import has_wildcard

_ON = "arn:aws:s3:::receipts/*"


@rule(
    id="TAP_IAM_ACTION_EXACT",
    title="Allowed actions are spelled out, without a wildcard",
    risk="A wildcard allows more than anybody reviewed, and whatever AWS adds under that name later.",
    remediation="List the actions that are used, one by one.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6", "WA-REL:REL10-BP03"],
    judges=readable(),
    passes=[
        role_policy({"Action": ["s3:GetObject", "s3:PutObject"], "Resource": _ON}),
        role_policy({"Effect": "Deny", "Action": "*", "Resource": "*"}),
    ],
    fails=[
        role_policy({"Action": "*", "Resource": _ON}),
        role_policy({"Action": ["s3:GetObject", "s3:*"], "Resource": _ON}),
        role_policy({"Action": "s3:Get*", "Resource": _ON}),
        role_policy({"Action": "s3:GetObjec?", "Resource": _ON}),
        role_policy({"Action": "${var.action}", "Resource": _ON}),
        {
            "aws_kms_key": {
                "it": {"policy": policy({"Action": "kms:*", "Resource": "*", "Principal": {"AWS": "111122223333"}})}
            }
        },
        {"aws_kms_key": {"default": {"description": "has AWS's default policy, which allows kms:*"}}},
        {"aws_vpc_endpoint": {"default": {"service_name": "com.amazonaws.us-east-1.s3"}}},
        {
            "aws_iam_policy": {"it": {"policy": "${data.aws_iam_policy_document.it.json}"}},
            "data.aws_iam_policy_document": {"it": {"statement": [{"actions": ["s3:*"], "resources": [_ON]}]}},
        },
        {
            "aws_iam_policy": {
                "it": {"policy": '${jsonencode({Statement = {Effect = "Allow", Action = "s3:*", Resource = "*"}})}'}
            }
        },
    ],
    mutations=[
        spoiled("every action", lambda statement: statement.update({"Action": "*"})),
        spoiled(
            "every action of the service",
            lambda statement: statement.update({"Action": f"{_first(statement).partition(':')[0]}:*"}),
        ),
        spoiled(
            "the last letters left open", lambda statement: statement.update({"Action": f"{_first(statement)[:-3]}*"})
        ),
        spoiled("one letter left open", lambda statement: statement.update({"Action": f"{_first(statement)[:-1]}?"})),
        spoiled(
            "one more action, of any name",
            lambda statement: statement.update({"Action": [_first(statement), "${var.a}"]}),
        ),
    ],
)
def action_exact(resource: Resource) -> Iterator[str]:
    """An action with a wildcard, or that could turn out to be one, is too wide; what is denied may be."""
    for _, statement, about in allowing(resource):
        for action in statement.actions:
            if action in statement.undecided:
                yield f"{about} it allows {action}, which only Terraform can tell"
            elif has_wildcard(action):
                yield f"{about} it allows {action}, not an action by its name"


def _first(statement: dict[str, object]) -> str:
    actions = statement["Action"]
    return str(actions[0] if isinstance(actions, list) else actions)
