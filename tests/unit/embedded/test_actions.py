"""The record of used permissions: what was called, by whom, and on what."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded.server.actions import tool
from tests.unit.embedded.clouds import EAST, Cloud, unique


def recorded(cloud: Cloud, principal: str) -> dict[str, dict[str, Any]]:
    """What one principal used, by action."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{cloud.emulator.endpoint}/_embedded/actions", timeout=10) as response:
        return {use["action"]: use for use in json.load(response) if use["principal"] == principal}


def test_a_call_is_recorded_with_action_region_and_resource(closed_cloud: Cloud) -> None:
    name = unique("noted")
    closed_cloud.client("sns", "us-west-2").create_topic(Name=name)
    use = recorded(closed_cloud, "root")["sns:CreateTopic"]
    assert (use["tool"], use["region"]) == ("boto3", "us-west-2")
    assert f"arn:aws:sns:us-west-2:000000000000:{name}" in use["resources"]


def test_a_role_is_recorded_by_its_name_and_also_where_it_is_refused(closed_cloud: Cloud) -> None:
    role = unique("powerless")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    made = closed_cloud.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    keys = closed_cloud.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    with mock.patch.dict(os.environ, closed_cloud.emulator.environment(), clear=True):
        client = boto3.client(
            "sqs",
            EAST,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        with pytest.raises(ClientError):
            client.list_queues()
    assert set(recorded(closed_cloud, role)) == {"sqs:ListQueues"}


@pytest.mark.parametrize(
    ("user_agent", "caller"),
    [
        ("APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.100.0 app/tap-deploy", "terraform"),
        ("Boto3/1.35.49 md/Botocore#1.35.49 ua/2.0 app/tap-deploy", "tap-deploy"),
        ("Boto3/1.35.49 md/Botocore#1.35.49 ua/2.0", "boto3"),
        ("Botocore/1.44.5 ua/2.1", "botocore"),
        ("", "other"),
    ],
)
def test_the_caller_is_known_by_its_user_agent(user_agent: str, caller: str) -> None:
    assert tool(user_agent) == caller
