"""Every direction of replication is watched where its metric is emitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import ALARM, Metric, metrics, regions, watch
from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule

LEDGER: Final = ("AWS/RDS", "AuroraGlobalDBReplicationLag")
"""Emitted in the region that reads, so in either once the roles have been swapped.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
"""

TABLE: Final = ("AWS/DynamoDB", "ReplicationLatency")
"""Emitted in the region that was written to, per receiving region.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_monitoring.html
"""


def _is_replicated(resource: Resource) -> bool:
    if resource.type == "aws_rds_cluster":
        return "global_cluster_identifier" in resource
    return bool(resource.blocks("replica"))


def _is_about_replication(alarm: Resource) -> bool:
    return any(metric.is_called(*LEDGER) or metric.is_called(*TABLE) for metric in metrics(alarm))


def _watched(alarm: Resource) -> list[Resource]:
    watching = watch(alarm.deployment)
    found = [r for m in metrics(alarm) for dimension in m.dimensions for r in watching.named(m, dimension)]
    return [resource for resource in found if _is_replicated(resource)]


def _elsewhere(body: dict[str, Any], _: Resource) -> bool:
    dimensions: Any = body.get("dimensions") or {}
    others = [name for name in dimensions if name in {"SourceRegion", "ReceivingRegion"}]
    dimensions.update(dict.fromkeys(others, "eu-central-1"))
    return bool(others)


def _lag(name: tuple[str, str], **dimensions: str) -> dict[str, Any]:
    return {"namespace": name[0], "metric_name": name[1], "dimensions": dimensions}


def _clusters(**alarms: dict[str, Any]) -> dict[str, Any]:
    member = {"global_cluster_identifier": "ledger"}
    return {
        "aws_rds_cluster": {
            "home": {"cluster_identifier": "ledger-use1", **member},
            "there": {"cluster_identifier": "ledger-usw2", "provider": "aws.usw2", **member},
        },
        ALARM: alarms,
    }


def _table(**alarms: dict[str, Any]) -> dict[str, Any]:
    return {
        "aws_dynamodb_table": {"sessions": {"name": "sessions", "replica": [{"region_name": "us-west-2"}]}},
        ALARM: alarms,
    }


_WEST: Final = {"provider": "aws.usw2"}
_HOME_LAG: Final = _lag(LEDGER, DBClusterIdentifier="ledger-use1", SourceRegion="us-west-2")
_THERE_LAG: Final = {**_lag(LEDGER, DBClusterIdentifier="ledger-usw2", SourceRegion="us-east-1"), **_WEST}
_TO_WEST: Final = _lag(TABLE, TableName="sessions", ReceivingRegion="us-west-2")
_TO_EAST: Final = {**_lag(TABLE, TableName="sessions", ReceivingRegion="us-east-1"), **_WEST}


@rule(
    id="TAP_REPLICATION_WATCHED",
    title="The lag of every replica is watched, in each direction and in the region that reports it",
    risk="Aurora reports the lag in the region that reads; watched from the other one, or one way only, it is unseen.",
    remediation=(
        "Alarm on AuroraGlobalDBReplicationLag in the region of each member of a global database, and on "
        "ReplicationLatency in each region of a global table for each receiving region."
    ),
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:SI-4", "NIST-800-53:CP-9", "WA-REL:REL11-BP01"],
    judges=kind("aws_rds_cluster", "aws_dynamodb_table", where=_is_replicated),
    passes=[
        _clusters(home=_HOME_LAG, there=_THERE_LAG),
        _clusters(home=_lag(LEDGER, DBClusterIdentifier="ledger-use1"), there=_THERE_LAG),
        _table(there=_TO_WEST, back=_TO_EAST),
    ],
    fails=[
        _clusters(there=_THERE_LAG),
        _clusters(home=_HOME_LAG, there={**_THERE_LAG, "provider": "aws.use1"}),
        _clusters(home=_lag(LEDGER, DBClusterIdentifier="ledger-use1", SourceRegion="us-east-1"), there=_THERE_LAG),
        _table(there=_TO_WEST),
        _table(there=_TO_WEST, back={**_TO_EAST, "provider": "aws.use1"}),
        _table(there=_TO_WEST, back={**_TO_WEST, **_WEST}),
    ],
    mutations=[
        remove("no alarm on it", ALARM, where=_is_about_replication, seen_on=_watched),
        put("metric_name", "Other", ALARM, where=_is_about_replication, seen_on=_watched),
        edit("the other side is elsewhere", _elsewhere, ALARM, where=_is_about_replication, seen_on=_watched),
    ],
)
def replication_watched(resource: Resource) -> Iterator[str]:
    """An alarm counts for one direction only, and only in the region where the metric is."""
    found = watch(resource.deployment).on(resource)
    if resource.type == "aws_rds_cluster":
        sources = _sources(resource)
        lags = [metric for metric in found if metric.is_called(*LEDGER)]
        if not any(_is_from(metric, sources) for metric in lags):
            yield f"no alarm in {resource.region} on its {LEDGER[1]} from {' or '.join(sorted(sources)) or 'elsewhere'}"
        return
    if resource.region is None:
        yield "its region is not known, so that no alarm can be in it"
    latencies = [metric for metric in found if metric.is_called(*TABLE)]
    for region in sorted(regions(resource)):
        for receiver in sorted(regions(resource) - {region}):
            if not any(m.alarm.region == region and m.dimension("ReceivingRegion") == receiver for m in latencies):
                yield f"no alarm in {region} on its {TABLE[1]} to {receiver}"


def _sources(cluster: Resource) -> frozenset[str]:
    """The regions of the other clusters that are members of some global database."""
    others = [other for other in cluster.deployment.resources("aws_rds_cluster") if _is_replicated(other)]
    return frozenset(region for other in others if (region := other.region) and region != cluster.region)


def _is_from(metric: Metric, sources: frozenset[str]) -> bool:
    """Whether the lag is that behind one of the sources; without the dimension it is that behind any."""
    return "SourceRegion" not in metric.dimensions or metric.dimension("SourceRegion") in sources
