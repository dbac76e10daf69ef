"""What a resource uses is in its own region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import GLOBAL_SERVICES, other_provider, spans_regions

_JOINING: Final = frozenset(
    {
        "aws_backup_plan", "aws_cloudwatch_dashboard", "aws_dynamodb_table", "aws_dynamodb_table_replica",
        "aws_kms_replica_key", "aws_rds_global_cluster", "aws_s3_bucket_replication_configuration",
        "aws_secretsmanager_secret",
        "aws_vpc_peering_connection", "aws_vpc_peering_connection_accepter", "aws_vpc_peering_connection_options",
    }
)  # fmt: skip
"""Types that may use what is in the other region, because to join the two is what they are for."""

_EVERYWHERE: Final = (
    *GLOBAL_SERVICES,
    "aws_dynamodb_table", "aws_rds_global_cluster", "aws_secretsmanager_secret", "aws_vpc_peering_connection",
)  # fmt: skip
"""Types, by their beginning, that are called the same in both regions, and so can be used from either."""

_WEST: Final = {"provider": "aws.usw2"}
_TOPICS: Final = {"t_use1": {}, "t_usw2": _WEST}
_ON_EAST: Final = {"alarm_actions": ["${aws_sns_topic.t_use1.arn}"]}
_ON_WEST: Final = {"alarm_actions": ["${aws_sns_topic.t_usw2.arn}"]}
_ALARM: Final = "aws_cloudwatch_metric_alarm"


def _uses_something_at_home(resource: Resource) -> bool:
    return spans_regions(resource) and bool(_used(resource, resource.region))


def _stays_home(resource: Resource) -> bool:
    return bool(resource.region) and resource.type not in _JOINING and not resource.type.startswith(GLOBAL_SERVICES)


def _used(resource: Resource, region: str | None) -> list[Resource]:
    """What it uses in a region and could not use from another."""
    uses = resource.deployment.uses.get(resource.key, ())
    return [used for used in uses if used.mode == "resource" and used.region == region and _binds(used, resource)]


def _binds(used: Resource, user: Resource) -> bool:
    """Whether one has to be where the other is. A part, such as a secret's version, is made where the whole is."""
    return not used.type.startswith(_EVERYWHERE) or user.type.startswith(f"{used.type}_")


@rule(
    id="TAP_TOPOLOGY_REGION_REFERENCES",
    title="Resources use what is in their own region",
    risk="A key, topic, subnet or function of the other region is refused at once, or is used until that region fails "
    "and takes this one along.",
    remediation="Refer to the twin in the resource's own region, or give the resource the provider that fits what it "
    "uses.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:2.2.1",
        "NIST-800-53:CP-7(1)",
        "NIST-800-53:SC-36",
        "WA-REL:REL10-BP03",
        "WA-REL:REL11-BP05",
    ],
    judges=kind("*", where=_stays_home),
    passes=[
        {"aws_sns_topic": _TOPICS, _ALARM: {"a_use1": _ON_EAST, "a_usw2": {**_WEST, **_ON_WEST}}},
        {
            "aws_dynamodb_table": {"sessions": {}},
            "aws_lambda_function": {
                "f": {**_WEST, "environment": {"variables": {"T": "${aws_dynamodb_table.sessions.name}"}}}
            },
        },
    ],
    fails=[
        {"aws_sns_topic": _TOPICS, _ALARM: {"a_usw2": {**_WEST, **_ON_EAST}}},
        {
            "aws_kms_key": {"data": {}},
            "aws_sqs_queue": {"q_usw2": {**_WEST, "kms_master_key_id": "${aws_kms_key.data.arn}"}},
        },
        {
            "aws_secretsmanager_secret": {"signing": {}},
            "aws_secretsmanager_secret_version": {
                "v": {**_WEST, "secret_id": "${aws_secretsmanager_secret.signing.id}"}
            },
        },
        {
            "aws_route_table": {"private": {}},
            "aws_route": {"peer": {**_WEST, "route_table_id": "${aws_route_table.private.id}"}},
        },
    ],
    mutations=[
        edit("the provider of the other region", other_provider(), *types, where=_uses_something_at_home)
        for types in (
            ("aws_route",),
            ("aws_kms_alias", "aws_acm_certificate_validation"),
            ("aws_secretsmanager_secret_version", "aws_dynamodb_table_item"),
            (_ALARM,),
        )
    ],
)
def region_references(resource: Resource) -> Iterator[str]:
    """References are followed across stacks. Replication, peering and global services are what may reach over."""
    peer = resource.deployment.peer(resource.region)
    for used in _used(resource, peer) if peer else ():
        names = [name for name in resource.body if name != "//" and used in resource.targets(name)]
        yield f"{', '.join(sorted(names))} leads to {used.path} in {used.region}, while this is in {resource.region}"
