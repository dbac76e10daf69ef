"""Policy documents are read however Terraform writes them; what cannot be read is said, and nothing ever raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.examples import STACK, content
from policies.model.deployment import Deployment, Resource
from policies.model.iam import Document, Kind, documents, has_document
from policies.model.reading import read
from tests.unit.policies.configurations import manifest, sole, write

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::receipts/*"}
Example = Mapping[str, Mapping[str, Any]]


def policy(*statements: object) -> str:
    """A document as JSON text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def deploy(tmp_path: Path) -> Any:
    """Reads an example as a deployment, through the parser."""

    def made(example: Example) -> Deployment:
        folder = tmp_path / STACK
        folder.mkdir(exist_ok=True)
        folder.joinpath("main.tf.json").write_text(json.dumps(content(example)), encoding="utf-8")
        return read(folder)

    return made


@pytest.fixture
def document(deploy: Any) -> Any:
    """The one document of the first resource of an example."""

    def only(example: Example) -> Document:
        (found,) = documents(first(deploy(example)))
        return found

    return only


def first(deployment: Deployment) -> Resource:
    return deployment.resources()[0]


def identity(text: object, **others: Any) -> Example:
    return {"aws_iam_policy": {"it": {"policy": text}}, **others}


class TestJsonText:
    def test_a_single_text_and_a_list_mean_the_same(self, document: Any) -> None:
        one = document(identity(policy(ALLOW)))
        many = document(identity(policy({**ALLOW, "Action": ["s3:GetObject"], "Resource": [ALLOW["Resource"]]})))
        assert one == many
        (statement,) = one.statements
        assert (statement.actions, statement.resources) == (("s3:GetObject",), ("arn:aws:s3:::receipts/*",))
        assert one.fault is None

    def test_a_single_statement_needs_no_list(self, document: Any) -> None:
        (statement,) = document(identity(json.dumps({"Statement": ALLOW}))).statements
        assert statement.actions == ("s3:GetObject",)

    def test_an_expression_may_hold_quotes(self, document: Any) -> None:
        arn = '${join("/", [aws_s3_bucket.it.arn, "a"])}'
        text = policy({**ALLOW, "Resource": "@"}).replace("@", arn)
        (statement,) = document(identity(text)).statements
        assert statement.resources == (arn,)

    def test_an_expression_may_hold_braces_and_strings_with_expressions(self, document: Any) -> None:
        arn = '${lookup({a = "${aws_s3_bucket.it.arn}"}, "a")}/*'
        text = policy({**ALLOW, "Resource": ["@", "arn:aws:s3:::b"]}).replace("@", arn)
        (statement,) = document(identity(text)).statements
        assert statement.resources == (arn, "arn:aws:s3:::b")

    def test_a_policy_variable_is_no_expression(self, document: Any) -> None:
        (statement,) = document(identity(policy({**ALLOW, "Resource": "arn:aws:s3:::b/$${aws:username}/*"}))).statements
        assert statement.resources == ("arn:aws:s3:::b/$${aws:username}/*",)
        assert not statement.undecided

    def test_what_is_known_is_filled_in(self, document: Any) -> None:
        found = document(
            identity(
                policy(
                    {
                        **ALLOW,
                        "Action": "${var.action}",
                        "Resource": ["arn:aws:s3:::${local.bucket}/*", "${aws_sqs_queue.it.name}"],
                    }
                ),
                aws_sqs_queue={"it": {"name": "payments"}},
                variable={"action": {"default": "s3:*"}},
                locals={"bucket": "receipts"},
            )
        )
        (statement,) = found.statements
        assert statement.actions == ("s3:*",)
        assert statement.resources == ("arn:aws:s3:::receipts/*", "payments")
        assert not statement.undecided

    def test_a_list_may_stand_in_a_local(self, document: Any) -> None:
        text = policy({**ALLOW, "Action": "${local.actions}"})
        (statement,) = document(identity(text, locals={"actions": ["s3:GetObject", "s3:*"]})).statements
        assert statement.actions == ("s3:GetObject", "s3:*")

    def test_the_whole_document_may_stand_in_a_local(self, document: Any) -> None:
        (statement,) = document(identity("${local.text}", locals={"text": policy(ALLOW)})).statements
        assert statement.actions == ("s3:GetObject",)

    def test_statements_may_be_put_in_as_text(self, document: Any) -> None:
        text = '{"Version": "2012-10-17", "Statement": ${local.statements}}'
        (statement,) = document(identity(text, locals={"statements": json.dumps([ALLOW])})).statements
        assert statement.actions == ("s3:GetObject",)

    def test_another_resources_document_is_followed(self, document: Any) -> None:
        found = document(
            {
                "aws_iam_role_policy": {"it": {"policy": "${aws_iam_policy.other.policy}"}},
                "aws_iam_policy": {"other": {"policy": policy(ALLOW)}},
            }
        )
        assert found.statements[0].actions == ("s3:GetObject",)

    def test_numbers_and_booleans_count_as_texts(self, document: Any) -> None:
        conditions = {"Bool": {"aws:SecureTransport": True}, "StringEquals": {"aws:SourceAccount": 111122223333}}
        (statement,) = document(identity(policy({**ALLOW, "Condition": conditions}))).statements
        assert statement.conditions == (
            ("Bool", "aws:SecureTransport", ("true",)),
            ("StringEquals", "aws:SourceAccount", ("111122223333",)),
        )

    def test_statements_are_numbered_and_called_by_their_sid(self, document: Any) -> None:
        found = document(identity(policy(ALLOW, {**ALLOW, "Sid": "Read"})))
        assert [statement.label for statement in found.statements] == ["statement 1", "statement 2 (Read)"]

    def test_what_denies_does_not_allow(self, document: Any) -> None:
        found = document(identity(policy({**ALLOW, "Effect": "Deny"}, ALLOW)))
        assert [statement.number for statement in found.allowing] == [2]


class TestUndecided:
    @pytest.mark.parametrize(
        "text",
        [
            "${aws_s3_bucket.it.arn}",
            "${aws_s3_bucket.it.arn}/*",
            "${data.aws_caller_identity.me.account_id}",
            "arn:aws:lambda:us-east-1:${data.aws_caller_identity.me.account_id}:function:${aws_s3_bucket.it.id}",
            '${replace(aws_s3_bucket.it.arn, ":us-east-1:", ":us-west-2:")}',
            "arn:aws:s3:::b-${terraform.workspace}",
        ],
    )
    def test_what_aws_calls_a_thing_is_one_thing(self, document: Any, text: str) -> None:
        raw = policy({**ALLOW, "Resource": "@"}).replace("@", text)
        (statement,) = document(identity(raw)).statements
        assert statement.resources == (text,)
        assert not statement.undecided

    @pytest.mark.parametrize(
        "text",
        [
            "${var.anything}",
            "arn:aws:s3:::${var.anything}",
            "${module.elsewhere.arn}",
            "${each.value}",
            '${replace(aws_s3_bucket.it.arn, "/.*/", "*")}',
            '${base64decode("Kg==")}',
            '${aws_s3_bucket.it.id == "" ? "*" : aws_s3_bucket.it.arn}',
            "${aws_ssm_parameter.it.value}",
            "%{ if true }*%{ endif }",
        ],
    )
    def test_what_could_be_anything_is_marked(self, document: Any, text: str) -> None:
        raw = policy({**ALLOW, "Resource": "@"}).replace("@", text)
        (statement,) = document(identity(raw)).statements
        assert statement.undecided == {text}

    def test_a_part_of_what_another_stack_puts_out_is_as_plain_as_the_whole(self, tmp_path: Path) -> None:
        state = {"backend": "s3", "config": {"bucket": "state", "key": "global.tfstate"}}
        backend = {"backend": {"s3": {"bucket": "state", "key": "global.tfstate"}}}
        whole = "${data.terraform_remote_state.global.outputs.%s}"
        text = policy({**ALLOW, "Resource": [f"{whole % 'arn'}/*", f"{whole % 'anything'}/*"]})
        files = {
            "manifest.json": manifest("global", "primary"),
            "stacks/global/cdk.tf.json": {
                "terraform": backend,
                "resource": {"aws_s3_bucket": {"it": {"bucket": "receipts"}}},
                "output": {"arn": {"value": "${aws_s3_bucket.it.arn}"}, "anything": {"value": "${var.anything}"}},
            },
            "stacks/primary/cdk.tf.json": {
                "data": {"terraform_remote_state": {"global": state}},
                "resource": dict(identity(text)),
            },
        }
        (found,) = documents(sole(read(write(tmp_path, files)), "aws_iam_policy"))
        (statement,) = found.statements
        assert statement.undecided == {f"{whole % 'anything'}/*"}


class TestTerraformsOwnSyntax:
    def test_jsonencode_is_read(self, document: Any) -> None:
        text = """${jsonencode({
          Version = "2012-10-17"
          Statement = [
            {
              Sid      = "Read"
              Effect   = "Allow"
              Action   = ["s3:GetObject", "s3:${local.verb}"]
              Resource = [aws_s3_bucket.it.arn, "${aws_s3_bucket.it.arn}/*"]
              Principal = { AWS = "*" } # everyone
              Condition = { Bool = { "aws:SecureTransport" = true } }
            },
          ]
        })}"""
        found = document(
            {
                "aws_s3_bucket_policy": {"it": {"policy": text}},
                "aws_s3_bucket": {"it": {}},
                "locals": {"verb": "PutObject"},
            }
        )
        assert found.fault is None
        (statement,) = found.statements
        assert statement.sid == "Read"
        assert statement.actions == ("s3:GetObject", "s3:PutObject")
        assert statement.resources == ("${aws_s3_bucket.it.arn}", "${aws_s3_bucket.it.arn}/*")
        assert statement.principals == (("AWS", "*"),)
        assert statement.conditions == (("Bool", "aws:SecureTransport", ("true",)),)

    def test_json_is_terraforms_syntax_too(self, document: Any) -> None:
        (statement,) = document(identity(f"${{jsonencode({policy(ALLOW)})}}")).statements
        assert statement.actions == ("s3:GetObject",)

    def test_an_escaped_star_is_a_star(self, document: Any) -> None:
        text = policy({**ALLOW, "Action": "@"}).replace("@", "s3:\\u002a")
        assert document(identity(text)).statements[0].actions == ("s3:*",)
        assert document(identity(f"${{jsonencode({text})}}")).statements[0].actions == ("s3:*",)

    def test_an_object_in_a_local_is_followed(self, document: Any) -> None:
        found = document(identity("${jsonencode(local.policy)}", locals={"policy": {"Statement": [ALLOW]}}))
        assert found.statements[0].actions == ("s3:GetObject",)

    @pytest.mark.parametrize(
        "text",
        [
            "${jsonencode(merge(local.a, local.b))}",
            "${jsonencode({ Statement = concat(local.a, local.b) })}",
            "${jsonencode({ Statement = [)}",
            '${file("policy.json")}',
            '${templatefile("policy.tpl", {})}',
            "${var.policy}",
            "${aws_iam_policy.absent.policy}",
            "${data.aws_iam_policy.managed.policy}",
        ],
    )
    def test_what_only_terraform_can_tell_is_a_fault(self, document: Any, text: str) -> None:
        found = document(identity(text))
        assert found.fault
        assert not found.statements


READ = {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::receipts/*"]}


class TestPolicyDocumentDataSources:
    def test_its_statements_allow_unless_they_deny(self, document: Any) -> None:
        data = {
            "it": {
                "statement": [
                    {
                        **READ,
                        "principals": [{"type": "AWS", "identifiers": ["${aws_iam_role.it.arn}"]}],
                        "condition": [{"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["o-a"]}],
                    },
                    {"effect": "Deny", "actions": ["s3:*"], "resources": ["*"], "principals": {"type": "*"}},
                ]
            }
        }
        found = document(
            {
                "aws_s3_bucket_policy": {"it": {"policy": "${data.aws_iam_policy_document.it.json}"}},
                "data.aws_iam_policy_document": data,
            }
        )
        read_, denied = found.statements
        assert (read_.effect, read_.actions) == ("Allow", ("s3:GetObject",))
        assert read_.principals == (("AWS", "${aws_iam_role.it.arn}"),)
        assert read_.conditions == (("StringEquals", "aws:PrincipalOrgID", ("o-a",)),)
        assert not denied.allows

    def test_sources_are_merged_and_overrides_replace_by_sid(self, document: Any) -> None:
        found = document(
            identity(
                "${data.aws_iam_policy_document.it.json}",
                **{
                    "data.aws_iam_policy_document": {
                        "it": {
                            "source_policy_documents": [
                                "${data.aws_iam_policy_document.source.json}",
                                policy({**ALLOW, "Action": "s3:ListBucket"}),
                            ],
                            "statement": [{"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::b/*"]}],
                            "override_policy_documents": ["${data.aws_iam_policy_document.override.json}"],
                        },
                        "source": {"statement": [READ]},
                        "override": {"statement": [{**READ, "actions": ["s3:GetObjectVersion"]}]},
                    }
                },
            )
        )
        assert found.fault is None
        assert [statement.actions for statement in found.statements] == [
            ("s3:GetObjectVersion",),
            ("s3:ListBucket",),
            ("s3:PutObject",),
        ]
        assert [statement.number for statement in found.statements] == [1, 2, 3]

    def test_a_source_that_only_terraform_can_tell_is_a_fault(self, document: Any) -> None:
        data = {"it": {"source_policy_documents": ["${var.other}"], "statement": [READ]}}
        found = document(identity("${data.aws_iam_policy_document.it.json}", **{"data.aws_iam_policy_document": data}))
        assert found.fault == "${var.other} is known only to Terraform"
        assert [statement.sid for statement in found.statements] == ["Read"]

    def test_documents_made_of_each_other_are_a_fault(self, document: Any) -> None:
        data = {
            "a": {"source_policy_documents": ["${data.aws_iam_policy_document.b.json}"]},
            "b": {"source_policy_documents": ["${data.aws_iam_policy_document.a.json}"]},
        }
        found = document(identity("${data.aws_iam_policy_document.a.json}", **{"data.aws_iam_policy_document": data}))
        assert "it is made of itself" in found.fault

    def test_dynamic_statements_are_undecided_and_not_forgotten(self, document: Any) -> None:
        dynamic = {"for_each": "${var.all}", "content": {"actions": "${statement.value}", "resources": ["*"]}}
        data = {"it": {"dynamic": {"statement": dynamic}}}
        found = document(identity("${data.aws_iam_policy_document.it.json}", **{"data.aws_iam_policy_document": data}))
        assert found.statements[0].undecided == {"${statement.value}"}


class TestPlaces:
    @pytest.mark.parametrize(
        ("type_", "attribute", "kind"),
        [
            ("aws_iam_role_policy", "policy", Kind.IDENTITY),
            ("aws_iam_group_policy", "policy", Kind.IDENTITY),
            ("aws_ssoadmin_permission_set_inline_policy", "inline_policy", Kind.IDENTITY),
            ("aws_iam_role", "assume_role_policy", Kind.TRUST),
            ("aws_sqs_queue_policy", "policy", Kind.RESOURCE),
            ("aws_secretsmanager_secret", "policy", Kind.RESOURCE),
            ("aws_cloudwatch_log_resource_policy", "policy_document", Kind.RESOURCE),
            ("aws_kms_key", "policy", Kind.KEY),
            ("aws_kms_replica_key", "policy", Kind.KEY),
            ("aws_vpc_endpoint", "policy", Kind.ENDPOINT),
        ],
    )
    def test_each_place_has_its_kind(self, document: Any, type_: str, attribute: str, kind: Kind) -> None:
        text = policy({**ALLOW, "Principal": {"Service": "sns.amazonaws.com"}})
        found = document({type_: {"it": {attribute: text}}})
        assert (found.kind, found.attribute, found.fault) == (kind, attribute, None)
        assert found.statements[0].principals == (("Service", "sns.amazonaws.com"),)

    def test_a_roles_inline_policies_are_documents_of_their_own(self, deploy: Any) -> None:
        trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})
        role = {"assume_role_policy": trust, "inline_policy": [{"name": "a", "policy": policy(ALLOW)}]}
        found = documents(first(deploy({"aws_iam_role": {"it": role}})))
        assert [(document.kind, document.fault) for document in found] == [(Kind.TRUST, None), (Kind.IDENTITY, None)]

    def test_an_empty_inline_policy_says_that_there_is_none(self, deploy: Any) -> None:
        role = {"assume_role_policy": policy({**ALLOW, "Principal": "*"}), "inline_policy": [{}]}
        assert [document.kind for document in documents(first(deploy({"aws_iam_role": {"it": role}})))] == [Kind.TRUST]

    def test_a_policy_inside_another_document_is_recognized(self, document: Any) -> None:
        api = {"openapi": "3.0.1", "x-amazon-apigateway-policy": {"Statement": [{**ALLOW, "Principal": "*"}]}}
        found = document({"aws_api_gateway_rest_api": {"it": {"body": json.dumps(api)}}})
        assert (found.kind, found.attribute) == (Kind.RESOURCE, "body")
        assert found.statements[0].principals == (("AWS", "*"),)

    def test_a_policy_in_a_resource_that_nobody_listed_is_recognized(self, document: Any) -> None:
        found = document({"aws_some_new_policy": {"it": {"text": policy({**ALLOW, "Action": "*"})}}})
        assert (found.kind, found.statements[0].actions) == (Kind.IDENTITY, ("*",))

    def test_so_is_one_that_a_data_source_writes(self, document: Any) -> None:
        found = document(
            {
                "aws_some_new_policy": {"it": {"text": "${data.aws_iam_policy_document.it.json}"}},
                "data.aws_iam_policy_document": {"it": {"statement": [{"actions": ["*"], "resources": ["*"]}]}},
            }
        )
        assert found.statements[0].actions == ("*",)

    def test_so_is_one_in_a_local(self, document: Any) -> None:
        found = document({"aws_some_new_policy": {"it": {"text": "${local.p}"}}, "locals": {"p": policy(ALLOW)}})
        assert found.statements[0].actions == ("s3:GetObject",)

    def test_prose_is_no_policy(self, deploy: Any) -> None:
        example = {"aws_sqs_queue": {"it": {"tags": {"a": 'The "Statement" of {account}', "b": "${var.Statement}"}}}}
        assert documents(first(deploy({**example, "variable": {"Statement": {"default": "x"}}}))) == ()

    def test_what_limits_permissions_allows_nobody_anything(self, deploy: Any) -> None:
        full = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
        assert documents(first(deploy({"aws_organizations_policy": {"it": {"content": full}}}))) == ()

    def test_a_bucket_without_a_policy_has_no_document(self, deploy: Any) -> None:
        assert not has_document(first(deploy({"aws_s3_bucket": {"it": {"bucket": "receipts"}}})))


class TestWhatAwsWritesByItself:
    def test_an_endpoint_without_a_policy_lets_everything_pass(self, document: Any) -> None:
        found = document({"aws_vpc_endpoint": {"it": {"service_name": "com.amazonaws.us-east-1.s3"}}})
        (statement,) = found.statements
        assert (statement.actions, statement.resources, statement.principals) == (("*",), ("*",), (("AWS", "*"),))
        assert found.attribute == "policy (AWS's default)"

    def test_a_key_without_a_policy_allows_the_account_everything(self, document: Any) -> None:
        assert document({"aws_kms_key": {"it": {}}}).statements[0].actions == ("kms:*",)

    def test_unless_the_policy_stands_elsewhere(self, deploy: Any) -> None:
        deployment = deploy(
            {
                "aws_kms_key": {"it": {}},
                "aws_kms_key_policy": {"it": {"key_id": "${aws_kms_key.it.id}", "policy": policy(ALLOW)}},
                "aws_vpc_endpoint": {"it": {}},
                "aws_vpc_endpoint_policy": {
                    "it": {"vpc_endpoint_id": "${aws_vpc_endpoint.it.id}", "policy": policy(ALLOW)}
                },
            }
        )
        assert [r.type for r in deployment.resources() if has_document(r)] == [
            "aws_kms_key_policy",
            "aws_vpc_endpoint_policy",
        ]

    def test_a_gateway_load_balancers_endpoint_has_none(self, deploy: Any) -> None:
        example = {"aws_vpc_endpoint": {"it": {"vpc_endpoint_type": "GatewayLoadBalancer"}}}
        assert not has_document(first(deploy(example)))


class TestFaults:
    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("{", "it cannot be parsed"),
            ('{"Statement": [}', "it cannot be parsed"),
            ("not JSON", "it cannot be parsed"),
            ("[]", "it holds no Statement"),
            ("{}", "it holds no Statement"),
            ('{"statement": []}', "it holds no Statement"),
            ('{"Statement": []}', "it holds no statement"),
            ('{"Statement": null}', "it holds no statement"),
            ('{"Statement": ["x"]}', "statement 1 is x, which is no statement"),
            ('{"Statement": [{"Action": "a:b", "Action": "*"}]}', "Action stands twice in one object"),
            (policy({**ALLOW, "action": "*"}), "statement 1 has action, which no statement has"),
            (policy({**ALLOW, "Effect": "allow"}), "statement 1 has the effect allow, not Allow or Deny"),
            (policy({k: v for k, v in ALLOW.items() if k != "Effect"}), "statement 1 has the effect none"),
            (policy({**ALLOW, "Action": []}), "statement 1 names no action"),
            (policy({**ALLOW, "Action": {"a": 1}}), "statement 1 holds dict where a text belongs"),
            (policy(ALLOW, {**ALLOW, "Resource": []}), "statement 2 names no resource"),
            (policy({**ALLOW, "Condition": "x"}), "statement 1 has a condition that cannot be read"),
            (policy({**ALLOW, "Condition": {"Bool": "x"}}), "statement 1 has a condition Bool that cannot be read"),
            (None, "it is not there"),
            ("", "it is not there"),
            ([], "it holds no Statement"),
            (7, "it holds no Statement"),
            ("[" * 100_000, "nested too deeply"),
            pytest.param('{"a": ' * 800 + "1" + "}" * 800, "it holds no Statement", id="deep, and read all the same"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, document: Any, text: object, fault: str) -> None:
        assert fault in document(identity(text)).fault

    def test_a_resource_policy_without_a_principal_is_no_policy(self, document: Any) -> None:
        found = document({"aws_sqs_queue_policy": {"it": {"policy": policy(ALLOW)}}})
        assert found.fault == "statement 1 names no principal"

    def test_the_statements_that_can_be_read_are_read(self, document: Any) -> None:
        found = document(identity(policy(ALLOW, "x", {**ALLOW, "Action": "*"})))
        assert [statement.actions for statement in found.statements] == [("s3:GetObject",), ("*",)]

    @pytest.mark.parametrize("depth", [100, 300, 600, 900])
    def test_depth_is_no_way_to_hide(self, deploy: Any, depth: int) -> None:
        deep = '{"a": ' * depth + policy({**ALLOW, "Action": "*"}) + "}" * depth
        (found,) = documents(first(deploy({"aws_some_new_policy": {"it": {"text": deep}}})))
        assert found.fault or found.statements[0].actions == ("*",)

    def test_half_a_character_can_be_printed(self, document: Any) -> None:
        text = policy({**ALLOW, "Action": "@"}).replace("@", "s3:\\ud800")
        (action,) = document(identity(text)).statements[0].actions
        assert action.encode()

    def test_a_mark_in_the_text_is_no_expression(self, document: Any) -> None:
        text = policy({**ALLOW, "Action": "@", "Resource": "${aws_s3_bucket.it.arn}"}).replace("@", "\\u00007\\u0000")
        assert document(identity(text)).statements[0].resources == ("${aws_s3_bucket.it.arn}",)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text()
    | st.sampled_from(["*", "${var.x}", "${", "$${"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Statement", "Effect", "Action", "Resource", "Principal", "Condition", "NotAction", "Sid", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(
    ["aws_iam_role", "aws_iam_policy", "aws_kms_key", "aws_vpc_endpoint", "aws_sqs_queue", "aws_anything"]
)


class TestNothingRaises:
    @given(TYPES, JSON, st.booleans())
    @settings(max_examples=300, deadline=None)
    def test_whatever_a_document_holds(self, type_: str, value: object, encoded: bool) -> None:
        written = json.dumps(value) if encoded else value
        body = dict.fromkeys(("policy", "assume_role_policy", "inline_policy", "other"), written)
        for document in documents(alone(type_, body)):
            assert document.fault or document.statements

    @given(st.text(alphabet='{}[]$"\\,:*()= StatementEffectjsonencode\n'))
    @settings(max_examples=300, deadline=None)
    def test_whatever_a_text_holds(self, text: str) -> None:
        for document in documents(alone("aws_iam_policy", {"policy": text})):
            assert document.fault or document.statements

    @given(JSON)
    @settings(max_examples=100, deadline=None)
    def test_whatever_a_data_source_holds(self, value: object) -> None:
        body = dict.fromkeys(("statement", "source_policy_documents", "override_policy_documents", "dynamic"), value)
        resource = alone("aws_iam_policy", {"policy": "${data.aws_iam_policy_document.it.json}"})
        data = Resource(resource.stack, "data", "aws_iam_policy_document", "it", body)
        resource.stack.resources[data.address] = data
        for document in documents(resource):
            assert document.fault or document.statements


def alone(type_: str, body: Mapping[str, object]) -> Resource:
    from policies.model.deployment import Stack

    stack = Stack("alone")
    Deployment(Path(), (stack,))
    resource = Resource(stack, "resource", type_, "it", body)
    stack.resources[resource.address] = resource
    return resource
