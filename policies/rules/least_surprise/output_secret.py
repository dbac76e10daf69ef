"""No output holds a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._secrets import names_a_secret

_ATTRIBUTES: Final = frozenset(
    {
        "access_key", "auth_token", "client_secret", "private_key", "private_key_openssh", "private_key_pem",
        "private_key_pem_pkcs8", "secret_binary", "ses_smtp_password_v4",
    }
)  # fmt: skip
_RESULTS: Final = {
    "random_password": "result",
    "aws_secretsmanager_random_password": "random_password",
    "aws_ssm_parameter": "value",
    "aws_kms_secrets": "plaintext",
    "aws_eks_cluster_auth": "token",
}
"""Attributes that hold a secret although they are not called so."""


def _published(name: str, value: object) -> Any:
    def change(body: dict[str, Any], _: Resource) -> None:
        body["output"] = {**body.get("output", {}), name: {"value": value, "sensitive": True}}

    return change


def _of_a_secret(attribute: str, type_: str) -> Any:
    """An output of an attribute of a resource of the stack."""

    def change(body: dict[str, Any], stack: Resource) -> bool:
        found = next((r for r in stack.stack.resources.values() if r.type == type_ and r.mode == "resource"), None)
        if found is not None:
            _published("published", f"${{{found.address}.{attribute}}}")(body, stack)
        return found is not None

    return change


@rule(
    id="TAP_OUTPUT_WITHOUT_SECRET",
    title="No output holds a secret",
    risk="An output is in the state in the clear, sensitive or not; CDKTF makes one of what another stack refers to.",
    remediation="Pass the ARN of the secret, and let whoever needs the value read it from Secrets Manager.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:8.3.2", "NIST-800-53:IA-5(7)", "WA-REL:REL09-BP02"],
    judges=kind("terraform", mode="stack"),
    passes=[
        {
            "aws_secretsmanager_secret": {"db": {"name": "tap-db-use1-dev"}},
            "output": {
                "database_secret_arn": {"value": "${aws_secretsmanager_secret.db.arn}"},
                "password_length": {"value": 48},
            },
        },
        {"aws_sns_topic": {"nothing": {}}},
    ],
    fails=[
        {"random_password": {"p": {"provider": None}}, "output": {"p": {"value": "${random_password.p.result}"}}},
        {
            "aws_iam_access_key": {"k": {"user": "ci"}},
            "output": {"cross-stack-output": {"value": "${aws_iam_access_key.k.secret}", "sensitive": True}},
        },
        {"aws_sns_topic": {"x": {}}, "output": {"api_token": {"value": "${aws_sns_topic.x.display_name}"}}},
        {
            "data.aws_secretsmanager_secret_version": {"v": {"secret_id": "x"}},
            "output": {"all": {"value": {"db": "${data.aws_secretsmanager_secret_version.v.secret_string}"}}},
        },
    ],
    mutations=[
        edit("the password of a cluster", _of_a_secret("master_password", "aws_rds_cluster")),
        edit("the value of a secret", _of_a_secret("secret_string", "aws_secretsmanager_secret_version")),
        edit("an output that is called like a secret", _published("signing_key", "${local.key}")),
    ],
)
def output_without_secret(stack: Resource) -> Iterator[str]:
    """By the name of the output, and by the attributes that its value refers to."""
    for name, written in stack.map("output").items():
        value = Block(written).get("value")
        held = dict.fromkeys(
            f"{resource.address}.{attribute}"
            for resource, attribute in stack.deployment.destinations(stack.stack, value)
            if _is_secret(resource, attribute.rpartition(".")[2])
        )
        if held:
            yield f"the output {name} holds {', '.join(held)}, which is a secret"
        elif names_a_secret(str(name)) and not isinstance(value, (bool, int, float)):
            yield f"the output {name} is a secret by its name"


def _is_secret(resource: Resource, attribute: str) -> bool:
    return attribute in _ATTRIBUTES or names_a_secret(attribute) or _RESULTS.get(resource.type) == attribute
