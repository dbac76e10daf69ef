"""The database behaves alike whichever region writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, rule
from policies.rules.topology._pairs import apart, each, twinned

FOUNDING: Final = frozenset(
    {
        "database_name", "manage_master_user_password", "master_password", "master_password_wo",
        "master_password_wo_version", "master_user_secret_kms_key_id", "master_username",
    }
)  # fmt: skip
"""What only the cluster that creates the database may say: the other gets it by replication.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attach.html
"""

JOINING: Final = frozenset({"replication_source_identifier", "source_region"})
"""What only the cluster that joins says."""

_CLUSTERS: Final = ("aws_rds_cluster",)
_GROUPS: Final = ("aws_rds_cluster_parameter_group", "aws_db_parameter_group")
_WEST: Final = {"provider": "aws.usw2"}
_CLUSTER: Final = {"cluster_identifier": "ledger-use1", "engine_version": "14.20", "backup_retention_period": 7}
_CLUSTER_WEST: Final = {**_CLUSTER, **_WEST, "cluster_identifier": "ledger-usw2"}
_TLS: Final = {"name": "rds.force_ssl", "value": "1"}
_INSTANCE: Final = {"instance_class": "db.r6g.large", "promotion_tier": 0}


def _another_value(parameters: Any) -> Any:
    return [{**parameters[0], "value": "another"}, *parameters[1:]]


@rule(
    id="TAP_TOPOLOGY_DATABASES_ALIKE",
    title="Clusters, instances and parameters of the database are the same in both regions",
    risk="The database that is promoted refuses clients, is too small for the load, keeps backups for a shorter time "
    "or runs with other parameters than the one that it replaces.",
    remediation="Give both members the same engine version, instance classes, parameters, backup retention and log "
    "exports; only the founding member creates the database and its master user.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CP-2(2)", "NIST-800-53:CM-6", "WA-REL:REL13-BP04"],
    judges=twinned(
        "aws_rds_cluster", "aws_rds_cluster_instance", "aws_db_subnet_group", "aws_rds_cluster_endpoint", *_GROUPS
    ),
    passes=[
        {
            "aws_rds_cluster": {
                "l_use1": {**_CLUSTER, "database_name": "ledger"},
                "l_usw2": {**_CLUSTER_WEST, "source_region": "us-east-1"},
            }
        },
        {"aws_rds_cluster_instance": {"one_use1": _INSTANCE, "one_usw2": {**_WEST, **_INSTANCE}}},
        {"aws_rds_cluster_parameter_group": {"p_use1": {"parameter": _TLS}, "p_usw2": {**_WEST, "parameter": [_TLS]}}},
    ],
    fails=[
        {"aws_rds_cluster": {"l_use1": _CLUSTER, "l_usw2": {**_CLUSTER_WEST, "engine_version": "14.17"}}},
        {"aws_rds_cluster": {"l_use1": _CLUSTER, "l_usw2": {**_CLUSTER_WEST, "backup_retention_period": 1}}},
        {
            "aws_rds_cluster_instance": {
                "one_use1": _INSTANCE,
                "one_usw2": {**_WEST, **_INSTANCE, "instance_class": "db.r6g.xlarge"},
            }
        },
        {"aws_rds_cluster_parameter_group": {"p_use1": {"parameter": [_TLS]}, "p_usw2": {**_WEST, "parameter": []}}},
    ],
    mutations=[
        put("backup_retention_period", 1, *_CLUSTERS),
        put("engine_version", "14.17", *_CLUSTERS),
        drop("enabled_cloudwatch_logs_exports", *_CLUSTERS),
        drop("db_cluster_parameter_group_name", *_CLUSTERS),
        put("instance_class", "db.r6g.4xlarge", "aws_rds_cluster_instance"),
        put("promotion_tier", 15, "aws_rds_cluster_instance"),
        edit("another value of a parameter", each("parameter", _another_value), *_GROUPS),
        edit("one parameter less", each("parameter", lambda parameters: parameters[1:]), *_GROUPS),
        edit("one subnet less", each("subnet_ids", lambda subnets: subnets[1:]), "aws_db_subnet_group"),
    ],
)
def databases_alike(resource: Resource) -> Iterator[str]:
    """All attributes but those that found the database on one side or join it on the other."""
    yield from apart(resource, but=FOUNDING | JOINING if resource.type in _CLUSTERS else ())
