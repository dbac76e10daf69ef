"""Who may do what: every IAM statement of every stack, held against AWS's own service authorization reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from tests.unit.app import Deployment, Resource
from tests.unit.test_regions import FUNCTIONS

POLICIES = {
    "aws_iam_role_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_sns_topic_policy": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_vpc_endpoint": "policy",
    "aws_kms_key": "policy",
    "aws_kms_replica_key": "policy",
}


@dataclass(frozen=True)
class Statement:
    """A statement and the policy it stands in."""

    resource: Resource
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.resource}: {json.dumps(self.content)}"

    @property
    def actions(self) -> list[str]:
        return listed(self.content["Action"])

    @property
    def resources(self) -> list[str]:
        return listed(self.content.get("Resource", []))


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(deployment: Deployment) -> Iterator[Statement]:
    for resource in deployment.resources(*POLICIES):
        for content in json.loads(resource.body[POLICIES[resource.type]])["Statement"]:
            yield Statement(resource, content)


@pytest.fixture(scope="module")
def allowed(deployment: Deployment) -> list[Statement]:
    """All that something is allowed; a statement that denies may be as broad as it likes."""
    return [statement for statement in statements(deployment) if statement.content["Effect"] == "Allow"]


@cache
def scopes(action: str) -> frozenset[str]:
    """The resource types that an action can be held to, as in the service authorization reference."""
    service, _, name = action.partition(":")
    data = get_action_data(service, name)
    assert data, f"AWS knows no action {action}"
    return frozenset(row["resource_arn_format"] for row in data[service] if row["action"] == action)


def test_policies_stand_in_no_other_resource_and_no_managed_policy_is_used(deployment: Deployment) -> None:
    for resource in deployment.resources():
        text = json.dumps(resource.body)
        assert "arn:aws:iam::aws:policy" not in text, resource
        assert "managed_policy_arns" not in text, resource
        assert not resource.type.endswith("_policy_attachment"), resource
        assert resource.type in POLICIES or '\\"Statement\\"' not in text, resource


def test_every_action_is_spelled_out_and_known_to_aws(allowed: list[Statement]) -> None:
    assert len(allowed) > 80
    for statement in allowed:
        for action in statement.actions:
            assert "*" not in action, statement
            assert scopes(action), statement


def test_every_resource_is_named_but_where_aws_has_nothing_to_name(allowed: list[Statement]) -> None:
    unscoped = [
        statement
        for statement in allowed
        if "*" in statement.resources and statement.resource.type not in {"aws_kms_key", "aws_kms_replica_key"}
    ]
    # Traces and what Lambda looks up to attach to the VPC, for each function; the log groups that flow logs look for;
    # log delivery and traces of the failover workflow.
    assert len(unscoped) == 2 * (2 * len(FUNCTIONS) + 1 + 2)
    for statement in unscoped:
        assert statement.resources == ["*"], statement
        assert {action: set(scopes(action)) for action in statement.actions} == {
            action: {"*"} for action in statement.actions
        }, statement
        region = {"primary": "us-east-1", "secondary": "us-west-2"}[statement.resource.stack]
        assert statement.content["Condition"] == {"StringEquals": {"aws:RequestedRegion": region}}, statement


def test_every_scoped_action_can_be_held_to_what_it_is_held_to(allowed: list[Statement]) -> None:
    """An action that AWS cannot scope, allowed on an ARN, is allowed nowhere: the function would fail when deployed."""
    for statement in allowed:
        if "*" not in statement.resources and "Resource" in statement.content:
            for action in statement.actions:
                assert set(scopes(action)) != {"*"}, (action, str(statement))


def test_in_a_key_policy_the_star_is_that_key_and_every_principal_is_named(allowed: list[Statement]) -> None:
    for statement in allowed:
        if statement.resource.type in {"aws_kms_key", "aws_kms_replica_key"}:
            assert statement.resources == ["*"]
            (principal,) = statement.content["Principal"].values()
            assert "*" not in principal, statement
            if "Service" in statement.content["Principal"]:
                assert "000000000000" in json.dumps(statement.content["Condition"]), statement


def test_both_keys_have_the_same_policy(deployment: Deployment) -> None:
    key, replica = deployment.resources("aws_kms_key", "aws_kms_replica_key")
    assert key.body["policy"] == replica.body["policy"]
    assert key.body["multi_region"] is key.body["enable_key_rotation"] is True


def test_anyone_means_anyone_of_this_account(allowed: list[Statement]) -> None:
    for statement in allowed:
        if statement.content.get("Principal") == {"AWS": "*"}:
            assert statement.content["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "000000000000"}}


def test_aws_services_act_for_this_account_only(allowed: list[Statement]) -> None:
    for statement in allowed:
        if statement.actions == ["sts:AssumeRole"]:
            assert statement.content["Condition"]["StringEquals"] == {"aws:SourceAccount": "000000000000"}, statement


def test_a_functions_own_code_may_not_touch_network_interfaces(deployment: Deployment) -> None:
    denied = [it for it in statements(deployment) if it.content["Effect"] == "Deny" and "Principal" not in it.content]
    assert len(denied) == 2 * len(FUNCTIONS)
    for statement in denied:
        function = deployment[statement.resource.stack].all("aws_lambda_function")[
            statement.resource.path.replace("/policy", "/function")
        ]
        (source,) = statement.content["Condition"]["ArnEquals"].values()
        assert source.endswith(f":function:{function['function_name']}")
        assert "ec2:CreateNetworkInterface" in statement.actions


@pytest.mark.parametrize("stack", ["primary", "secondary"])
@pytest.mark.parametrize(
    ("function", "actions"),
    [
        ("webhook", {"dynamodb:GetItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue", "sqs:SendMessage"}),
        (
            "payments",
            {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "secretsmanager:GetSecretValue"},
        ),
        ("health-live", {"dynamodb:GetItem"}),
        ("health-database", {"dynamodb:GetItem", "secretsmanager:GetSecretValue"}),
        (
            "processor",
            {
                *("dynamodb:GetItem", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"),
                *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sns:Publish"),
                "s3:PutObject",
            },
        ),
        (
            "reconciler",
            {
                *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"),
                *("sqs:GetQueueAttributes", "sqs:SendMessage"),
            },
        ),
        (
            "notifier",
            {
                *(f"dynamodb:{verb}Item" for verb in ("Get", "Put", "Update", "Delete")),
                *("ses:SendEmail", "sqs:SendMessage", "ssm:GetParameter"),
            },
        ),
        (
            "guard",
            {
                *("dynamodb:GetItem", "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"),
                *("ssm:GetParameter", "ssm:PutParameter"),
            },
        ),
        ("probe", set()),
        ("migrate", {"secretsmanager:GetSecretValue"}),
        ("begin-epoch", {"secretsmanager:GetSecretValue"}),
        ("canary", {"secretsmanager:GetSecretValue"}),
    ],
)
def test_a_function_may_do_what_it_is_for(
    allowed: list[Statement], stack: str, function: str, actions: set[str]
) -> None:
    granted = {
        action
        for statement in allowed
        if (statement.resource.stack, statement.resource.path) == (stack, f"{function}/function/policy")
        for action in statement.actions
    }
    every_function = {"ec2", "logs", "xray", "kms"}
    assert {action for action in granted if action.partition(":")[0] not in every_function} == actions


@pytest.mark.parametrize("function", ["health-live", "health-database", "guard"])
def test_who_needs_no_payment_reads_the_regions_state_and_no_payment(allowed: list[Statement], function: str) -> None:
    reads = [
        statement
        for statement in allowed
        if statement.actions == ["dynamodb:GetItem"] and statement.resource.path == f"{function}/function/policy"
    ]
    assert len(reads) == 2
    for statement in reads:
        assert statement.content["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["control"]}}
