"""IAM policy documents, wherever Terraform lets people write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from policies.model.deployment import Resource, Stack
from policies.model.references import expressions, references, single, whole
from policies.model.values import Block, Body, reach, templates


class Kind(StrEnum):
    """What a document governs, which decides what its parts mean."""

    IDENTITY = "identity policy"
    TRUST = "trust policy"
    RESOURCE = "resource policy"
    KEY = "key policy"
    ENDPOINT = "endpoint policy"


@dataclass(frozen=True)
class Statement:
    """One statement; what was a string is a tuple of one.

    What is known is filled in. What only AWS knows stays as ``${…}``, named as in the stack that makes it: this may be
    another than that of the policy.
    """

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
    undecided: frozenset[str] = frozenset()
    """Those of the texts above that could stand for anything: they hold a variable without a value, or a condition."""
    number: int = 0
    """Its place in the document, from 1."""

    @property
    def allows(self) -> bool:
        """Whether it allows anything; what is not plainly a Deny counts as Allow."""
        return self.effect != "Deny"

    @property
    def label(self) -> str:
        """How to call it in a sentence."""
        return f"statement {self.number} ({self.sid})" if self.sid else f"statement {self.number}"


TRANSPORT: Final = "aws:SecureTransport"
"""Whether a request came with TLS."""


@dataclass(frozen=True)
class Document:
    """A policy document of a resource, in one of its attributes.

    ``fault`` says what of it could not be read, if anything; ``statements`` are those that could.
    """

    kind: Kind
    attribute: str
    statements: tuple[Statement, ...]
    fault: str | None = None

    @property
    def allowing(self) -> tuple[Statement, ...]:
        """The statements that allow something. One that denies may be as broad as it likes."""
        return tuple(statement for statement in self.statements if statement.allows)


_PLACES: Final[Mapping[str, Mapping[str, Kind]]] = {
    **{
        type_: {"policy": Kind.IDENTITY}
        for type_ in ("aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy")
    },
    "aws_iam_role": {"assume_role_policy": Kind.TRUST, "inline_policy.policy": Kind.IDENTITY},
    "aws_ssoadmin_permission_set_inline_policy": {"inline_policy": Kind.IDENTITY},
    "aws_iot_policy": {"policy": Kind.IDENTITY},
    **{
        type_: {"policy": Kind.KEY}
        for type_ in (
            "aws_kms_external_key", "aws_kms_key", "aws_kms_key_policy", "aws_kms_replica_external_key",
            "aws_kms_replica_key",
        )
    },
    **{type_: {"policy": Kind.ENDPOINT} for type_ in ("aws_vpc_endpoint", "aws_vpc_endpoint_policy")},
    **{
        type_: {"policy": Kind.RESOURCE}
        for type_ in (
            "aws_api_gateway_domain_name", "aws_api_gateway_rest_api", "aws_api_gateway_rest_api_policy",
            "aws_backup_vault_policy", "aws_cloudwatch_event_bus_policy", "aws_dynamodb_resource_policy",
            "aws_dynamodb_table", "aws_ecr_registry_policy", "aws_ecr_repository_policy", "aws_efs_file_system_policy",
            "aws_glue_resource_policy", "aws_kinesis_resource_policy", "aws_s3_access_point", "aws_s3_bucket",
            "aws_s3_bucket_policy", "aws_s3control_access_point_policy", "aws_s3control_bucket_policy",
            "aws_secretsmanager_secret", "aws_secretsmanager_secret_policy", "aws_ses_identity_policy",
            "aws_sesv2_email_identity_policy", "aws_sns_topic", "aws_sns_topic_policy", "aws_sqs_queue",
            "aws_sqs_queue_policy", "aws_vpclattice_auth_policy", "aws_vpclattice_resource_policy",
        )
    },
    "aws_cloudwatch_log_destination_policy": {"access_policy": Kind.RESOURCE},
    "aws_cloudwatch_log_resource_policy": {"policy_document": Kind.RESOURCE},
    "aws_codeartifact_domain_permissions_policy": {"policy_document": Kind.RESOURCE},
    "aws_elasticsearch_domain": {"access_policies": Kind.RESOURCE},
    "aws_elasticsearch_domain_policy": {"access_policies": Kind.RESOURCE},
    "aws_glacier_vault": {"access_policy": Kind.RESOURCE},
    "aws_opensearch_domain": {"access_policies": Kind.RESOURCE},
    "aws_opensearch_domain_policy": {"access_policies": Kind.RESOURCE},
    "aws_xray_resource_policy": {"policy_document": Kind.RESOURCE},
}  # fmt: skip
"""By type: the attributes that hold a document. Documents elsewhere are recognized by what is in them."""

_REQUIRED: Final = frozenset(
    (type_, attribute)
    for type_, attributes in _PLACES.items()
    for attribute in attributes
    if type_.endswith("_policy") or attribute == "assume_role_policy"
)

_LIMITS_ONLY: Final = frozenset({"aws_organizations_policy", "aws_s3control_multi_region_access_point"})
"""Types whose documents allow nobody anything: service control policies only take away."""

_SIGNS: Final = ("Statement", "data.aws_iam_policy_document.", "${local.", "${var.", "${module.")
"""In every text that holds a document, or leads to one."""

# https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#default-endpoint-policy
_ENDPOINT_DEFAULT: Final = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
_WITHOUT_POLICY: Final = frozenset({"GatewayLoadBalancer", "Resource", "ServiceNetwork"})
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
_KEY_DEFAULT: Final = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::account:root"},
    "Action": "kms:*",
    "Resource": "*",
}

_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"""

_MARK = re.compile(r"\x00(\d+)\x00")
_HCL_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_HCL_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_HARMLESS: Final = frozenset({"count.index", "terraform.workspace"})
_CONTENTS: Final = frozenset(
    {"body", "insecure_value", "json", "outputs", "result", "secret_string", "value", "values"}
)
"""Attributes that hold what somebody wrote, not what AWS calls a thing."""
_CUTTING: Final = frozenset(
    {"element", "join", "lower", "one", "replace", "split", "tostring", "trimprefix", "trimsuffix", "upper"}
)
"""Functions that make no wildcard of texts that hold none."""
_CALL = re.compile(r"([A-Za-z_][\w:]*)\s*\(")
_ANYTHING = re.compile(r"[*?\\]")
_DEEPEST: Final = 8
"""Documents that are made of documents."""


def has_document(resource: Resource) -> bool:
    """Whether a document stands in the resource (an unreadable one counts)."""
    return bool(documents(resource))


def documents(resource: Resource) -> tuple[Document, ...]:
    """Every policy document of a resource, and what AWS puts there if none is written.

    JSON text, ``jsonencode`` and ``aws_iam_policy_document`` are understood.
    """
    found: tuple[Document, ...] | None = resource.__dict__.get("_documents")
    if found is None:
        try:
            found = tuple(_documents(resource))
        except RecursionError:
            found = (Document(Kind.IDENTITY, resource.type, (), "it is nested too deeply"),)
        resource.__dict__["_documents"] = found
    return found


def refuses_plain(statement: Statement, service: str) -> bool:
    """Whether it denies everything of a service to everybody who comes without TLS, and depends on nothing else."""
    return denies_plain(statement) and bool({f"{service}:*", "*"} & {action.lower() for action in statement.actions})


def denies_plain(statement: Statement) -> bool:
    """Whether it denies something to everybody who comes without TLS, and depends on nothing else."""
    conditions = [(operator.removesuffix("IfExists"), key, values) for operator, key, values in statement.conditions]
    return (
        not statement.allows
        and ("AWS", "*") in statement.principals
        and conditions == [("Bool", TRANSPORT, ("false",))]
    )


def texts(resource: Resource, attribute: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The strings of an attribute, filled in as those of a statement are, and those of them that are undecided."""
    reading = _Texts(_Reader(resource), resource.stack, attribute)
    return reading.of(resource.get(attribute)), frozenset(reading.undecided)


def _documents(resource: Resource) -> Iterator[Document]:
    if resource.mode != "resource":
        return
    places = _PLACES.get(resource.type, {})
    for place, kind in places.items():
        name, _, inner = place.partition(".")
        # An empty block says that there are none.
        values = [block.get(inner) for block in resource.blocks(name) if block] if inner else [resource.get(name)]
        for value in values:
            document = _in_place(resource, value, kind, name)
            if document is not None:
                yield document
    signs = resource.deployment.present(_SIGNS) if resource.type not in _LIMITS_ONLY else ()
    if any(map(resource.words.text.__contains__, signs)):
        known = {place.partition(".")[0] for place in places}
        for name, value in resource.body.items():
            if name not in known and name != "//" and (not isinstance(value, str) or "{" in value):
                yield from _recognized(resource, value, name)


def _in_place(resource: Resource, value: object, kind: Kind, attribute: str) -> Document | None:
    if value is not None and value != "":
        return _read(resource, value, kind, attribute)
    default = _default(resource, kind)
    if default is not None:
        return _read(resource, {"Statement": [default]}, kind, f"{attribute} (AWS's default)")
    if attribute == "inline_policy" or (resource.type, attribute) in _REQUIRED:
        return Document(kind, attribute, (), "it is not there")
    return None


def _default(resource: Resource, kind: Kind) -> Body | None:
    """The statement that AWS writes if nobody else does."""
    if resource.type == "aws_vpc_endpoint":
        elsewhere = resource.users("aws_vpc_endpoint_policy")
        return None if elsewhere or resource.text("vpc_endpoint_type") in _WITHOUT_POLICY else _ENDPOINT_DEFAULT
    if kind is Kind.KEY and resource.type != "aws_kms_key_policy":
        return None if resource.users("aws_kms_key_policy") else _KEY_DEFAULT
    return None


def _recognized(resource: Resource, value: object, attribute: str) -> Iterator[Document]:
    """Documents in attributes that are not known to hold some, such as the policy inside an OpenAPI document."""
    for text in templates(value):
        if not any(map(text.__contains__, _SIGNS)):
            continue
        reader = _Reader(resource)
        for document in reader.found_in(*resource.deployment.follow(resource.stack, text)):
            kind = Kind.RESOURCE if any(s.principals or s.not_principals for s in document) else Kind.IDENTITY
            yield Document(kind, attribute, document, reader.fault(kind, document))


def _read(resource: Resource, value: object, kind: Kind, attribute: str) -> Document:
    reader = _Reader(resource)
    statements = _numbered(reader.document(resource.stack, value, _DEEPEST))
    return Document(kind, attribute, statements, reader.fault(kind, statements))


def _numbered(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    return tuple(
        statement if statement.number == number else replace(statement, number=number)
        for number, statement in enumerate(statements, start=1)
    )


@dataclass
class _Reader:
    """Reads documents of one resource, and notes what it cannot read."""

    resource: Resource
    faults: list[str] = field(default_factory=list)

    def fault(self, kind: Kind, statements: Sequence[Statement]) -> str | None:
        """What could not be read, or is missing from a document of this kind."""
        found = list(dict.fromkeys(self.faults))
        for statement in statements:
            if kind is Kind.IDENTITY and not (statement.resources or statement.not_resources):
                found.append(f"{statement.label} names no resource")
            if kind is not Kind.IDENTITY and not (statement.principals or statement.not_principals):
                found.append(f"{statement.label} names no principal")
        return "; ".join(found) or None

    def document(self, stack: Stack, value: object, depth: int) -> list[Statement]:
        """The statements of a document, however it is written."""
        stack, value = self.resource.deployment.follow(stack, value)
        if depth <= 0:
            self.faults.append("it is made of itself")
            return []
        if isinstance(value, str):
            return self._text(stack, value, depth)
        if isinstance(value, Mapping) and "Statement" in value:
            return self._statements(stack, value["Statement"])
        self.faults.append("it holds no Statement")
        return []

    def _text(self, stack: Stack, text: str, depth: int) -> list[Statement]:
        reference = single(text)
        if reference is not None:
            found = stack.find(reference)
            source = found[0] if len(found) == 1 else None
            if source is not None and source.mode == "data" and source.type == "aws_iam_policy_document":
                return self._data(source, depth)
            written = reach(source.body, reference.attribute) if source else None
            if isinstance(written, (str, Mapping)) and source is not None:
                return self.document(source.stack, written, depth - 1)
            self.faults.append(f"{text} is known only to Terraform")
            return []
        try:
            parsed = self._parsed(stack, text)
        except (ValueError, RecursionError) as error:
            self.faults.append(f"it cannot be parsed: {error}" if str(error) else "it cannot be parsed")
            return []
        if parsed is None:
            self.faults.append("it is known only to Terraform")
            return []
        return self.document(stack, parsed, depth - 1)

    def _parsed(self, stack: Stack, text: str) -> Any:
        """The object that a string holds: JSON in which expressions may stand, or the argument of ``jsonencode``."""
        expression = whole(text)
        if expression is None:
            try:
                return _json(text)
            except ValueError:
                filled = self.resource.deployment.literal(stack, text) if "${" in text else None
                if filled is None:
                    raise
                return _json(filled)
        if expression.startswith("jsonencode(") and expression.endswith(")"):
            return _hcl(expression.removeprefix("jsonencode(").removesuffix(")").strip())
        return None

    def found_in(self, stack: Stack, value: object) -> list[tuple[Statement, ...]]:
        """The documents in a value that may be or hold some."""
        if not isinstance(value, str):
            return [_numbered(self._statements(stack, body["Statement"])) for body in _holders(value)]
        if single(value) is not None:
            source = self.resource.deployment.target(stack, value)
            written = source is not None and source.mode == "data" and source.type == "aws_iam_policy_document"
            return [_numbered(self.document(stack, value, _DEEPEST))] if written else []
        if "Statement" not in value and "data.aws_iam_policy_document." not in value:
            return []
        try:
            parsed = self._parsed(stack, value)
        except (ValueError, RecursionError):
            parsed = None
        if parsed is not None:
            return [_numbered(self._statements(stack, body["Statement"])) for body in _holders(parsed)]
        # Prose may speak of a statement; what begins like an object or an expression was meant to be read.
        if value.lstrip()[:1] in {"{", "["} or whole(value):
            self.faults.append("it seems to hold a policy, and cannot be read")
            return [()]
        return []

    def _statements(self, stack: Stack, value: object) -> list[Statement]:
        stack, value = self.resource.deployment.follow(stack, value)
        listed = value if isinstance(value, list) else [value]
        found = []
        for number, item in enumerate(listed, start=1):
            scope, body = (stack, item) if isinstance(item, dict) else self.resource.deployment.follow(stack, item)
            if isinstance(body, Mapping):
                found.append(self._statement(scope, body, number))
            elif body is not None:
                self.faults.append(f"statement {number} is {_shown(body)}, which is no statement")
        if not found:
            self.faults.append("it holds no statement")
        return found

    def _statement(self, stack: Stack, body: Body, number: int) -> Statement:
        label = f"statement {number}"
        unknown = sorted(str(name) for name in body if name not in _ELEMENTS)
        if unknown:
            self.faults.append(f"{label} has {', '.join(unknown)}, which no statement has")
        texts = _Texts(self, stack, label)
        return self._checked(
            label,
            Statement(
                sid=Block(body).text("Sid") or "",
                effect=next(iter(texts.of(body.get("Effect"))), ""),
                actions=texts.of(body.get("Action")),
                not_actions=texts.of(body.get("NotAction")),
                resources=texts.of(body.get("Resource")),
                not_resources=texts.of(body.get("NotResource")),
                principals=texts.principals(body.get("Principal")),
                not_principals=texts.principals(body.get("NotPrincipal")),
                conditions=texts.conditions(body.get("Condition")),
                undecided=frozenset(texts.undecided),
                number=number,
            ),
        )

    def _checked(self, label: str, statement: Statement) -> Statement:
        if statement.effect not in {"Allow", "Deny"}:
            self.faults.append(f"{label} has the effect {statement.effect or 'none'}, not Allow or Deny")
        if not statement.actions and not statement.not_actions:
            self.faults.append(f"{label} names no action")
        return statement

    def _data(self, data: Resource, depth: int) -> list[Statement]:
        """An ``aws_iam_policy_document``: what it merges, its own statements, and what overrides them by their Sid."""
        merged: list[Statement] = []
        for name in ("source_json", "source_policy_documents"):
            for item in self._items(data, name):
                merged += self.document(data.stack, item, depth - 1)
        own = [self._block(data.stack, block, number) for number, block in enumerate(data.blocks("statement"), start=1)]
        if "statement" in data and not own:
            self.faults.append(f"the statements of {data.address} are known only to Terraform")
        merged = _overridden(merged, own)
        for name in ("override_json", "override_policy_documents"):
            for item in self._items(data, name):
                merged = _overridden(merged, self.document(data.stack, item, depth - 1))
        if not merged:
            self.faults.append(f"{data.address} holds no statement")
        return merged

    def _items(self, data: Resource, name: str) -> Sequence[object]:
        _, value = data.deployment.follow(data.stack, data.get(name))
        if value is None:
            return ()
        return value if isinstance(value, list) else [value]

    def _block(self, stack: Stack, block: Block, number: int) -> Statement:
        label = f"statement {number}"
        texts = _Texts(self, stack, label)
        return self._checked(
            label,
            Statement(
                sid=block.text("sid") or "",
                effect=next(iter(texts.of(block.get("effect"))), "Allow"),
                actions=texts.of(block.get("actions")),
                not_actions=texts.of(block.get("not_actions")),
                resources=texts.of(block.get("resources")),
                not_resources=texts.of(block.get("not_resources")),
                principals=texts.principal_blocks(block.blocks("principals")),
                not_principals=texts.principal_blocks(block.blocks("not_principals")),
                conditions=tuple(
                    (condition.text("test") or "", condition.text("variable") or "", texts.of(condition.get("values")))
                    for condition in block.blocks("condition")
                ),
                undecided=frozenset(texts.undecided),
                number=number,
            ),
        )


def _overridden(statements: list[Statement], by: list[Statement]) -> list[Statement]:
    """As the provider merges: a statement takes the place of the one with its Sid."""
    merged = list(statements)
    for statement in by:
        places = [n for n, other in enumerate(merged) if statement.sid and other.sid == statement.sid]
        if places:
            merged[places[0]] = statement
        else:
            merged.append(statement)
    return merged


@dataclass
class _Texts:
    """Reads the strings of one statement."""

    reader: _Reader
    stack: Stack
    label: str
    undecided: set[str] = field(default_factory=set)

    def of(self, value: object) -> tuple[str, ...]:
        """The strings of a value that is a string or a list of them, what is known already filled in."""
        if value is None:
            return ()
        return tuple(self._of(self.stack, value, _DEEPEST))

    def _of(self, stack: Stack, value: object, depth: int) -> Iterator[str]:
        if isinstance(value, str) and "{" not in value:
            yield _printable(value)
            return
        scope, led = self.reader.resource.deployment.follow(stack, value)
        if isinstance(led, list) and depth:
            for item in led:
                yield from self._of(scope, item, depth - 1)
        elif isinstance(led, str):
            yield self._filled(scope, led)
        elif isinstance(led, (bool, int, float)):
            yield str(led).lower()
        elif led is not None:
            self.reader.faults.append(f"{self.label} holds {_shown(led)} where a text belongs")

    def _filled(self, scope: Stack, text: str) -> str:
        """The text with what is known already in place of its expressions."""
        parts: list[str] = []
        position = 0
        decided = True
        for start, end in expressions(text):
            expression = text[start - 2 : end + 1]
            value = self.reader.resource.deployment.literal(scope, expression) if expression[0] == "$" else None
            decided = decided and (value is not None or self._is_one_thing(scope, expression))
            parts += [text[position : start - 2], expression if value is None else value]
            position = end + 1
        filled = _printable("".join([*parts, text[position:]]))
        if not decided:
            self.undecided.add(filled)
        return filled

    def _is_one_thing(self, scope: Stack, expression: str) -> bool:
        """Whether it is a name that AWS gives to one thing, of this stack or of another one whose output it reads."""
        _, led = self.reader.resource.deployment.follow(scope, expression)
        return _is_one_thing(led if isinstance(led, str) else expression)

    def principals(self, value: object) -> tuple[tuple[str, str], ...]:
        """Pairs of type and name."""
        if value is None:
            return ()
        scope = self.stack
        if isinstance(value, str):
            scope, value = self.reader.resource.deployment.follow(scope, value)
        if not isinstance(value, Mapping):
            return tuple(("AWS", name) for name in self.of(value))
        return tuple((str(type_), name) for type_, names in value.items() for name in self._of(scope, names, _DEEPEST))

    def principal_blocks(self, blocks: Sequence[Block]) -> tuple[tuple[str, str], ...]:
        """Pairs of type and name."""
        return tuple(
            ("AWS" if block.text("type") == "*" else block.text("type") or "", name)
            for block in blocks
            for name in self.of(block.get("identifiers"))
        )

    def conditions(self, value: object) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Operator, key and values of each condition."""
        if value is None:
            return ()
        scope = self.stack
        if isinstance(value, str):
            scope, value = self.reader.resource.deployment.follow(scope, value)
        found = []
        for operator, keys in value.items() if isinstance(value, Mapping) else ():
            if not isinstance(keys, Mapping):
                self.reader.faults.append(f"{self.label} has a condition {operator} that cannot be read")
                continue
            found += [(str(operator), str(key), tuple(self._of(scope, it, _DEEPEST))) for key, it in keys.items()]
        if not isinstance(value, Mapping):
            self.reader.faults.append(f"{self.label} has a condition that cannot be read")
        return tuple(found)


@lru_cache(maxsize=1024)
def _is_one_thing(expression: str) -> bool:
    """Whether a ``${…}`` names one thing, whatever it will be: it is what AWS calls something, perhaps cut to size."""
    inner = whole(expression)
    if inner is None or inner in _HARMLESS:
        return inner is not None
    named = references(expression)
    for reference in named:
        if not reference.address.removeprefix("data.").startswith(("aws_", "awscc_")):
            return False
        if reference.attribute.rpartition(".")[2] in _CONTENTS:
            return False
    if single(expression) is not None:
        return True
    return bool(named) and not _ANYTHING.search(inner) and all(call in _CUTTING for call in _CALL.findall(inner))


@lru_cache(maxsize=512)
def _json(text: str) -> Any:
    """JSON in which expressions may stand."""
    marked, found = _marked(text)
    try:
        parsed = json.loads(marked, object_pairs_hook=_members)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return _restored(parsed, found) if found else parsed


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands twice in one object")
    return dict(pairs)


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
        return _MARK.sub(lambda mark: found[int(mark[1])] if int(mark[1]) < len(found) else "", value)
    if isinstance(value, list):
        return [_restored(item, found) for item in value]
    if isinstance(value, Mapping):
        return {_restored(key, found): _restored(item, found) for key, item in value.items()}
    return value


@lru_cache(maxsize=256)
def _hcl(text: str) -> Any:
    """A value in Terraform's own syntax; what is an expression stays as ``${…}``."""
    import hcl2.api  # noqa: PLC0415  # a slow import that only few need

    try:
        (value,) = hcl2.api.loads(f"value = {text}\n")["value"]
    except Exception as error:  # noqa: BLE001  # its parser raises whatever its grammar library does
        raise ValueError(str(error).partition("\n")[0] or type(error).__name__) from None
    return _unescaped(value)


def _unescaped(value: Any) -> Any:
    """Strings as they are meant: the parser leaves escapes as they were written."""
    if isinstance(value, str):
        parts = []
        position = 0
        for start, end in expressions(value):
            parts += [_HCL_ESCAPE.sub(_character, value[position : start - 2]), value[start - 2 : end + 1]]
            position = end + 1
        return "".join([*parts, _HCL_ESCAPE.sub(_character, value[position:])])
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    if isinstance(value, Mapping):
        return {_unescaped(key): _unescaped(it) for key, it in value.items() if not str(key).startswith("__")}
    return value


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code is None:
        return _HCL_LETTERS.get(escape[3], escape[3])
    return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else escape[0]


def _holders(value: Any) -> Iterator[Body]:
    """The objects in a value, at whatever depth, that have a Statement."""
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield value
        else:
            for item in value.values():
                yield from _holders(item)
    elif isinstance(value, list):
        for item in value:
            yield from _holders(item)


def _printable(text: str) -> str:
    """Halves of surrogate pairs cannot be written to any report."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}…"
