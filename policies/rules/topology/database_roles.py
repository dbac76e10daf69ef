"""Each cluster plays the part of its region: the primary's founds the database, the standby's joins it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.topology.database_global import CLUSTER, GLOBAL, founds, members
from policies.rules.topology.databases_alike import FOUNDING

_NEEDED: Final = ("database_name", "master_username")
_PASSWORDS: Final = ("manage_master_user_password", "master_password", "master_password_wo")
_LEDGER: Final = {"global_cluster_identifier": "${aws_rds_global_cluster.ledger.id}", "storage_encrypted": True}
_FOUNDER: Final = {**_LEDGER, "database_name": "ledger", "master_username": "admin", "master_password_wo": "${var.p}"}
_READER: Final = {
    **_LEDGER, "provider": "aws.usw2", "source_region": "us-east-1", "depends_on": ["aws_rds_cluster.writer"],
}  # fmt: skip
_GLOBAL: Final[dict[str, Any]] = {GLOBAL: {"ledger": {}}}


def _roles_changed(body: dict[str, Any], cluster: Resource) -> None:
    if founds(cluster):
        for name in FOUNDING:
            body.pop(name, None)
    else:
        body["master_username"] = "another"


@rule(
    id="TAP_TOPOLOGY_DATABASE_ROLES",
    title="The primary's cluster founds the database, and the standby's waits for it and joins",
    risk="Whichever cluster joins first becomes the writer: without an order the ledger starts in the standby region, "
    "or the standby's cluster is refused because there is nothing to join.",
    remediation="Name database and master user in the primary's cluster only; let the standby's name the primary's "
    "region as its source and depend on the primary's cluster or stack.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-7", "WA-REL:REL13-BP02"],
    judges=kind(CLUSTER),
    passes=[
        {**_GLOBAL, CLUSTER: {"writer": _FOUNDER, "reader": _READER}},
        {
            **_GLOBAL,
            CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "tags": {"of": "${aws_rds_cluster.writer.id}"}}},
        },
    ],
    fails=[
        {CLUSTER: {"alone": {"database_name": "ledger"}}},
        {**_GLOBAL, CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "depends_on": []}}},
        {**_GLOBAL, CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "source_region": None}}},
        {**_GLOBAL, CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "source_region": "us-west-2"}}},
        {**_GLOBAL, CLUSTER: {"writer": _FOUNDER, "reader": {**_READER, "database_name": "ledger"}}},
        {**_GLOBAL, CLUSTER: {"writer": _LEDGER, "reader": _READER}},
        {**_GLOBAL, CLUSTER: {"writer": {**_FOUNDER, "source_region": "us-west-2"}, "reader": _READER}},
    ],
    mutations=[
        drop("global_cluster_identifier"),
        put("global_cluster_identifier", "${var.ledger}"),
        put("source_region", "us-west-2"),
        put("source_region", "${var.source}"),
        drop("source_region"),
        edit("the other region's role", _roles_changed),
        drop("master_username", where=founds),
        drop("master_password_wo", where=founds),
        drop("database_name", where=founds),
        put("provider", "aws.nowhere"),
    ],
)
def database_roles(cluster: Resource) -> Iterator[str]:
    """A cluster of no global database has no other side, so it fails as well."""
    deployment, database = cluster.deployment, cluster.target("global_cluster_identifier")
    if database is None or database.type != GLOBAL:
        told = cluster.get("global_cluster_identifier")
        yield f"global_cluster_identifier is {told}, which leads to no global database here"
        return
    source = cluster.literal("source_region") or cluster.get("source_region")
    if cluster.region == deployment.primary:
        missing = [name for name in _NEEDED if name not in cluster]
        if not any(name in cluster for name in _PASSWORDS):
            missing.append("a password")
        if missing:
            yield f"it has to create the database that {deployment.standby} joins, but lacks {', '.join(missing)}"
        if source is not None:
            yield f"source_region is {source}, but this is the one that the others replicate from"
        return
    if cluster.region != deployment.standby:
        yield f"it is in {cluster.region}, which is neither {deployment.primary} nor {deployment.standby}"
    created = sorted(name for name in FOUNDING if name in cluster)
    if created:
        yield f"it sets {', '.join(created)}, which it gets by replication from {deployment.primary}"
    if source != deployment.primary:
        yield f"source_region is {source}, not {deployment.primary}"
    founders = [other for other in members(database) if other is not cluster and founds(other)]
    if not any(_waits_for(cluster, founder) for founder in founders):
        yield f"nothing makes it wait for the cluster in {deployment.primary}, so that it may be the first to join"


def _waits_for(cluster: Resource, founder: Resource) -> bool:
    deployment = cluster.deployment
    if founder.stack.name != cluster.stack.name:
        return founder.stack.name in deployment.requirements.get(cluster.stack.name, ())
    return founder.local_address in cluster.texts("depends_on") or founder in deployment.uses.get(cluster.key, ())
