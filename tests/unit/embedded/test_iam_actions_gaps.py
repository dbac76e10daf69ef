"""What a role must be allowed for a call of EventBridge."""

import json
import os
from typing import Any
from unittest import mock

import boto3
import pytest

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique


def under_a_role(cloud: Cloud, *actions: str, on: str) -> Any:
    """EventBridge as a role sees it that may do ``actions`` on one resource."""
    iam, role = cloud.client("iam"), unique("scheduler")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": on}]}
    iam.put_role_policy(RoleName=role, PolicyName="events", PolicyDocument=json.dumps(allowed))
    keys = cloud.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    with mock.patch.dict(os.environ, cloud.emulator.environment(), clear=True):
        return boto3.client(
            "events",
            EAST,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


@closes("rules_of_the_default_bus")
@pytest.mark.parametrize("bus", [{}, {"EventBusName": "default"}], ids=["unnamed", "named"])
def test_a_role_that_may_change_one_rule_may_give_it_targets(cloud: Cloud, bus: dict[str, str]) -> None:
    name = unique("minute")
    events = under_a_role(
        cloud, "events:PutRule", "events:PutTargets", on=f"arn:aws:events:{EAST}:000000000000:rule/{name}"
    )
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", **bus)
    target = {"Id": "t", "Arn": f"arn:aws:lambda:{EAST}:000000000000:function:reconciler"}
    assert events.put_targets(Rule=name, Targets=[target], **bus)["FailedEntryCount"] == 0
