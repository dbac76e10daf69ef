"""Aurora runs PostgreSQL 14, in a minor version that is still repaired."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

ENGINE: Final = "aurora-postgresql"
MAJOR: Final = 14
OLDEST_MINOR: Final = 17
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/AuroraPostgreSQL.Updates.html"""

FAMILY: Final = f"{ENGINE}{MAJOR}"
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?")
_PARAMETERS: Final = "aws_rds_cluster_parameter_group"


def _instance_that_chooses(resource: Resource) -> bool:
    """All but instances that leave engine versions to their cluster."""
    return resource.type != "aws_rds_cluster_instance" or "engine_version" in resource


@rule(
    id="TAP_AURORA_ENGINE",
    title=f"Aurora runs PostgreSQL {MAJOR}.{OLDEST_MINOR} or a later {MAJOR}",
    risk="An older minor version is retired, then replaced by AWS at a time of its choosing; members of a global "
    "database with different versions cannot be switched over.",
    remediation=f'Set engine = "{ENGINE}" and engine_version to {MAJOR}.{OLDEST_MINOR} or a later {MAJOR} on the '
    f'global cluster and on each member, and family = "{FAMILY}" on their parameter group.',
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:6.3.3", "NIST-800-53:SI-2", "NIST-800-53:SA-22", "WA-REL:REL08-BP05"],
    judges=kind(
        "aws_rds_global_cluster",
        "aws_rds_cluster",
        "aws_rds_cluster_instance",
        _PARAMETERS,
        where=_instance_that_chooses,
    ),
    passes=[
        {
            "aws_rds_global_cluster": {
                "ledger": {"engine": ENGINE, "engine_version": "14.17"},
                "of_a_cluster": {"source_db_cluster_identifier": "${aws_rds_cluster.east.arn}"},
            },
            "aws_rds_cluster": {
                "east": {"engine": ENGINE, "engine_version": "${aws_rds_global_cluster.ledger.engine_version}"}
            },
            "aws_rds_cluster_instance": {"one": {"engine": ENGINE}},
            _PARAMETERS: {"east": {"family": FAMILY}},
        }
    ],
    fails=[
        {"aws_rds_cluster": {"old": {"engine": ENGINE, "engine_version": "14.16"}}},
        {"aws_rds_cluster": {"later": {"engine": ENGINE, "engine_version": "16.4"}}},
        {"aws_rds_cluster": {"any_minor": {"engine": ENGINE, "engine_version": "14"}}},
        {"aws_rds_cluster": {"other": {"engine": "aurora-mysql", "engine_version": "14.20"}}},
        {"aws_rds_global_cluster": {"silent": {"engine": ENGINE}}},
        {"aws_rds_cluster_instance": {"apart": {"engine": ENGINE, "engine_version": "14.6"}}},
        {_PARAMETERS: {"later": {"family": "aurora-postgresql15"}}},
    ],
    mutations=[
        put("engine_version", "14.16", "aws_rds_global_cluster", "aws_rds_cluster"),
        put("engine_version", "15.13", "aws_rds_global_cluster", "aws_rds_cluster", "aws_rds_cluster_instance"),
        put("engine_version", "${var.version}", "aws_rds_global_cluster", "aws_rds_cluster"),
        put("engine", "aurora-mysql", "aws_rds_global_cluster", "aws_rds_cluster"),
        drop("engine_version", "aws_rds_global_cluster", "aws_rds_cluster"),
        put("family", "aurora-postgresql16", _PARAMETERS),
    ],
)
def aurora_engine(resource: Resource) -> Iterator[str]:
    """A version without its minor part leaves the choice to AWS, so it does not pass."""
    if resource.type == _PARAMETERS:
        if resource.literal("family") != FAMILY:
            yield f"family is {resource.get('family')}, not {FAMILY}"
        return
    if resource.type == "aws_rds_global_cluster" and resource.target("source_db_cluster_identifier") is not None:
        return  # It takes both from that cluster, which is judged itself.
    if resource.literal("engine") != ENGINE:
        yield f"engine is {resource.get('engine')}, not {ENGINE}"
    version = _VERSION.fullmatch(resource.literal("engine_version") or "")
    if version is None or int(version[1]) != MAJOR or int(version[2]) < OLDEST_MINOR:
        yield f"engine_version is {resource.get('engine_version')}, not {MAJOR}.{OLDEST_MINOR} or a later {MAJOR}"
