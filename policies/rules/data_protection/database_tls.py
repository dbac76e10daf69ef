"""Databases refuse connections without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule

PARAMETER: Final = "rds.force_ssl"
"""Off by default before PostgreSQL 17.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
"""

_GROUP: Final = "db_cluster_parameter_group_name"
_GROUPS: Final = "aws_rds_cluster_parameter_group"
_ON: Final = {"parameter": [{"name": PARAMETER, "value": "1"}]}


def _clusters_of(group: Resource) -> list[Resource]:
    return group.users("aws_rds_cluster")


def _parameter(value: str | None) -> Any:
    """An edit: the parameter with this value, or left out."""

    def change(body: dict[str, Any], _: Resource) -> None:
        others = [parameter for parameter in body["parameter"] if parameter["name"] != PARAMETER]
        body["parameter"] = others if value is None else [*others, {"name": PARAMETER, "value": value}]

    return change


@rule(
    id="TAP_DATABASE_TLS",
    title="Database clusters refuse connections without TLS",
    risk="A client that asks for no TLS gets none: passwords and payments cross the network, and the peering between "
    "the regions, in clear text.",
    remediation=f'Set the parameter {PARAMETER} = "1" in the cluster\'s aws_rds_cluster_parameter_group, and name that '
    f"group in {_GROUP}.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:4.2.1", "PCI-DSS-4.0:8.3.2", "NIST-800-53:SC-8(1)", "WA-REL:REL13-BP04"],
    judges=kind("aws_rds_cluster"),
    passes=[
        {
            _GROUPS: {"tls": _ON},
            "aws_rds_cluster": {"ledger": {_GROUP: "${aws_rds_cluster_parameter_group.tls.name}"}},
        },
        {_GROUPS: {"tls": {"name": "tls", **_ON}}, "aws_rds_cluster": {"by_name": {_GROUP: "tls"}}},
    ],
    fails=[
        {"aws_rds_cluster": {"default_group": {}}},
        {"aws_rds_cluster": {"unknown_group": {_GROUP: "somebody-elses"}}},
        {
            _GROUPS: {"off": {"parameter": [{"name": PARAMETER, "value": "0"}]}},
            "aws_rds_cluster": {"ledger": {_GROUP: "${aws_rds_cluster_parameter_group.off.id}"}},
        },
        {
            _GROUPS: {"tls": _ON},
            "aws_rds_cluster": {"ledger": {_GROUP: "${aws_db_parameter_group.tls.name}"}},
        },
    ],
    mutations=[
        drop(_GROUP),
        put(_GROUP, "default.aurora-postgresql14"),
        edit(f"{PARAMETER} = 0", _parameter("0"), _GROUPS, seen_on=_clusters_of),
        edit(f"without {PARAMETER}", _parameter(None), _GROUPS, seen_on=_clusters_of),
        edit(f"{PARAMETER} that nobody knows", _parameter("${var.tls}"), _GROUPS, seen_on=_clusters_of),
    ],
)
def database_tls(cluster: Resource) -> Iterator[str]:
    """The parameter is the cluster's, so only its own group counts; a group that cannot be seen does not."""
    group = _group_of(cluster)
    if group is None:
        yield f"{_GROUP} is {cluster.get(_GROUP)}, which leads to no parameter group that can be seen"
        return
    values = [parameter.get("value") for parameter in group.blocks("parameter") if parameter.get("name") == PARAMETER]
    if not values:
        yield f"{PARAMETER} is not set in {group.path}"
    for value in values:
        if group.deployment.literal(group.stack, value) not in {"1", "on", "true"}:
            yield f"{PARAMETER} is {value} in {group.path}, not 1"


def _group_of(cluster: Resource) -> Resource | None:
    group = cluster.target(_GROUP)
    if group is None:
        name = cluster.literal(_GROUP)
        named = [g for g in cluster.deployment.resources(_GROUPS) if name and g.literal("name") == name]
        group = next((g for g in named if g.region == cluster.region), None)
    return group if group is not None and group.type == _GROUPS else None
