"""Tables have exactly one replica, in the other region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import other_provider

_REPLICA: Final = "aws_dynamodb_table_replica"
_WEST: Final = {"region_name": "us-west-2"}


def _in_own_region(body: dict[str, Any], table: Resource) -> None:
    body["replica"] = [{**replica, "region_name": table.region} for replica in body["replica"]]


def _one_more(body: dict[str, Any], _: Resource) -> None:
    body["replica"] = [*body["replica"], {**body["replica"][0], "region_name": "eu-west-1"}]


def _under_its_own_key(body: dict[str, Any], _: Resource) -> None:
    key = body["server_side_encryption"]["kms_key_arn"]
    body["replica"] = [{**replica, "kms_key_arn": key} for replica in body["replica"]]


@rule(
    id="TAP_TOPOLOGY_TABLE_REPLICAS",
    title="Tables have exactly one replica, in the other region",
    risk="The region that takes over has no table, or an empty one: every payment that was accepted is gone for it.",
    remediation="Give the table one replica with region_name of the other region, under a key of that region.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-6",
        "NIST-800-53:CP-9(6)",
        "WA-REL:REL09-BP01",
        "WA-REL:REL13-BP02",
    ],
    judges=kind("aws_dynamodb_table"),
    passes=[
        {"aws_dynamodb_table": {"sessions": {"replica": [_WEST]}}},
        {"aws_dynamodb_table": {"from_west": {"provider": "aws.usw2", "replica": {"region_name": "us-east-1"}}}},
        {
            "aws_dynamodb_table": {"sessions": {}},
            _REPLICA: {"west": {"provider": "aws.usw2", "global_table_arn": "${aws_dynamodb_table.sessions.arn}"}},
        },
    ],
    fails=[
        {"aws_dynamodb_table": {"alone": {}}},
        {"aws_dynamodb_table": {"at_home": {"replica": [{"region_name": "us-east-1"}]}}},
        {"aws_dynamodb_table": {"far": {"replica": [{"region_name": "eu-west-1"}]}}},
        {"aws_dynamodb_table": {"three": {"replica": [_WEST, {"region_name": "eu-west-1"}]}}},
        {"aws_dynamodb_table": {"unknown": {"replica": [{"region_name": "${var.standby}"}]}}},
        {
            "aws_kms_key": {"east": {}},
            "aws_dynamodb_table": {"wrong_key": {"replica": [{**_WEST, "kms_key_arn": "${aws_kms_key.east.arn}"}]}},
        },
        {
            "aws_dynamodb_table": {"sessions": {}},
            _REPLICA: {"home": {"global_table_arn": "${aws_dynamodb_table.sessions.arn}"}},
        },
    ],
    mutations=[
        edit("a replica in its own region", _in_own_region),
        edit("a third region", _one_more),
        drop("replica"),
        put("replica", []),
        put("replica", [{"region_name": "${var.standby_region}"}]),
        edit("the replica under the key of the table's region", _under_its_own_key),
        edit("the provider of the other region", other_provider()),
    ],
)
def table_replicas(table: Resource) -> Iterator[str]:
    """Replicas may be blocks of the table or resources of their own; either way there is one, and not here."""
    peer = table.deployment.peer(table.region)
    regions: list[str | None] = []
    for replica in table.blocks("replica"):
        region = table.deployment.literal(table.stack, replica.get("region_name"))
        regions.append(region)
        yield from _key_faults(table, replica, region)
    regions += [user.region for user in table.users(_REPLICA) if user.target("global_table_arn") is table]
    if peer is None or regions != [peer]:
        held = ", ".join(str(region) for region in regions) or "no region"
        yield f"it is in {table.region} and has replicas in {held}; it must have one, in {peer}"


def _key_faults(table: Resource, replica: Block, region: str | None) -> Iterator[str]:
    key = table.deployment.target(table.stack, replica.get("kms_key_arn"))
    if key is not None and key.region != region:
        yield f"the replica in {region} is encrypted with {key.path}, a key of {key.region}"
