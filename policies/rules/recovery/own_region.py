"""What serves in a region names nothing of the other one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource, Stack
from policies.model.iam import Kind, documents
from policies.model.references import Reference, expressions, references, whole
from policies.model.regions import named_in
from policies.model.values import strings
from policies.mutation import edit
from policies.rule import ANY, Severity, kind, rule

_JOINS: Final = (
    # Both regions' keys have one policy text, because a multi-Region key shares material only.
    "aws_kms_",
    # Each of these joins the regions, or is of none.
    "aws_backup_", "aws_cloudwatch_dashboard", "aws_dynamodb_table", "aws_rds_global_cluster", "aws_route53_",
    "aws_s3_bucket_replication_configuration", "aws_secretsmanager_secret", "aws_vpc_peering_connection",
)  # fmt: skip
"""Types, by their beginning, that may speak of the other region."""

_WORDS: Final = frozenset({"//", "provider", "tags", "tags_all", "description", "alarm_description", "comment"})
"""Attributes that are for people or for Terraform."""

_OTHER_SIDE: Final = {
    "aws_cloudwatch_metric_alarm": frozenset({"dimensions"}),
    "aws_rds_cluster": frozenset({"source_region", "replication_source_identifier"}),
}
"""Attributes that name where data comes from, or goes to."""

_COPIES: Final = frozenset({"s3.amazonaws.com", "batchoperations.s3.amazonaws.com", "backup.amazonaws.com"})
"""Services whose roles copy data to the other region."""

_REGIONAL: Final = frozenset({"arn", "id", "stream_arn"})
"""Attributes of a replicated table or secret that belong to the region in which it was made."""

_ANYWHERE: Final = (
    "aws_caller_identity", "aws_iam_", "aws_partition", "aws_rds_global_cluster", "aws_route53_",
    "terraform_remote_state",
)  # fmt: skip
"""Data sources, by their beginning, that say the same in every region."""

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _serves(resource: Resource) -> bool:
    if resource.deployment.peer(resource.region) is None or resource.type.startswith(_JOINS):
        return False
    return not _copies(resource)


def _copies(resource: Resource) -> bool:
    """Whether it is the role, or a role's policy, with which a service copies data to the other region."""
    role = resource if resource.type == "aws_iam_role" else resource.target("role")
    if not resource.type.startswith("aws_iam_") or role is None:
        return False
    trusts = [document for document in documents(role) if document.kind is Kind.TRUST]
    names = {name for document in trusts for statement in document.allowing for _, name in statement.principals}
    return bool(names) and names <= _COPIES


def _queue_of_the_other_region(body: dict[str, Any], function: Resource) -> bool:
    environment = body.get("environment")
    peer = function.deployment.peer(function.region)
    if isinstance(environment, dict) and isinstance(environment.get("variables"), dict):
        environment["variables"]["QUEUE_ARN"] = f"arn:aws:sqs:{peer}:000000000000:payments"
        return True
    return False


def _environment_of_its_twin(body: dict[str, Any], function: Resource) -> bool:
    """What the other region's function is told, such as that region's copy of a secret."""
    twin = function.twin
    if twin is None or not any("SECRET" in name for name in function.block("environment").map("variables")):
        return False
    body["environment"] = twin.get("environment")
    return True


def _exchanged(body: dict[str, Any], resource: Resource) -> bool:
    """Every ARN of its own region made one of the other."""
    own, peer = resource.region, resource.deployment.peer(resource.region)
    texts = {name: value for name, value in body.items() if name not in _WORDS and isinstance(value, str)}
    body.update({name: value.replace(f":{own}:", f":{peer}:") for name, value in texts.items()})
    return any(body[name] != value for name, value in texts.items())


def _function(**variables: str) -> dict[str, Any]:
    return {"webhook": {"provider": "aws.usw2", "environment": {"variables": variables}}}


_SECRET: Final = {"aws_secretsmanager_secret": {"key": {"replica": [{"region": "us-west-2"}]}}}
_REPLICA: Final = '${replace(aws_secretsmanager_secret.key.arn, ":us-east-1:", ":us-west-2:")}'


@rule(
    id="TAP_RECOVERY_OWN_REGION",
    title="What serves in a region names no ARN, host or region of the other one",
    risk="The standby takes over and asks the region that has just died; or the primary depends on a region that "
    "nobody watches while it is idle.",
    remediation="Name the resource's own region: its replica of a secret or table, its own topic, its own endpoints.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-7", "NIST-800-53:SC-36", "WA-REL:REL10-BP03", "WA-REL:REL11-BP05"],
    judges=kind(ANY, where=_serves),
    passes=[
        {
            "aws_lambda_function": _function(
                QUEUE="arn:aws:sqs:us-west-2:000000000000:payments", PEER="use1.example.com"
            )
        },
        {
            **_SECRET,
            "aws_lambda_function": _function(KEY="${local.replica}", NAME="${aws_secretsmanager_secret.key.name}"),
            "locals": {"replica": _REPLICA},
        },
        {
            "aws_cloudwatch_metric_alarm": {
                "lag": {
                    "provider": "aws.usw2",
                    "dimensions": {"SourceRegion": "us-east-1"},
                    "alarm_description": "us-east-1",
                }
            }
        },
        {
            "aws_rds_cluster": {
                "reader": {"provider": "aws.usw2", "source_region": "us-east-1", "cluster_identifier": "ledger"}
            }
        },
    ],
    fails=[
        {"aws_lambda_function": _function(QUEUE="arn:aws:sqs:us-east-1:000000000000:payments")},
        {"aws_lambda_function": _function(HOST="sqs.us-east-1.amazonaws.com")},
        {"aws_lambda_function": _function(PEER_REGION="us-east-1")},
        {"aws_lambda_function": _function(QUEUE="${local.queue}"), "locals": {"queue": "arn:aws:sqs:us-east-1:0:q"}},
        {**_SECRET, "aws_lambda_function": _function(KEY="${aws_secretsmanager_secret.key.arn}")},
        {**_SECRET, "aws_lambda_function": _function(KEY=_REPLICA.replace(":us-west-2:", ":us-east-1:"))},
        {
            "data.aws_region": {"home": {}},
            "aws_lambda_function": _function(REGION="${data.aws_region.home.name}"),
        },
        {
            "aws_iam_role_policy": {
                "webhook": {
                    "provider": "aws.usw2",
                    "role": "webhook",
                    "policy": '{"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", '
                    '"Resource": "arn:aws:sqs:us-east-1:000000000000:payments"}]}',
                }
            }
        },
        {"aws_cloudwatch_metric_alarm": {"home": {"alarm_actions": ["arn:aws:sns:us-west-2:000000000000:alerts"]}}},
    ],
    mutations=[
        edit("a queue of the other region", _queue_of_the_other_region, "aws_lambda_function"),
        edit("what its twin is told", _environment_of_its_twin, "aws_lambda_function"),
        edit("permissions in the other region", _exchanged, "aws_iam_role_policy", where=_serves),
        edit("an API of the other region's functions", _exchanged, "aws_api_gateway_rest_api"),
        edit("a policy of the other region", _exchanged, "aws_vpc_endpoint", "aws_sns_topic_policy"),
    ],
)
def recovery_own_region(resource: Resource) -> Iterator[str]:
    """References to whole resources of the other region are TAP_TOPOLOGY_REGION_REFERENCES'; this reads what is said.

    Excepted: what joins the regions, key policies, the roles that copy data, and where replication comes from.
    """
    own, peer = resource.region or "", resource.deployment.peer(resource.region) or ""
    if _is_silent(peer, own, resource):
        return
    silent = _WORDS | _OTHER_SIDE.get(resource.type, frozenset())
    for name, value in resource.body.items():
        if name not in silent:
            found = {told for text in strings(value) for told in _of(peer, own, resource.stack, text)}
            for told in sorted(found):
                yield f"{name} names {told}, while this is in {own}"


def _is_silent(peer: str, own: str, resource: Resource) -> bool:
    """Whether nothing of the other region is named in the whole resource, as in most."""
    if peer in resource.words.text:
        return False
    cleared = resource.stack.cleared[f"names something of {peer}"]
    for text in resource.words.templates:
        if text not in cleared:
            if any(True for _ in _of(peer, own, resource.stack, text)):
                return False
            cleared.add(text)
    return True


def _of(peer: str, own: str, stack: Stack, text: str) -> Iterator[str]:
    """What of the other region a text names."""
    if peer not in text:
        # By far the most texts: nothing is said in them, so that only what they refer to counts.
        for reference in references(text):
            yield from _through(peer, own, stack, reference)
        return
    if peer in named_in(_outside(text)):
        yield _around(text, peer)
    for start, end in expressions(text):
        yield from _followed(peer, own, stack, "${" + text[start:end] + "}")


def _through(peer: str, own: str, stack: Stack, reference: Reference) -> tuple[str, ...]:
    """What a reference leads to in the other region; most stand in many places, such as each function's policy."""
    known: dict[tuple[int, str, Reference], tuple[str, ...]]
    known = stack.deployment.__dict__.setdefault("_through_to_the_peer", {})
    key = id(stack), peer, reference
    if key not in known:
        instance = f"[{json.dumps(reference.instance)}]" if reference.instance else ""
        steps = [f"{reference.address}{instance}", reference.attribute]
        known[key] = tuple(_followed(peer, own, stack, "${" + ".".join(filter(None, steps)) + "}"))
    return known[key]


def _followed(peer: str, own: str, stack: Stack, expression: str) -> Iterator[str]:
    """What of the other region an expression says, or takes from there, wherever it leads."""
    scope, value = stack.deployment.follow(stack, expression)
    if not isinstance(value, str) or _is_moved(value, peer, own):
        return
    if peer in value:
        literals = [_outside(value)] if whole(value) is None else _LITERAL.findall(value)
        yield from (_around(literal, peer) for literal in literals if peer in named_in(literal))
    for target, attribute in scope.deployment.destinations(scope, value):
        if target.region == peer and _belongs_to_its_region(target, attribute):
            yield f"{attribute} of {target.path}, which is in {peer}"


def _belongs_to_its_region(target: Resource, attribute: str) -> bool:
    if target.mode == "data":
        return not target.type.startswith(_ANYWHERE)
    is_replicated = target.type in {"aws_dynamodb_table", "aws_secretsmanager_secret"}
    return is_replicated and attribute in _REGIONAL


def _is_moved(value: str, peer: str, own: str) -> bool:
    """Whether an expression puts its own region in the place of the other: how a replica's ARN is written."""
    expression = whole(value) if "replace(" in value else None
    if expression is None or not expression.startswith("replace("):
        return False
    *_, sought, replacement = ["", "", *_LITERAL.findall(expression)]
    return peer in sought and own in replacement and peer not in replacement


def _outside(text: str) -> str:
    """The text without its expressions."""
    parts, position = [], 0
    for start, end in expressions(text):
        parts.append(text[position : start - 2])
        position = end + 1
    return " ".join([*parts, text[position:]])


def _around(text: str, region: str) -> str:
    """The word in which the region is named."""
    return next((word for word in re.split(r"[\s\"',\\]+", text) if region in word), region)
