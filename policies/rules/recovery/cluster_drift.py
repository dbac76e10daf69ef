"""Terraform leaves alone what a failover changes in a global database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

CHANGED: Final = ("replication_source_identifier", "global_cluster_identifier")
"""What a failover and a switchover change on both members.

https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/rds_global_cluster
"""


def _is_member(cluster: Resource) -> bool:
    """A plan does not tell what is ignored, so that nothing can be said of its clusters."""
    return "global_cluster_identifier" in cluster and not cluster.stack.planned


def _member(**lifecycle: Any) -> dict[str, Any]:
    return {"aws_rds_cluster": {"ledger": {"global_cluster_identifier": "ledger", "lifecycle": lifecycle}}}


@rule(
    id="TAP_RECOVERY_CLUSTER_DRIFT",
    title="Terraform ignores what a failover changes on the members of a global database",
    risk="The next apply after a failover detaches the cluster that now writes, or makes it a reader again.",
    remediation=f"Add {' and '.join(CHANGED)} to lifecycle.ignore_changes of every member.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CP-10", "NIST-800-53:CM-3", "WA-REL:REL13-BP04"],
    judges=kind("aws_rds_cluster", where=_is_member),
    passes=[_member(ignore_changes=[*CHANGED, "engine_version"]), _member(ignore_changes="all")],
    fails=[
        _member(),
        _member(ignore_changes=[]),
        _member(ignore_changes=["engine_version"]),
        _member(ignore_changes=["replication_source_identifier"]),
        _member(ignore_changes="${var.ignored}"),
    ],
    mutations=[
        drop("lifecycle"),
        put("lifecycle.ignore_changes", []),
        put("lifecycle.ignore_changes", ["global_cluster_identifier", "engine_version"]),
        put("lifecycle.ignore_changes", ["replication_source_identifier", "engine_version"]),
    ],
)
def recovery_cluster_drift(cluster: Resource) -> Iterator[str]:
    """Both members, because either may be the one that writes when Terraform comes by."""
    ignored = cluster.block("lifecycle").texts("ignore_changes")
    missing = [name for name in CHANGED if name not in ignored]
    if missing and ignored != ("all",):
        yield f"lifecycle.ignore_changes lacks {' and '.join(missing)}: {', '.join(ignored) or 'nothing is ignored'}"
