"""No secret is written down, in whatever part of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.model.deployment import Deployment, Resource
from policies.mutation import add, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._secrets import hashes, secrets

_EVERYTHING: Final = ("resource", "data", "ephemeral", "provider", "backend", "stack")
_NAMED: Final = {
    "aws_api_gateway_api_key": frozenset({"value"}),
    "aws_kms_ciphertext": frozenset({"plaintext"}),
    "aws_ssm_parameter": frozenset({"value", "value_wo", "insecure_value"}),
}
"""Attributes that are secrets although their names do not say so."""

_RANDOM: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
"""The example of a secret access key in AWS's documentation."""

_KEY_ID: Final = "AKIAIOSFODNN7EXAMPLE"
_WORD: Final = "correct horse battery staple"


def _variable(name: str, value: str) -> Any:
    """An edit: a function gets an environment variable."""

    def change(body: dict[str, Any], _: Resource) -> None:
        body.setdefault("environment", {}).setdefault("variables", {})[name] = value

    return change


def _local(body: dict[str, Any], _: Resource) -> None:
    body["locals"] = {**body.get("locals", {}), "admin_password": _WORD}


def _output(body: dict[str, Any], _: Resource) -> None:
    body["output"] = {**body.get("output", {}), "admin_password": {"value": _WORD, "sensitive": True}}


@rule(
    id="TAP_SECRET_LITERAL",
    title="No secret is written down",
    risk="Whoever reads the code, its history, a plan, the state or a log of the pipeline has it; it cannot be changed "
    "without a deployment, and is the same in every environment.",
    remediation="Let an ephemeral resource generate it, write it with a write-only attribute, and hand functions the "
    "ARN of the secret. Change a secret that was written down: it is known.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:8.6.2", "PCI-DSS-4.0:8.3.2", "NIST-800-53:IA-5(7)", "WA-REL:REL08-BP05"],
    judges=kind("*", modes=_EVERYTHING),
    passes=[
        {
            "ephemeral.aws_secretsmanager_random_password": {"admin": {"password_length": 48}},
            "aws_secretsmanager_secret": {"admin": {"name": "tap-admin-use1-dev", "recovery_window_in_days": 0}},
            "aws_secretsmanager_secret_version": {
                "admin": {
                    "secret_id": "${aws_secretsmanager_secret.admin.id}",
                    "secret_string_wo": '${jsonencode({"username" = "admin", "password" = '
                    "ephemeral.aws_secretsmanager_random_password.admin.random_password})}",
                    "secret_string_wo_version": 1,
                }
            },
            "aws_lambda_function": {
                "webhook": {
                    "source_code_hash": "n6UmdI0+sAG7XVS1+dOByuw8CLASSx95ROAYtZyt9lY=",
                    "environment": {
                        "variables": {
                            "SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:tap-admin-AbCdEf",
                            "TRUST_BUNDLE_SHA256": "6b8e3641554ba56c413af30e83961abeba4f61eb1fcb967b350f6db83c4783d1",
                            "TOKEN_TTL_SECONDS": "3600",
                        }
                    },
                }
            },
            "aws_lambda_invocation": {
                "again": {
                    "triggers": {"code": "n6UmdI0+sAG7XVS1+dOByuw8CLASSx95ROAYtZyt9lY=", "credentials_version": "1000"}
                }
            },
            "aws_instance": {"bastion": {"metadata_options": {"http_tokens": "required"}}},
            "variable": {"admin_password": {"type": "string", "ephemeral": True}},
            "output": {"admin_secret": {"value": "${aws_secretsmanager_secret.admin.arn}"}},
        }
    ],
    fails=[
        {"aws_db_instance": {"named": {"password": "ChangeMe123!"}}},
        {"aws_db_instance": {"write_only": {"password_wo": "ChangeMe123!"}}},
        {"aws_lambda_function": {"random": {"environment": {"variables": {"SETTING": _RANDOM}}}}},
        {"aws_lambda_function": {"key_id": {"description": f"uses {_KEY_ID}"}}},
        {"aws_lambda_function": {"url": {"environment": {"variables": {"DSN": "postgres://app:hunter2@db/ledger"}}}}},
        {"aws_instance": {"script": {"user_data": "#!/bin/sh\nexport DB_PASSWORD=hunter2\n"}}},
        {"aws_secretsmanager_secret_version": {"json": {"secret_string": '{"username": "a", "password": "b"}'}}},
        {"aws_secretsmanager_secret_version": {"hcl": {"secret_string_wo": '${jsonencode({"password" = "hunter2"})}'}}},
        {"aws_ssm_parameter": {"secure": {"name": "/tap/setting", "type": "SecureString", "value": "hunter2"}}},
        {
            "aws_ecs_task_definition": {
                "container": {"container_definitions": '[{"environment": [{"name": "API_KEY", "value": "hunter2"}]}]'}
            }
        },
        {"aws_sns_topic": {"any": {}}, "variable": {"db_password": {"default": "hunter2"}}},
        {"aws_sns_topic": {"any": {}}, "locals": {"api_token": "hunter2"}},
        {"aws_sns_topic": {"any": {}}, "provider": {"aws": [{"region": "us-east-1", "secret_key": "hunter2"}]}},
        {"aws_sns_topic": {"any": {}}, "backend": {"s3": {"bucket": "state", "key": "x", "access_key": _KEY_ID}}},
        {"data.http": {"peer": {"url": "https://peer.example", "request_headers": {"X-Api-Key": "hunter2"}}}},
        {"ephemeral.aws_ssm_parameter": {"one": {"arn": "https://user:hunter2@host.example/"}}},
    ],
    mutations=[
        edit("a password in the environment", _variable("DB_PASSWORD", _WORD), "aws_lambda_function"),
        edit("a random value in the environment", _variable("SETTING", _RANDOM), "aws_lambda_function"),
        edit("an address with a password", _variable("DSN", "postgres://a:b@db/ledger"), "aws_lambda_function"),
        put("master_password", _WORD, "aws_rds_cluster"),
        put("master_password_wo", _WORD, "aws_rds_cluster"),
        put("secret_string_wo", f'${{jsonencode({{"key" = "{_WORD}"}})}}', "aws_secretsmanager_secret_version"),
        put("description", f"used to be {_KEY_ID}", "aws_kms_key", "aws_lambda_function"),
        put("item", f'{{"pk": {{"S": "control"}}, "token": {{"S": "{_WORD}"}}}}', "aws_dynamodb_table_item"),
        put("secret_key", _RANDOM, "aws", mode="provider"),
        put("access_key", _KEY_ID, "s3", mode="backend"),
        edit("a password among the locals", _local, "terraform", mode="stack"),
        edit("a password among the outputs", _output, "terraform", mode="stack"),
        put("secret_id", "-----BEGIN PRIVATE KEY-----", "aws_secretsmanager_secret_version", mode="ephemeral"),
        put("config.secret_key", _WORD, "terraform_remote_state", mode="data"),
        add("data.http.peer", {"request_headers": {"Authorization": f"Bearer {_RANDOM}"}}),
    ],
)
def secret_literal(block: Resource) -> Iterator[str]:
    """By name (a password, a token, …) or by looks (keys, tokens, random text); references, ARNs and hashes pass.

    A random value that is called a hash or an id anywhere in the deployment is taken for that everywhere.
    """
    body: Mapping[str, Any] = _rest(block) if block.mode == "stack" else block.body
    named = _NAMED.get(block.type, frozenset())
    if block.type == "aws_ssm_parameter" and block.text("type") in {"String", "StringList"}:
        named = frozenset()
    for written in secrets(body, named=named):
        if not (written.random and _is_a_hash(block.deployment, written.text)):
            yield f"{written.place} {written.fault}"


def _rest(stack: Resource) -> Mapping[str, Any]:
    """What of a stack is not judged on its own."""
    settings = [
        {name: value for name, value in block.body.items() if name != "backend"} for block in stack.blocks("terraform")
    ]
    return {**stack.body, "provider": None, "terraform": settings}


def _is_a_hash(deployment: Deployment, text: str) -> bool:
    """Whether a name says so anywhere; remembered, because a hash of code stands in every function."""
    known: dict[str, bool] = deployment.__dict__.setdefault("_is_a_hash", {})
    if text not in known:
        known[text] = any(text in other.words.text and text in hashes(other.body) for other in deployment.everything)
    return known[text]
