"""Functions are invoked by those that were named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import texts
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.iam._narrowing import exact
from policies.rules.iam._wildcards import arn, has_wildcard, names_one

_SHARED: Final = ("aws_lambda_permission", "aws_lambda_layer_version_permission")
_INVOKE: Final = {"action": "lambda:InvokeFunction", "function_name": "${aws_lambda_function.it.function_name}"}


def _permission(**body: object) -> dict[str, dict[str, Any]]:
    return {"aws_lambda_permission": {"it": {**_INVOKE, **body}}}


def _without_source(body: dict[str, object], _: Resource) -> bool:
    return body.pop("source_arn", None) is not None and body.pop("source_account", None) is not None


@rule(
    id="TAP_IAM_LAMBDA_PERMISSION",
    title="Functions are invoked by a named principal, and by a service only from a named source",
    risk="Anyone's API, topic or bucket, or anyone at all, runs the function with whatever he likes to send it.",
    remediation="Set source_arn to the API, topic or bucket, or source_account; set principal to one account, role or "
    'service; give a function URL authorization_type = "AWS_IAM".',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-3", "WA-REL:REL10-BP03"],
    judges=kind(*_SHARED, "aws_lambda_function_url"),
    passes=[
        _permission(
            principal="apigateway.amazonaws.com",
            source_arn="${aws_api_gateway_rest_api.it.execution_arn}/*/GET/payments",
        ),
        _permission(principal="s3.amazonaws.com", source_account="111122223333"),
        _permission(principal="111122223333"),
        _permission(principal="arn:aws:iam::111122223333:role/caller"),
        _permission(principal="*", principal_org_id="o-a1b2c3"),
        {"aws_lambda_function_url": {"it": {"authorization_type": "AWS_IAM"}}},
    ],
    fails=[
        _permission(principal="apigateway.amazonaws.com"),
        _permission(principal="apigateway.amazonaws.com", source_arn="*"),
        _permission(principal="apigateway.amazonaws.com", source_arn="arn:aws:execute-api:us-east-1:111122223333:*"),
        _permission(principal="sns.amazonaws.com", source_arn="arn:aws:sns:us-east-1:*:payments"),
        _permission(principal="sns.amazonaws.com", source_arn="${var.source}"),
        _permission(principal="s3.amazonaws.com", source_account="*"),
        _permission(principal="*"),
        _permission(principal="*", source_account="111122223333"),
        _permission(principal="*", function_url_auth_type="NONE"),
        _permission(principal="${var.principal}", source_account="111122223333"),
        _permission(source_account="111122223333"),
        _permission(principal="s3.amazonaws.com", source_account="111122223333", action="lambda:*"),
        {"aws_lambda_layer_version_permission": {"it": {"action": "lambda:GetLayerVersion", "principal": "*"}}},
        {"aws_lambda_function_url": {"it": {"authorization_type": "NONE"}}},
        {"aws_lambda_function_url": {"it": {}}},
    ],
    mutations=[
        edit("without a source", _without_source),
        put("principal", "*"),
        put("action", "lambda:*"),
        put("source_arn", "arn:aws:execute-api:us-east-1:*:a1b2c3/dev/GET/health/live"),
        put("source_arn", "arn:aws:execute-api:us-east-1:111122223333:*/dev/GET/health/live"),
        put("source_account", "*"),
        drop("principal"),
    ],
)
def lambda_permission(resource: Resource) -> Iterator[str]:
    """A service needs a source; everybody needs an organization; an account or role may stand alone."""
    if resource.type == "aws_lambda_function_url":
        if resource.text("authorization_type") != "AWS_IAM":
            yield f"authorization_type is {resource.get('authorization_type')}: anybody may invoke the function"
        return
    yield from _action(resource)
    for name in ("source_arn", "source_account", "principal_org_id", "organization_id"):
        fault = _fault(resource, name)
        if fault:
            yield f"{name} is {resource.get(name)}: {fault}"
    yield from _principal(resource)


def _action(resource: Resource) -> Iterator[str]:
    actions, undecided = texts(resource, "action")
    if undecided or not actions or any(has_wildcard(action) for action in actions):
        yield f"action is {resource.get('action')}, not an action by its name"


def _fault(resource: Resource, name: str) -> str | None:
    """Why what is written there names nobody; None also if nothing is."""
    for text in _written(resource, name):
        if text is None:
            return "only Terraform can tell what that is"
        named = arn(text)
        if named is not None and named.wide:
            return f"it has a wildcard as {' and '.join(named.wide)}"
        if not (names_one(text) if name == "source_arn" else exact(text)):
            return "it has a wildcard"
    return None


def _written(resource: Resource, name: str) -> tuple[str | None, ...]:
    """The texts of an attribute; None for one that is undecided."""
    found, undecided = texts(resource, name)
    return tuple(None if text in undecided else text for text in found)


def _principal(resource: Resource) -> Iterator[str]:
    principals = _written(resource, "principal")
    if not principals or None in principals:
        yield f"principal is {resource.get('principal')}: only Terraform can tell who that is"
    for principal in principals:
        if principal == "*":
            if not any(resource.get(name) for name in ("principal_org_id", "organization_id")):
                yield "principal is *: anybody may invoke it, and no organization is named"
        elif principal and has_wildcard(principal):
            yield f"principal is {principal}: it has a wildcard"
        elif (
            principal
            and _is_service(principal)
            and not any(resource.get(it) for it in ("source_arn", "source_account"))
        ):
            yield f"{principal} may invoke it for anybody: there is neither source_arn nor source_account"


def _is_service(principal: str) -> bool:
    """Whether a principal is no account and no ARN, so may be a service that everybody uses."""
    return not principal.isdigit() and not principal.startswith(("arn:", "${aws_iam_", "${data.aws_caller_identity."))
