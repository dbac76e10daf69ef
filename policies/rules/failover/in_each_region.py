"""Either region can be the one that survives, so each has the workflow that promotes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.model.workflows import MACHINE
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.failover._workflow import is_failover, workflow

_MEMBER = "aws_rds_cluster"


def _is_member(cluster: Resource) -> bool:
    """Whether it belongs to a global database that has a member in another region as well."""
    return "global_cluster_identifier" in cluster and cluster.deployment.peer(cluster.region) is not None


def _members_beside(machine: Resource) -> list[Resource]:
    return [c for c in machine.deployment.resources(_MEMBER) if _is_member(c) and c.region == machine.region]


def _promotes_nothing(body: dict[str, Any], _: Resource) -> bool:
    body["definition"] = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'
    return True


def _members(*workflows: str) -> dict[str, Any]:
    machines = {name: workflow(provider=f"aws.{name}")[MACHINE]["failover"] for name in workflows}
    return {
        _MEMBER: {
            name: {"provider": f"aws.{name}", "global_cluster_identifier": "ledger"} for name in ("use1", "usw2")
        },
        **({MACHINE: machines} if machines else {}),
    }


@rule(
    id="TAP_FAILOVER_IN_EACH_REGION",
    title="Each region that holds a member of a global database has the workflow that promotes it",
    risk="The region that survives cannot take over by itself: the workflow is in the one that is gone.",
    remediation="Deploy the workflow in both regions, each promoting the cluster of its own region.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-7", "NIST-800-53:CP-10", "WA-REL:REL11-BP04", "WA-REL:REL13-BP05"],
    judges=kind(_MEMBER, where=_is_member),
    passes=[_members("use1", "usw2")],
    fails=[_members(), _members("use1"), _members("usw2")],
    mutations=[
        remove("without the workflow", MACHINE, where=is_failover, seen_on=_members_beside),
        edit(
            "a workflow that promotes nothing", _promotes_nothing, MACHINE, where=is_failover, seen_on=_members_beside
        ),
        put("definition", "not JSON", MACHINE, where=is_failover, seen_on=_members_beside),
    ],
)
def failover_in_each_region(cluster: Resource) -> Iterator[str]:
    """A workflow's own region is that of its provider."""
    machines = [machine for machine in cluster.deployment.resources(MACHINE) if is_failover(machine)]
    if not any(machine.region == cluster.region for machine in machines):
        places = ", ".join(sorted(str(machine.region) for machine in machines)) or "nowhere"
        yield f"no workflow in {cluster.region} promotes it; there is one in {places}"
