"""No two resources want the same name where AWS takes it once."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Deployment, Resource
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.names._names import UNKNOWN, Name, described, names
from policies.rules.names._renaming import rename
from policies.rules.names._table import TABLE, Scope

Pool = tuple[str, ...]
"""What names must be unique in."""

_ACCOUNT_ID: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
_INDEX: Final = "_names_taken"
_ACCOUNT: Final = "_names_account"


def has_own_name(resource: Resource) -> bool:
    """Whether it has a name that nothing else may have."""
    named = described(resource)
    return named is not None and named.scope is not Scope.NONE


def _twins_name(_: str, resource: Resource) -> str | bool:
    """The name of another resource that draws from the same pool."""
    wanted = _pool(resource)
    for other in resource.deployment.resources(resource.type):
        if other is not resource and _pool(other) == wanted:
            found = other.get(TABLE[resource.type].attribute)
            if isinstance(found, str) and "${" not in found:
                return found
    return False


def _other_case(text: str, resource: Resource) -> str | bool:
    named = TABLE[resource.type]
    taken = _twins_name(text, resource)
    return taken.upper() if isinstance(taken, str) and named.folds_case else False


def _moved_onto(body: dict[str, Any], resource: Resource) -> bool:
    """Name and parent of another resource: what may be the same within different parents is not within one."""
    named = TABLE.get(resource.type)
    for other in resource.deployment.resources(resource.type) if named and named.within else ():
        if other is not resource and other.stack is resource.stack and other.provider is resource.provider:
            for attribute in (named.attribute, *named.within) if named else ():
                if attribute in other:
                    body[attribute] = other.get(attribute)
                else:
                    body.pop(attribute, None)
            return True
    return False


@rule(
    id="TAP_NAME_UNIQUE",
    title="Names are unique where AWS takes them once, and bucket names hold the account",
    risk="The second resource of a name overwrites the first one or stops the apply; anyone may have taken a bucket's.",
    remediation="Let the names tell what differs; put the account's twelve digits into the name of a bucket.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.5.1", "NIST-800-53:CM-8", "WA-REL:REL01-BP02"],
    judges=kind("*", where=has_own_name),
    passes=[
        {
            "aws_sqs_queue": {
                "one": {"name": "tap-payments-use1-dev"},
                "two": {"name": "tap-receipts-use1-dev"},
                "other_region": {"name": "tap-payments-use1-dev", "provider": "aws.usw2"},
            },
            "aws_sns_topic": {"another_type": {"name": "tap-payments-use1-dev"}},
            "aws_s3_bucket": {
                "written": {"bucket": "tap-receipts-000000000000-use1-dev"},
                "referred": {"bucket": "tap-${data.aws_caller_identity.me.account_id}-use1-dev"},
            },
            "data.aws_caller_identity": {"me": {}},
            "aws_iam_role": {"one": {"name": "tap-a-use1-dev"}, "two": {"name": "tap-b-use1-dev"}},
            "aws_iam_role_policy": {
                "one": {"name": "tap-use1-dev", "role": "${aws_iam_role.one.id}"},
                "two": {"name": "tap-use1-dev", "role": "${aws_iam_role.two.id}"},
            },
            "aws_route53_record": {
                "a": {"name": "global.dev.tap.example", "zone_id": "Z1", "type": "A", "set_identifier": "primary"},
                "b": {"name": "global.dev.tap.example", "zone_id": "Z1", "type": "A", "set_identifier": "secondary"},
            },
        }
    ],
    fails=[
        {"aws_sqs_queue": {"a": {"name": "tap-payments-use1-dev"}, "b": {"name": "tap-payments-use1-dev"}}},
        {
            "aws_iam_role": {
                "here": {"name": "tap-webhook-use1-dev"},
                "there": {"name": "TAP-webhook-use1-dev", "provider": "aws.usw2"},
            }
        },
        {
            "aws_cloudwatch_dashboard": {
                "here": {"dashboard_name": "tap-global-dev"},
                "there": {"dashboard_name": "tap-global-dev", "provider": "aws.usw2"},
            }
        },
        {
            "aws_route53_record": {
                "a": {"name": "use1.dev.tap.example", "zone_id": "Z1", "type": "A"},
                "b": {"name": "use1.dev.tap.example.", "zone_id": "Z1", "type": "A"},
            }
        },
        {
            "aws_rds_cluster_instance": {"a": {"identifier": "tap-one-use1-dev"}},
            "aws_db_instance": {"b": {"identifier": "tap-one-use1-dev"}},
        },
        {"aws_s3_bucket": {"anyone": {"bucket": "tap-receipts-use1-dev"}}},
        {"aws_sqs_queue": {"nameless": {"delay_seconds": 1}}},
        {"aws_sqs_queue": {"unknown": {"name": "${var.name}"}}},
    ],
    mutations=[
        rename("the name of another one", _twins_name),
        rename("the name of another one, in capitals", _other_case),
        edit("the name and the parent of another one", _moved_onto),
    ],
)
def name_unique(resource: Resource) -> Iterator[str]:
    """Names of one pool are compared over all stacks; one that only Terraform can tell is told apart by nobody."""
    named = described(resource)
    own = [name for name in names(resource) if name.described is named]
    if named is None or not own:
        yield "it has no name, so nobody can tell whether another one has it"
        return
    name = own[0]
    # What AWS makes up to validate a certificate is unique, unless it is made up for both.
    if UNKNOWN in name.own and not _account_in(resource, name) and not name.own.startswith(f"{UNKNOWN}."):
        yield f"{name.shown} holds something that only Terraform can tell, so nobody knows whether it is unique"
        return
    taken = _taken(resource.deployment)[_pool(resource), _key(resource, name)]
    others = [other for other in taken if other is not resource]
    if others:
        yield f"{name.shown} is also that of {', '.join(other.path for other in others)}, within {named.scope}"
    if named.scope is Scope.WORLD and not _account_in(resource, name):
        yield f"{name.shown} has no account id in it, and anyone in the world can take it first: {named.page}"


def _account_in(resource: Resource, name: Name) -> bool:
    if name.described.scope is not Scope.WORLD:
        return False
    return bool(_ACCOUNT_ID.search(name.text)) or any(
        target.type == "aws_caller_identity" for target in resource.deployment.targets(resource.stack, name.written)
    )


def _key(resource: Resource, name: Name) -> str:
    if UNKNOWN in name.own:
        return f"{resource.stack.name}: {json.dumps(name.written, sort_keys=True, default=str)}"
    text = name.text.rstrip(".") if name.described.is_dns else name.text
    return text.lower() if name.described.folds_case else text


def _taken(deployment: Deployment) -> defaultdict[tuple[Pool, str], list[Resource]]:
    """Who has which name; found once for a deployment."""
    index: defaultdict[tuple[Pool, str], list[Resource]] | None = deployment.__dict__.get(_INDEX)
    if index is None:
        index = deployment.__dict__[_INDEX] = defaultdict(list)
        for resource in deployment.resources():
            if has_own_name(resource):
                for name in names(resource):
                    if name.described is described(resource):
                        index[_pool(resource), _key(resource, name)].append(resource)
    return index


def _pool(resource: Resource) -> Pool:
    named = described(resource)
    if named is None:
        return ()
    place = [named.shares or resource.type, named.scope]
    if named.scope is not Scope.WORLD:
        place.append(_account(resource))
    if named.scope is Scope.REGION:
        place.append(resource.region or "")
    return (*place, *(_parent(resource, attribute) for attribute in named.within))


def _account(resource: Resource) -> str:
    """What tells the account of a provider from another; the same for those that do not say."""
    provider = resource.provider
    if provider is None:
        return ""
    if _ACCOUNT not in provider.__dict__:
        said = [provider.get(name) for name in ("allowed_account_ids", "assume_role", "profile")]
        provider.__dict__[_ACCOUNT] = json.dumps(said, default=str)
    return str(provider.__dict__[_ACCOUNT])


def _parent(resource: Resource, attribute: str) -> str:
    """What an attribute leads to, told from everything else."""
    target = resource.target(attribute)
    if target is not None:
        return "/".join(target.key)
    return resource.literal(attribute) or json.dumps(resource.get(attribute), sort_keys=True, default=str)
