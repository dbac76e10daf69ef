"""Keys exist in both regions, under the same policy and with an alias in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import other_provider

_KEY: Final = "aws_kms_key"
_REPLICA: Final = "aws_kms_replica_key"
_ALIAS: Final = "aws_kms_alias"
_WEST: Final = {"provider": "aws.usw2"}
_ORIGINAL: Final = {"multi_region": True, "policy": "{}"}
_COPY: Final = {**_WEST, "primary_key_arn": "${aws_kms_key.data.arn}", "policy": "{}"}
_ALIASES: Final = {
    "east": {"target_key_id": "${aws_kms_key.data.key_id}"},
    "west": {**_WEST, "target_key_id": "${aws_kms_replica_key.copy.key_id}"},
}


def _replicas(key: Resource) -> list[Resource]:
    return [user for user in key.users(_REPLICA) if user.target("primary_key_arn") is key]


def _original(resource: Resource) -> list[Resource]:
    key = resource.target("primary_key_arn")
    return [key] if key else []


def _named(alias: Resource) -> list[Resource]:
    key = alias.target("target_key_id")
    return [key] if key else []


def _another_statement(body: dict[str, Any], _: Resource) -> None:
    body["policy"] = body["policy"].replace("kms:Decrypt", "kms:Encrypt", 1)


@rule(
    id="TAP_TOPOLOGY_KEY_REPLICAS",
    title="Keys have a replica in exactly the other region, with the same policy and an alias",
    risk="What the surviving region holds cannot be decrypted there: the key is in the region that failed, or its "
    "replica lets nobody use it, for policies and aliases are not replicated.",
    remediation="Make the key multi-Region with one aws_kms_replica_key in the other region; give both the same policy "
    "text and an alias of their own.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:3.6.1.4",
        "PCI-DSS-4.0:3.7.2",
        "NIST-800-53:SC-12(1)",
        "NIST-800-53:CP-9",
        "WA-REL:REL13-BP02",
    ],
    judges=kind(_KEY, _REPLICA),
    passes=[
        {_KEY: {"data": _ORIGINAL}, _REPLICA: {"copy": _COPY}, _ALIAS: _ALIASES},
    ],
    fails=[
        {_KEY: {"data": {"policy": "{}"}}},
        {_KEY: {"data": _ORIGINAL}, _ALIAS: {"east": _ALIASES["east"]}},
        {_KEY: {"data": _ORIGINAL}, _REPLICA: {"copy": {**_COPY, "provider": "aws.use1"}}, _ALIAS: _ALIASES},
        {_KEY: {"data": _ORIGINAL}, _REPLICA: {"copy": _COPY, "again": _COPY}, _ALIAS: _ALIASES},
        {_KEY: {"data": _ORIGINAL}, _REPLICA: {"copy": {**_COPY, "policy": '{"Id": "2"}'}}, _ALIAS: _ALIASES},
        {_KEY: {"data": _ORIGINAL}, _REPLICA: {"copy": _COPY}, _ALIAS: {"east": _ALIASES["east"]}},
        {_REPLICA: {"orphan": {**_WEST, "primary_key_arn": "${var.key}"}}},
    ],
    mutations=[
        edit("the provider of the other region", other_provider()),
        put("multi_region", False, _KEY),
        drop("multi_region", _KEY),
        edit("another policy", _another_statement),
        drop("policy"),
        drop("primary_key_arn", _REPLICA),
        put("enabled", False),
        remove("without the replica", _REPLICA, seen_on=_original),
        remove("without an alias", _ALIAS, seen_on=_named),
    ],
)
def key_replicas(key: Resource) -> Iterator[str]:
    """Judges both sides; only key material is replicated, so that policy and alias have to be made twice."""
    if key.type == _KEY:
        yield from _as_original(key)
    else:
        yield from _as_replica(key)
    aliases = [user for user in key.users(_ALIAS) if user.target("target_key_id") is key]
    if not any(alias.region == key.region for alias in aliases):
        yield f"it has no alias in {key.region}"
    if not (key.flag("enabled") if "enabled" in key else True):
        yield f"enabled is {key.get('enabled')}"


def _as_original(key: Resource) -> Iterator[str]:
    if key.flag("multi_region") is not True:
        yield f"multi_region is {key.get('multi_region')}, so that the other region cannot have it"
    peer, replicas = key.deployment.peer(key.region), _replicas(key)
    if peer is None or [replica.region for replica in replicas] != [peer]:
        held = ", ".join(str(replica.region) for replica in replicas) or "no region"
        yield f"it is in {key.region} and has replicas in {held}; it must have one, in {peer}"
    for replica in replicas:
        yield from _policies_apart(key, replica)


def _as_replica(replica: Resource) -> Iterator[str]:
    key = replica.target("primary_key_arn")
    if key is None or key.type != _KEY:
        yield f"primary_key_arn is {replica.get('primary_key_arn')}, which leads to no key here"
        return
    if replica.region is None or replica.deployment.peer(key.region) != replica.region:
        yield f"it is in {replica.region}, the key that it replicates in {key.region}; they must be in the two regions"
    yield from _policies_apart(replica, key)


def _policies_apart(key: Resource, other: Resource) -> Iterator[str]:
    """Both policies say the same; without one, AWS writes its own."""
    own, others = key.get("policy"), other.get("policy")
    if "policy" not in key:
        yield "it has no policy, so that AWS writes one that leaves it to any IAM policy of the account"
    elif own != others and any(d.top == "policy" for d in key.deployment.twins.differences(key)):
        yield f"its policy is another one than that of {other.path} in {other.region}"
