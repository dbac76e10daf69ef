"""A global database has a founding member in the primary region and a joining one in the standby."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import other_provider
from policies.rules.topology.databases_alike import FOUNDING

GLOBAL: Final = "aws_rds_global_cluster"
CLUSTER: Final = "aws_rds_cluster"
_JOINED: Final = {"global_cluster_identifier": "${aws_rds_global_cluster.ledger.id}"}
_FOUNDER: Final = {**_JOINED, "database_name": "ledger", "master_username": "admin"}
_READER: Final = {"provider": "aws.usw2", **_JOINED}
_ONE: Final = {"ledger": {"engine_version": "14.20"}}


def members(database: Resource) -> list[Resource]:
    """The clusters that are members of a global database."""
    clusters = database.users(CLUSTER)
    return [cluster for cluster in clusters if cluster.target("global_cluster_identifier") is database]


def founds(cluster: Resource) -> bool:
    """Whether a cluster creates the database, or its master user."""
    return any(name in cluster for name in FOUNDING)


def _database(cluster: Resource) -> list[Resource]:
    database = cluster.target("global_cluster_identifier")
    return [database] if database else []


def _founding(body: dict[str, Any], cluster: Resource) -> bool:
    body["master_username"] = "another"
    return not founds(cluster)


def _joining(body: dict[str, Any], cluster: Resource) -> bool:
    for name in FOUNDING:
        body.pop(name, None)
    return founds(cluster)


@rule(
    id="TAP_TOPOLOGY_DATABASE_GLOBAL",
    title="A global database has one founding member in the primary region and one reader in the standby",
    risk="There is nothing to promote in the standby region, or two databases of the same name that know nothing of "
    "each other.",
    remediation="Let one cluster in each of the two regions name the global cluster; only the one in the primary "
    "region names database and master user.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-7", "NIST-800-53:CP-9(6)", "WA-REL:REL13-BP02"],
    judges=kind(GLOBAL),
    passes=[
        {GLOBAL: _ONE, CLUSTER: {"writer": _FOUNDER, "reader": _READER}},
    ],
    fails=[
        {GLOBAL: _ONE},
        {GLOBAL: _ONE, CLUSTER: {"writer": _FOUNDER}},
        {GLOBAL: _ONE, CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "provider": "aws.use1"}}},
        {GLOBAL: _ONE, CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "database_name": "ledger"}}},
        {GLOBAL: _ONE, CLUSTER: {"writer": {**_FOUNDER, "provider": "aws.usw2"}, "reader": _JOINED}},
        {GLOBAL: {"ledger": {"provider": "aws.usw2"}}, CLUSTER: {"writer": _FOUNDER, "reader": _READER}},
        {GLOBAL: _ONE, CLUSTER: {"writer": {**_FOUNDER, "engine_version": "14.17"}, "reader": _READER}},
    ],
    mutations=[
        edit("the provider of the other region", other_provider()),
        put("engine_version", "14.17"),
        remove("without a member", CLUSTER, seen_on=_database),
        drop("global_cluster_identifier", CLUSTER, seen_on=_database),
        put("global_cluster_identifier", "another", CLUSTER, seen_on=_database),
        put("provider", "aws.nowhere", CLUSTER, seen_on=_database),
        edit("two that found", _founding, CLUSTER, seen_on=_database),
        edit("none that founds", _joining, CLUSTER, seen_on=_database),
    ],
)
def database_global(database: Resource) -> Iterator[str]:
    """Members are followed across stacks. The first to join is the one that writes."""
    primary, standby = database.deployment.primary, database.deployment.standby
    clusters = members(database)
    regions = [str(cluster.region) for cluster in clusters]
    if primary is None or standby is None or sorted(regions) != sorted([primary, standby]):
        held = ", ".join(regions) or "no region"
        yield f"its members are in {held}; there must be one in {primary} and one in {standby}"
    founders = [cluster for cluster in clusters if founds(cluster)]
    if [founder.region for founder in founders] != [primary]:
        told = ", ".join(f"{founder.path} in {founder.region}" for founder in founders) or "none"
        yield f"members that create the database: {told}; there must be one, in {primary}"
    if database.region != primary:
        yield f"it is made in {database.region}, not in {primary}, where the founding member is"
    for name in ("engine", "engine_version"):
        for cluster in clusters:
            ours, theirs = database.literal(name), cluster.literal(name)
            if ours is not None and theirs is not None and ours != theirs:
                yield f"{name} is {ours}; the member {cluster.path} has {theirs}"
