"""Secrets are replicated to exactly the other region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import other_provider

_WEST: Final = {"region": "us-west-2"}
_SECRET: Final = "aws_secretsmanager_secret"  # noqa: S105  # a type of resource


def _in_own_region(body: dict[str, Any], secret: Resource) -> None:
    body["replica"] = [{**replica, "region": secret.region} for replica in body["replica"]]


def _one_more(body: dict[str, Any], _: Resource) -> None:
    body["replica"] = [*body["replica"], {"region": "eu-west-1"}]


def _under_its_own_key(body: dict[str, Any], _: Resource) -> None:
    body["replica"] = [{**replica, "kms_key_id": body["kms_key_id"]} for replica in body["replica"]]


@rule(
    id="TAP_TOPOLOGY_SECRET_REPLICAS",
    title="Secrets have exactly one replica, in the other region",
    risk="The region that takes over cannot read a password or verify a signature, because the only copy is in the "
    "region that failed; a copy elsewhere is one more place to lose it.",
    remediation="Give the secret one replica block with the other region, and a key of that region.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:3.6.1.4", "NIST-800-53:CP-9", "NIST-800-53:SC-12(1)", "WA-REL:REL13-BP02"],
    judges=kind(_SECRET),
    passes=[
        {_SECRET: {"signing": {"replica": [_WEST]}}},
        {
            "aws_kms_replica_key": {"west": {"provider": "aws.usw2"}},
            _SECRET: {"signing": {"replica": {**_WEST, "kms_key_id": "${aws_kms_replica_key.west.arn}"}}},
        },
    ],
    fails=[
        {_SECRET: {"alone": {}}},
        {_SECRET: {"at_home": {"replica": [{"region": "us-east-1"}]}}},
        {_SECRET: {"third": {"replica": [_WEST, {"region": "eu-west-1"}]}}},
        {_SECRET: {"unknown": {"replica": [{"region": "${var.standby}"}]}}},
        {
            "aws_kms_key": {"east": {}},
            _SECRET: {"wrong_key": {"replica": [{**_WEST, "kms_key_id": "${aws_kms_key.east.arn}"}]}},
        },
    ],
    mutations=[
        edit("a replica in its own region", _in_own_region),
        edit("a third region", _one_more),
        drop("replica"),
        put("replica", []),
        put("replica", [{"region": "${var.standby_region}"}]),
        edit("the replica under the key of the secret's region", _under_its_own_key),
        edit("the provider of the other region", other_provider()),
    ],
)
def secret_replicas(secret: Resource) -> Iterator[str]:
    """The replica's region must be the other one of the pair, and its key one of that region."""
    peer = secret.deployment.peer(secret.region)
    regions: list[str | None] = []
    for replica in secret.blocks("replica"):
        region = secret.deployment.literal(secret.stack, replica.get("region"))
        key = secret.deployment.target(secret.stack, replica.get("kms_key_id"))
        regions.append(region)
        if key is not None and key.region != region:
            yield f"the replica in {region} is encrypted with {key.path}, a key of {key.region}"
    if peer is None or regions != [peer]:
        held = ", ".join(str(region) for region in regions) or "no region"
        yield f"it is in {secret.region} and has replicas in {held}; it must have one, in {peer}"
