"""Secrets never enter Terraform's state: they are ephemeral, and written with write-only attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.references import references
from policies.mutation import add, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._secrets import names_a_secret

WRITE_ONLY: Final = "_wo"
"""How the names of write-only attributes end.

https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only
"""

_MAKES: Final = {
    "random_password": "result",
    "tls_private_key": "private_key_pem",
    "aws_iam_access_key": "secret",
    "aws_iam_service_specific_credential": "service_password",
    "aws_iam_user_login_profile": "password",
    "aws_kms_ciphertext": "plaintext",
    "aws_lightsail_key_pair": "private_key",
}
"""Resources that are secrets themselves, and the attribute of their state that holds it."""

_READS: Final = frozenset(
    {
        "aws_secretsmanager_secret_version", "aws_secretsmanager_random_password", "aws_ssm_parameter",
        "aws_ssm_parameters_by_path", "aws_kms_secrets", "aws_eks_cluster_auth", "aws_ecr_authorization_token",
        "aws_cognito_user_pool_client", "vault_generic_secret", "vault_kv_secret", "vault_kv_secret_v2",
    }
)  # fmt: skip
"""Data sources that read a secret. Their ephemeral counterparts keep nothing."""

_POINTERS: Final = frozenset({"arn", "arns", "id", "ids", "name", "names", "alias", "path"})
"""Last words of attributes that say where a secret is."""

_MANAGED: Final = "manage_master_user_password"


def _concerned(block: Resource) -> bool:
    if block.mode == "data":
        return block.type in _READS
    if block.type in _MAKES or _MANAGED in block:
        return True
    cleared = block.stack.cleared["names a secret"]
    if not cleared.issuperset(block.words.keys):
        cleared.update(key for key in block.words.keys if not names_a_secret(key))
    secret = not cleared.issuperset(block.words.keys) or any(_is_secure_value(block, name) for name in block.body)
    return secret and any(True for _ in _secret_attributes(block))


def _secret_attributes(resource: Resource) -> Iterator[tuple[str, str, list[str]]]:
    """Place, name and texts of each attribute, at whatever depth, that is a secret by its name."""
    waiting: list[tuple[str, Any]] = [("", resource.body)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, list):
            waiting += [(place, inner) for inner in item if isinstance(inner, (dict, list))]
            continue
        for key, inner in item.items():
            listed = inner if isinstance(inner, list) else [inner]
            if names_a_secret(str(key)) or (not place and _is_secure_value(resource, key)):
                texts = [text for text in listed if isinstance(text, str)]
                if texts:
                    yield f"{place}{key}", str(key), texts
            if isinstance(inner, (dict, list)) and key != "//":
                waiting.append((f"{place}{key}.", inner))


def _is_secure_value(resource: Resource, name: str) -> bool:
    if resource.type != "aws_ssm_parameter" or name not in {"value", "value_wo"}:
        return False
    return resource.text("type") not in {"String", "StringList"}


def _kept_as(attribute: str, written: str) -> Any:
    """An edit: the write-only attribute becomes one that Terraform keeps."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        value = body.pop(written, None)
        body[attribute] = value
        return value is not None

    return change


@rule(
    id="TAP_SECRET_IN_STATE",
    title="Secrets never enter Terraform's state",
    risk="The state holds every attribute in clear text: whoever may plan may read the ledger's password.",
    remediation="Generate it with an ephemeral resource and write it with a write-only attribute (secret_string_wo, "
    "master_password_wo, value_wo); read it with an ephemeral resource instead of a data source.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:8.3.2", "PCI-DSS-4.0:8.6.2", "NIST-800-53:IA-5", "WA-REL:REL08-BP05"],
    judges=kind("*", modes=("resource", "data"), where=_concerned),
    passes=[
        {
            "ephemeral.aws_secretsmanager_random_password": {"admin": {"password_length": 48}},
            "locals": {"password": "${ephemeral.aws_secretsmanager_random_password.admin.random_password}"},
            "variable": {"token": {"type": "string", "ephemeral": True}},
            "aws_secretsmanager_secret": {"admin": {"name": "tap-admin-use1-dev"}},
            "aws_secretsmanager_secret_version": {
                "json": {"secret_string_wo": '${jsonencode({"password" = local.password})}'},
                "given": {"secret_string_wo": "${var.token}"},
            },
            "aws_db_instance": {"managed": {_MANAGED: True}},
            "aws_lambda_function": {
                "webhook": {"environment": {"variables": {"SECRET": "${aws_secretsmanager_secret.admin.arn}"}}}
            },
            "aws_ssm_parameter": {"plain": {"type": "String", "value": "dev"}},
        }
    ],
    fails=[
        {"random_password": {"admin": {"length": 48}}},
        {"aws_db_instance": {"kept": {"password": "${var.password}"}}},
        {"aws_db_instance": {"literal": {"password": "ChangeMe123!"}}},
        {
            "variable": {"token": {"type": "string", "sensitive": True}},
            "aws_secretsmanager_secret_version": {"not_ephemeral": {"secret_string_wo": "${var.token}"}},
        },
        {"aws_elasticache_user": {"nested": {"authentication_mode": [{"passwords": ["${var.password}"]}]}}},
        {"aws_ssm_parameter": {"secure": {"type": "SecureString", "value": "${var.setting}"}}},
        {"aws_rds_cluster": {"managed": {"global_cluster_identifier": "ledger", _MANAGED: True}}},
        {"data.aws_secretsmanager_secret_version": {"admin": {"secret_id": "admin"}}},
        {"data.aws_ssm_parameter": {"setting": {"name": "/tap/setting"}}},
    ],
    mutations=[
        edit(
            "secret_string instead of secret_string_wo",
            _kept_as("secret_string", "secret_string_wo"),
            "aws_secretsmanager_secret_version",
        ),
        edit(
            "master_password instead of master_password_wo",
            _kept_as("master_password", "master_password_wo"),
            "aws_rds_cluster",
        ),
        put("secret_string_wo", "${random_password.admin.result}", "aws_secretsmanager_secret_version"),
        put(_MANAGED, True, "aws_rds_cluster"),
        add("random_password.admin", {"length": 48}),
        add("data.aws_secretsmanager_random_password.admin", {"password_length": 48}),
        add("data.aws_secretsmanager_secret_version.admin", {"secret_id": "admin"}),
    ],
)
def secret_in_state(block: Resource) -> Iterator[str]:
    """What Terraform keeps must not be a secret; what it does not keep must come from something ephemeral."""
    if block.mode == "data":
        if block.type != "aws_ssm_parameter" or block.flag("with_decryption") is not False:
            yield f"{block.type} reads a secret into the state; there is an ephemeral resource for it"
        return
    if block.type in _MAKES and "pgp_key" not in block:
        yield f"{_MAKES[block.type]} is generated into the state"
    if block.flag(_MANAGED) is not False and _MANAGED in block and "global_cluster_identifier" in block:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
        yield f"{_MANAGED} is {block.get(_MANAGED)}: RDS manages no password for a global database"
    for place, name, texts in _secret_attributes(block):
        for text in texts:
            fault = _unwritten_fault(block, text) if name.endswith(WRITE_ONLY) else _kept_fault(block, text)
            if fault:
                yield f"{place} {fault}"


def _unwritten_fault(resource: Resource, text: str) -> str | None:
    if any(found.mode == "ephemeral" for found in resource.deployment.targets(resource.stack, text)):
        return None
    if any(_is_ephemeral_variable(resource, reference.address) for reference in references(text)):
        return None
    return "is write-only, but what it is given comes from nothing ephemeral"


def _is_ephemeral_variable(resource: Resource, address: str) -> bool:
    kind_, _, name = address.partition(".")
    return kind_ == "var" and resource.stack.content.block("variable").block(name).flag("ephemeral") is True


def _kept_fault(resource: Resource, text: str) -> str | None:
    """None for what only says where a secret is."""
    ends = [attribute for _, attribute in resource.deployment.destinations(resource.stack, text)]
    ends = ends or [f"{reference.address}.{reference.attribute}" for reference in references(text)]
    words = [end.rstrip(".").replace("-", "_").rpartition(".")[2].rpartition("_")[2] for end in ends]
    if words and all(word in _POINTERS for word in words):
        return None
    if "${" not in text and (not text or text.startswith(("arn:", "alias/", "/")) or len(text) < 4):
        return None
    return "is kept in the state in clear text"
