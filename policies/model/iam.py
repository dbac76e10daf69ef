"""IAM policy documents, wherever Terraform lets people write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.references import expressions, whole
from policies.model.values import Block


class Kind(StrEnum):
    """What a document governs, which decides what its parts mean."""

    IDENTITY = "identity policy"
    TRUST = "trust policy"
    RESOURCE = "resource policy"
    KEY = "key policy"
    ENDPOINT = "endpoint policy"


@dataclass(frozen=True)
class Statement:
    """One statement; what was a string is a tuple of one. Unresolved references stay as ``${…}``."""

    sid: str
    effect: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """Pairs of type (``Service``, ``AWS``, …) and value; ``Principal: "*"`` is (``AWS``, ``*``)."""
    not_principals: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Operator, key and values."""

    @property
    def allows(self) -> bool:
        """Whether it allows anything; what is not plainly a Deny counts as Allow."""
        return self.effect != "Deny"


@dataclass(frozen=True)
class Document:
    """A policy document of a resource, in one of its attributes. ``fault`` says why it could not be read, if so."""

    kind: Kind
    attribute: str
    statements: tuple[Statement, ...]
    fault: str | None = None


_IDENTITY: Final = {
    "aws_iam_policy": "policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_iam_group_policy": "policy",
    "aws_ssoadmin_permission_set_inline_policy": "inline_policy",
}
_RESOURCE: Final = {
    "aws_api_gateway_rest_api": "policy",
    "aws_api_gateway_rest_api_policy": "policy",
    "aws_backup_vault_policy": "policy",
    "aws_cloudwatch_event_bus_policy": "policy",
    "aws_cloudwatch_log_resource_policy": "policy_document",
    "aws_dynamodb_resource_policy": "policy",
    "aws_ecr_repository_policy": "policy",
    "aws_efs_file_system_policy": "policy",
    "aws_kinesis_resource_policy": "policy",
    "aws_s3_bucket": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_secretsmanager_secret": "policy",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_ses_identity_policy": "policy",
    "aws_sns_topic": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue": "policy",
    "aws_sqs_queue_policy": "policy",
}
_KEY: Final = {
    "aws_kms_key": "policy",
    "aws_kms_replica_key": "policy",
    "aws_kms_external_key": "policy",
    "aws_kms_replica_external_key": "policy",
    "aws_kms_key_policy": "policy",
}
_ENDPOINT: Final = {"aws_vpc_endpoint": "policy", "aws_vpc_endpoint_policy": "policy"}
_BY_KIND: Final = (
    (Kind.IDENTITY, _IDENTITY),
    (Kind.RESOURCE, _RESOURCE),
    (Kind.KEY, _KEY),
    (Kind.ENDPOINT, _ENDPOINT),
)

TYPES: Final = tuple(sorted({"aws_iam_role", *_IDENTITY, *_RESOURCE, *_KEY, *_ENDPOINT}))
"""Every resource type in which a policy document can stand."""

_MARK = re.compile(r"\x00(\d+)\x00")


def has_document(resource: Resource) -> bool:
    """Whether a document stands in the resource (an unreadable one counts)."""
    return bool(documents(resource))


def documents(resource: Resource) -> tuple[Document, ...]:
    """Every policy document of a resource. JSON text, ``jsonencode`` and ``aws_iam_policy_document`` are understood."""
    cached = resource.__dict__.get("_documents")
    if cached is None:
        cached = resource.__dict__["_documents"] = tuple(_documents(resource))
    return tuple(cached)


def _documents(resource: Resource) -> Iterator[Document]:
    for kind, attributes in _BY_KIND:
        attribute = attributes.get(resource.type)
        if attribute and attribute in resource:
            yield _document(resource, resource.get(attribute), kind, attribute)
    if resource.type == "aws_iam_role":
        if "assume_role_policy" in resource:
            yield _document(resource, resource.get("assume_role_policy"), Kind.TRUST, "assume_role_policy")
        for inline in resource.blocks("inline_policy"):
            yield _document(resource, inline.get("policy"), Kind.IDENTITY, "inline_policy")


def _document(resource: Resource, value: object, kind: Kind, attribute: str) -> Document:
    stack, value = resource.deployment.follow(resource.stack, value)
    source = resource.deployment.target(stack, value)
    if source is not None and source.mode == "data" and source.type == "aws_iam_policy_document":
        merged = [source, *source.targets("source_policy_documents"), *source.targets("override_policy_documents")]
        return Document(kind, attribute, tuple(s for part in merged for s in _from_data(part)))
    try:
        parsed = _parsed(value) if isinstance(value, str) else value
    except ValueError as error:
        return Document(kind, attribute, (), f"it cannot be read: {error}")
    if not isinstance(parsed, Mapping):
        return Document(kind, attribute, (), "it is known only to Terraform")
    statements = parsed.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    return Document(kind, attribute, tuple(_statement(item) for item in listed if isinstance(item, Mapping)))


def _parsed(text: str) -> Any:
    """The object that a string holds: JSON in which expressions may stand, or the argument of ``jsonencode``."""
    expression = whole(text)
    if expression is None:
        marked, found = _marked(text)
        return _restored(json.loads(marked), found) if found else json.loads(text)
    inner = expression.strip()
    if inner.startswith("jsonencode(") and inner.endswith(")"):
        return _object(inner.removeprefix("jsonencode(").removesuffix(")"))
    return None


def _marked(text: str) -> tuple[str, list[str]]:
    """The text with a mark for each expression, because its quotes would end the JSON string around it."""
    parts: list[str] = []
    found: list[str] = []
    position = 0
    for start, end in expressions(text):
        parts += [text[position : start - 2], f"\\u0000{len(found)}\\u0000"]
        found.append(text[start - 2 : end + 1])
        position = end + 1
    return "".join([*parts, text[position:]]), found


def _restored(value: Any, found: list[str]) -> Any:
    if isinstance(value, str):
        return _MARK.sub(lambda mark: found[int(mark[1])], value)
    if isinstance(value, list):
        return [_restored(item, found) for item in value]
    if isinstance(value, Mapping):
        return {key: _restored(item, found) for key, item in value.items()}
    return value


@lru_cache(maxsize=256)
def _object(hcl: str) -> Any:
    """An object in Terraform's own syntax."""
    import hcl2.api  # noqa: PLC0415  # a slow import that only few need

    try:
        return _unquoted(hcl2.api.loads(f"value = {hcl}\n")["value"])
    except Exception as error:  # noqa: BLE001  # its parser raises whatever its grammar library does
        raise ValueError(str(error).partition("\n")[0] or type(error).__name__) from None


def _unquoted(value: Any) -> Any:
    if isinstance(value, str):
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if isinstance(value, list):
        items = [_unquoted(item) for item in value]
        return items[0] if len(items) == 1 and isinstance(items[0], Mapping) else items
    if isinstance(value, Mapping):
        return {_unquoted(key): _unquoted(item) for key, item in value.items() if not str(key).startswith("__")}
    return value


def _statement(body: Mapping[str, Any]) -> Statement:
    block = Block(body)
    return Statement(
        sid=block.text("Sid") or "",
        effect=block.text("Effect") or "",
        actions=block.texts("Action"),
        not_actions=block.texts("NotAction"),
        resources=block.texts("Resource"),
        not_resources=block.texts("NotResource"),
        principals=tuple(_principals(body.get("Principal"))),
        not_principals=tuple(_principals(body.get("NotPrincipal"))),
        conditions=tuple(
            (str(operator), str(key), Block({"v": values}).texts("v"))
            for operator, keys in block.map("Condition").items()
            if isinstance(keys, Mapping)
            for key, values in keys.items()
        ),
    )


def _principals(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "AWS", value
    elif isinstance(value, Mapping):
        for type_, names in value.items():
            for name in Block({"v": names}).texts("v"):
                yield str(type_), name


def _from_data(data: Resource) -> Iterator[Statement]:
    """The statements of an ``aws_iam_policy_document``."""
    for block in data.blocks("statement"):
        yield Statement(
            sid=block.text("sid") or "",
            effect=block.text("effect") or "Allow",
            actions=block.texts("actions"),
            not_actions=block.texts("not_actions"),
            resources=block.texts("resources"),
            not_resources=block.texts("not_resources"),
            principals=tuple(_principal_blocks(block.blocks("principals"))),
            not_principals=tuple(_principal_blocks(block.blocks("not_principals"))),
            conditions=tuple(
                (c.text("test") or "", c.text("variable") or "", c.texts("values")) for c in block.blocks("condition")
            ),
        )


def _principal_blocks(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        for name in block.texts("identifiers"):
            yield ("AWS" if block.text("type") == "*" else block.text("type") or ""), name
