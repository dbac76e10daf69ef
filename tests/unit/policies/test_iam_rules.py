"""What the IAM rules share: where a wildcard may stand, which conditions name somebody; and no rule ever raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import rules
from policies.examples import write
from policies.judge import judge
from policies.model.deployment import Deployment, Resource, Stack
from policies.model.iam import Statement
from policies.model.reading import read
from policies.rules.iam._narrowing import CALLERS, SOURCES, is_narrowed
from policies.rules.iam._services import is_service
from policies.rules.iam._wildcards import arn, has_wildcard, names_one

FAMILY = [rule for rule in rules.every() if rule.family == "iam"]
ACCOUNT = "111122223333"


class TestWildcards:
    @pytest.mark.parametrize(
        "text", ["*", "s3:*", "s3:Get*", "s3:Ge?", "${aws_s3_bucket.it.arn}*", "a$${aws:username}*"]
    )
    def test_a_star_and_a_question_mark_match_more_than_themselves(self, text: str) -> None:
        assert has_wildcard(text)

    @pytest.mark.parametrize(
        "text",
        [
            "s3:GetObject",
            "${aws_subnet.it[*].arn}",
            '${a ? "b" : "c"}',
            "$${*}",
            "&{aws:username}",
            "%{ if a ? b : c }",
        ],
    )
    def test_what_stands_in_an_expression_or_a_variable_is_no_wildcard(self, text: str) -> None:
        assert not has_wildcard(text)

    @pytest.mark.parametrize(
        "text",
        [
            "arn:aws:s3:::receipts",
            "arn:aws:s3:::receipts/*",
            "arn:aws:s3:::receipts/a/b-*",
            "arn:aws:s3:::${aws_s3_bucket.it.bucket}/*",
            "${aws_s3_bucket.it.arn}/*",
            "${aws_cloudwatch_log_group.it.arn}:*",
            f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/it:*",
            f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:RDSOSMetrics:log-stream:*",
            f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/it/index/*",
            f"arn:aws:ec2:us-east-1:{ACCOUNT}:network-interface/*",
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:it-??????",
            f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster-snapshot:awsbackup:*",
            f"arn:aws:lambda:us-east-1:{'${data.aws_caller_identity.me.account_id}'}:function:it",
            "execute-api:/*",
        ],
    )
    def test_parts_of_a_named_resource_and_generated_names_name_one(self, text: str) -> None:
        assert names_one(text)

    @pytest.mark.parametrize(
        "text",
        [
            "*",
            "?",
            "arn:*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::receipts*",
            "arn:aws:s3:::*/receipts",
            "${aws_s3_bucket.it.arn}*",
            "${aws_s3_bucket.it.arn}-logs/*",
            f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/*",
            f"arn:aws:logs:us-east-1:{ACCOUNT}:*",
            f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/*/index/it",
            f"arn:aws:iam::{ACCOUNT}:role/tap/*",
            f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/tap/*",
            f"arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/*",
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:it-*",
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:*-??????",
            f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster-snapshot:*",
            f"arn:aws:execute-api:us-east-1:{ACCOUNT}:*/dev/GET/health",
        ],
    )
    def test_the_beginning_of_a_name_a_path_or_a_type_does_not(self, text: str) -> None:
        assert not names_one(text)

    @pytest.mark.parametrize(
        ("text", "wide"),
        [
            ("arn:aws:s3:::receipts/*", ()),
            ("arn:aws:sns:us-east-1:*:it", ("account",)),
            ("arn:aws:sns:us-*-1:*:it", ("region", "account")),
            ("arn:*:sns:us-east-?:1:it", ("partition", "region")),
            ("arn:aws:*", ("service",)),
            ("arn:aws:sns:${data.aws_region.it.name}:${data.aws_caller_identity.it.account_id}:it", ()),
        ],
    )
    def test_the_wide_fields_of_an_arn_are_told(self, text: str, wide: tuple[str, ...]) -> None:
        named = arn(text)
        assert named is not None
        assert named.wide == wide


class TestNarrowing:
    @pytest.mark.parametrize(
        ("operator", "key", "value"),
        [
            ("StringEquals", "aws:PrincipalAccount", ACCOUNT),
            ("StringEquals", "AWS:principalaccount", ACCOUNT),
            ("StringLike", "aws:PrincipalOrgID", "o-a1b2c3"),
            ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3/r-a1/ou-a1/*"),
            ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/*"),
            ("StringEquals", "aws:SourceVpce", "${aws_vpc_endpoint.it.id}"),
            ("ArnEquals", "aws:SourceArn", "arn:aws:s3:::receipts"),
            ("ArnLike", "aws:SourceArn", "${aws_api_gateway_rest_api.it.execution_arn}/*/GET/it"),
            ("StringEquals", "kms:CallerAccount", ACCOUNT),
        ],
    )
    def test_a_condition_that_must_hold_and_names_somebody_narrows(self, operator: str, key: str, value: str) -> None:
        assert is_narrowed(statement(operator, key, value), CALLERS)

    @pytest.mark.parametrize(
        ("operator", "key", "value"),
        [
            ("Bool", "aws:SecureTransport", "true"),
            ("IpAddress", "aws:SourceIp", "203.0.113.7/32"),
            ("StringEquals", "aws:UserAgent", "it"),
            ("StringEqualsIfExists", "aws:PrincipalAccount", ACCOUNT),
            ("ForAllValues:StringEquals", "aws:PrincipalAccount", ACCOUNT),
            ("StringNotEquals", "aws:PrincipalAccount", ACCOUNT),
            ("Null", "aws:PrincipalAccount", "false"),
            ("StringLike", "aws:PrincipalAccount", "1111*"),
            ("StringLike", "aws:PrincipalOrgID", "o-*"),
            ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-*/r-a1/*"),
            ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/it"),
            ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
            ("ArnLike", "aws:SourceArn", "*"),
            ("ArnLike", "aws:SourceArn", "${aws_s3_bucket.it.arn}*"),
            ("ArnLike", "aws:SourceArn", "not an ARN"),
            ("StringEquals", "aws:PrincipalAccount", ""),
        ],
    )
    def test_nothing_else_does(self, operator: str, key: str, value: str) -> None:
        assert not is_narrowed(statement(operator, key, value), CALLERS)

    def test_every_value_has_to_name_somebody(self) -> None:
        assert not is_narrowed(statement("StringLike", "aws:SourceAccount", ACCOUNT, "*"), SOURCES)
        assert not is_narrowed(statement("StringEquals", "aws:SourceAccount"), SOURCES)

    def test_what_only_terraform_can_tell_narrows_only_where_a_star_is_a_character(self) -> None:
        unknown = frozenset({"${var.account}"})
        assert is_narrowed(statement("StringEquals", "aws:SourceAccount", "${var.account}", unknown=unknown), SOURCES)
        assert not is_narrowed(statement("StringLike", "aws:SourceAccount", "${var.account}", unknown=unknown), SOURCES)

    def test_who_calls_is_not_on_whose_behalf(self) -> None:
        assert not is_narrowed(statement("StringEquals", "aws:PrincipalAccount", ACCOUNT), SOURCES)


@pytest.mark.parametrize("name", ["lambda.amazonaws.com", "logs.us-east-1.amazonaws.com", "ec2.amazonaws.com.cn"])
def test_a_service_is_named_by_its_domain(name: str) -> None:
    assert is_service(name)


@pytest.mark.parametrize("name", ["*", "*.amazonaws.com", "lambda", "amazonaws.com", "lambda.example.com", ACCOUNT, ""])
def test_nothing_else_is_a_service(name: str) -> None:
    assert not is_service(name)


@pytest.mark.parametrize(
    ("rule_id", "body", "message"),
    [
        (
            "TAP_IAM_ACTION_EXACT",
            {"Sid": "Read", "Action": "s3:Get*", "Resource": "arn:aws:s3:::receipts/*"},
            "policy, statement 1 (Read): it allows s3:Get*, not an action by its name",
        ),
        (
            "TAP_IAM_RESOURCE_NAMED",
            {"Action": ["xray:PutTraceSegments", "s3:GetObject"], "Resource": "*"},
            "policy, statement 1: it allows s3:GetObject on every resource",
        ),
        (
            "TAP_IAM_ARN_PLACE",
            {"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:it"},
            "policy, statement 1: arn:aws:sqs:*:*:it has a wildcard as region and account",
        ),
    ],
)
def test_a_finding_says_where_and_what(rule_id: str, body: Mapping[str, Any], message: str, tmp_path: Path) -> None:
    text = json.dumps({"Statement": [{"Effect": "Allow", **body}]})
    deployment = read(write({"aws_iam_role_policy": {"it": {"policy": text}}}, tmp_path / "example"))
    verdict = judge(deployment, [rule for rule in FAMILY if rule.id == rule_id])
    assert [finding.message for finding in verdict.findings] == [message]


WORDS = st.sampled_from(
    [
        "*",
        "s3:*",
        "s3:GetObject",
        "iam:PassRole",
        "arn:aws:s3:::b/*",
        "arn:aws:s3",
        "arn:",
        "${var.x}",
        "${aws_x.y.arn}*",
    ]
) | st.text(max_size=8)
ANYTHING = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
ELEMENTS = ["Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"]
STATEMENTS = st.dictionaries(st.sampled_from(ELEMENTS), ANYTHING, max_size=6)
PLACES = {
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
    "aws_kms_key": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_vpc_endpoint": "policy",
}

ATTRIBUTES = [
    "action",
    "allowed_principals",
    "authorization_type",
    "condition",
    "managed_policy_arns",
    "policy_arn",
    "principal",
    "principal_org_id",
    "source_account",
    "source_arn",
]


class TestNoRuleRaises:
    @given(st.sampled_from(sorted(PLACES)), st.lists(STATEMENTS, max_size=3))
    @settings(max_examples=300, deadline=None)
    def test_whatever_a_statement_holds(self, type_: str, statements: list[Any]) -> None:
        check(type_, {PLACES[type_]: json.dumps({"Statement": statements})})

    @given(
        st.sampled_from(
            [
                "aws_lambda_permission",
                "aws_lambda_function_url",
                "aws_iam_role_policy_attachment",
                "aws_iam_role",
                "aws_cloudwatch_event_permission",
                "aws_vpc_endpoint_service",
            ]
        ),
        st.dictionaries(
            st.sampled_from(ATTRIBUTES),
            ANYTHING,
            max_size=6,
        ),
    )
    @settings(max_examples=300, deadline=None)
    def test_whatever_an_attribute_holds(self, type_: str, body: Mapping[str, Any]) -> None:
        check(type_, body)


def check(type_: str, body: Mapping[str, Any]) -> None:
    stack = Stack("alone")
    stack.resources[f"{type_}.it"] = Resource(stack, "resource", type_, "it", body)
    assert not judge(Deployment(Path(), (stack,)), FAMILY).problems


def statement(operator: str, key: str, *values: str, unknown: frozenset[str] = frozenset()) -> Statement:
    return Statement("", "Allow", (), (), (), (), (), (), ((operator, key, values),), unknown)
