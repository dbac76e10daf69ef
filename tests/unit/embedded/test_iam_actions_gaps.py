"""What a role must be allowed for a call."""

import json
import os
from functools import partial
from typing import Any
from unittest import mock
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique


def under_a_role(cloud: Cloud, service: str, *actions: str, on: str, when: Any = None) -> Any:
    """A service as a role sees it that may do ``actions`` on one resource, under a condition."""
    iam, role = cloud.client("iam"), unique("role")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    allowed = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": on, **({"Condition": when} if when else {})}
        ],
    }
    iam.put_role_policy(RoleName=role, PolicyName="allowed", PolicyDocument=json.dumps(allowed))
    keys = cloud.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    with mock.patch.dict(os.environ, cloud.emulator.environment(), clear=True):
        return boto3.client(
            service,
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
        cloud, "events", "events:PutRule", "events:PutTargets", on=f"arn:aws:events:{EAST}:000000000000:rule/{name}"
    )
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", **bus)
    target = {"Id": "t", "Arn": f"arn:aws:lambda:{EAST}:000000000000:function:reconciler"}
    assert events.put_targets(Rule=name, Targets=[target], **bus)["FailedEntryCount"] == 0


@closes("single_mappings")
def test_a_role_that_may_switch_one_mapping_may_do_so_and_no_more(cloud: Cloud) -> None:
    mapping, stranger = (
        f"arn:aws:lambda:{EAST}:000000000000:event-source-mapping:{uuid}" for uuid in (uuid4(), uuid4())
    )
    functions = under_a_role(
        cloud, "lambda", "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping", on=mapping
    )
    # There are no such mappings: who gets as far as to learn that was allowed to ask.
    missing, refused = "ResourceNotFoundException", "AccessDeniedException"
    for arn, code in ((mapping, missing), (stranger, refused)):
        name = arn.rpartition(":")[2]
        for call in (
            partial(functions.get_event_source_mapping, UUID=name),
            partial(functions.update_event_source_mapping, UUID=name, Enabled=False),
        ):
            with pytest.raises(ClientError) as answered:
                call()
            assert answered.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match=refused):
        functions.delete_event_source_mapping(UUID=mapping.rpartition(":")[2])
