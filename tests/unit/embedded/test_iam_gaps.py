"""What a simulation says a role may do."""

import json
from typing import Any

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique

IDENTITY = f"arn:aws:ses:{EAST}:000000000000:identity/tap.example"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}


def decision(cloud: Cloud, when: dict[str, Any], **context: list[str]) -> str:
    """What IAM says of a role that may send mail under a condition, in a context."""
    iam, role = cloud.client("iam"), unique("role")
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": IDENTITY, "Condition": when}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(RoleName=role, PolicyName="allowed", PolicyDocument=json.dumps(document))
    (result,) = iam.simulate_principal_policy(
        PolicySourceArn=made["Role"]["Arn"],
        ActionNames=["ses:SendEmail"],
        ResourceArns=[IDENTITY],
        ContextEntries=[
            {"ContextKeyName": f"ses:{name}", "ContextKeyValues": values, "ContextKeyType": "stringList"}
            for name, values in context.items()
        ],
    )["EvaluationResults"]
    return str(result["EvalDecision"])


@closes("simulated_context")
def test_a_simulation_knows_the_context_that_it_is_given(cloud: Cloud) -> None:
    payments = {"StringEquals": {"ses:FromAddress": "payments@tap.example"}}
    ours = {"ForAllValues:StringLike": {"ses:Recipients": ["*@tap.example"]}}

    assert decision(cloud, payments, FromAddress=["payments@tap.example"]) == "allowed"
    assert decision(cloud, payments, FromAddress=["director@tap.example"]) == "implicitDeny"
    assert decision(cloud, ours, Recipients=["a@tap.example", "b@tap.example"]) == "allowed"
    assert decision(cloud, ours, Recipients=["a@tap.example", "b@else.example"]) == "implicitDeny"
    # What one was given the next one does not know.
    assert decision(cloud, payments) == "implicitDeny"
