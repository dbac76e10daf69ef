"""Each cluster has two instances or more, whichever role it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule

LEAST: Final = 2
"""A writer, and one that takes over within the region.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
"""

_INSTANCE: Final = "aws_rds_cluster_instance"
_CLUSTER: Final = {"aws_rds_cluster": {"ledger": {"cluster_identifier": "ledger"}}}
_OF: Final = {"cluster_identifier": "${aws_rds_cluster.ledger.id}"}


def _cluster(instance: Resource) -> list[Resource]:
    cluster = instance.target("cluster_identifier")
    return [cluster] if cluster else []


def _instances(cluster: Resource) -> list[Resource]:
    named = cluster.literal("cluster_identifier")
    users = [user for user in cluster.users(_INSTANCE) if user.target("cluster_identifier") is cluster]
    by_name = [i for i in cluster.deployment.resources(_INSTANCE) if named and i.text("cluster_identifier") == named]
    return [*users, *by_name]


@rule(
    id="TAP_TOPOLOGY_DATABASE_INSTANCES",
    title="Each database cluster has two instances or more, in its own region",
    risk="A cluster without an instance replicates, but cannot be promoted to serve; with a single one, the loss of a "
    "zone is the loss of the ledger for minutes.",
    remediation="Give the cluster at least two aws_rds_cluster_instance with its provider, not all in one zone.",
    severity=Severity.HIGH,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:CP-10",
        "NIST-800-53:SC-36",
        "WA-REL:REL10-BP01",
        "WA-REL:REL11-BP02",
    ],
    judges=kind("aws_rds_cluster"),
    passes=[
        {**_CLUSTER, _INSTANCE: {"one": _OF, "two": _OF}},
        {**_CLUSTER, _INSTANCE: {"one": {"cluster_identifier": "ledger"}, "two": {"cluster_identifier": "ledger"}}},
    ],
    fails=[
        _CLUSTER,
        {**_CLUSTER, _INSTANCE: {"one": _OF}},
        {**_CLUSTER, _INSTANCE: {"one": _OF, "far": {**_OF, "provider": "aws.usw2"}}},
        {
            **_CLUSTER,
            _INSTANCE: {
                "one": {**_OF, "availability_zone": "us-east-1a"},
                "two": {**_OF, "availability_zone": "us-east-1a"},
            },
        },
    ],
    mutations=[
        remove("with one instance less", _INSTANCE, seen_on=_cluster),
        drop("cluster_identifier", _INSTANCE, seen_on=_cluster),
        put("cluster_identifier", "another", _INSTANCE, seen_on=_cluster),
        put("provider", "aws.nowhere", _INSTANCE, seen_on=_cluster),
    ],
)
def database_instances(cluster: Resource) -> Iterator[str]:
    """Instances count if they name the cluster and are where it is; those of one zone are lost together."""
    instances = [instance for instance in _instances(cluster) if instance.region == cluster.region]
    if len(instances) < LEAST:
        yield f"it has {len(instances)} instances in {cluster.region}, fewer than {LEAST}"
    zones = {instance.text("availability_zone") for instance in instances}
    if len(instances) >= LEAST and len(zones) == 1 and None not in zones:
        yield f"all its instances are in the zone {', '.join(map(str, zones))}"
