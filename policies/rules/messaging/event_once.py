"""A function that is told of events keeps what it has done, where a failover finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.alarms import regions
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.messaging._topics import (
    FUNCTION,
    ROLE_POLICY,
    TABLE,
    is_told,
    may,
    policy,
    replaced,
    statement,
    telling,
    told_functions,
    told_with,
)

_KEEPS: Final = "dynamodb:PutItem"


def _keep_there(table: Resource) -> list[Resource]:
    return [function for function in told_functions(table) if may(function, _KEEPS, table)]


def _replica_without(body: dict[str, Any], _: Resource) -> bool:
    replicas = body.get("replica")
    if not isinstance(replicas, list) or not replicas:
        return False
    body["replica"] = [{**replica, "point_in_time_recovery": False} for replica in replicas]
    return True


@rule(
    id="TAP_MESSAGING_EVENT_ONCE",
    title="A function that is told of events keeps what it has done in a table of both regions that can be restored",
    risk="SNS delivers at least once, and after a failover what was told is published again: without a memory of its "
    "own that the other region has too, every repetition reaches the customer.",
    remediation=f"Let the function's role do {_KEEPS} on a table with a replica in the other region and point-in-time "
    "recovery on both, and write there, on a condition, before and after what must not be done twice.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-9", "NIST-800-53:SI-10", "WA-REL:REL04-BP04"],
    judges=kind(FUNCTION, where=is_told),
    passes=[
        telling(),
        telling(role_policy={"policy": policy(statement("dynamodb:*", Resource=f"${{{TABLE}.sessions.arn}}"))}),
        telling(
            role_policy={
                "policy": policy(statement(_KEEPS, Resource="arn:aws:dynamodb:us-east-1:000000000000:table/sessions"))
            }
        ),
    ],
    fails=[
        telling(role_policy={"policy": policy(statement("dynamodb:GetItem", Resource=f"${{{TABLE}.sessions.arn}}"))}),
        telling(role_policy={"policy": policy(statement(_KEEPS, Resource=f"${{{TABLE}.another.arn}}"))}),
        telling(
            role_policy={
                "policy": policy(statement(_KEEPS, Resource="arn:aws:dynamodb:us-west-2:000000000000:table/sessions"))
            }
        ),
        telling(table={"replica": None}),
        telling(table={"replica": [{"region_name": "eu-west-1", "point_in_time_recovery": True}]}),
        telling(table={"replica": [{"region_name": "us-west-2"}]}),
        telling(table={"point_in_time_recovery": None}),
        telling(notifier={"role": "${var.role}"}),
    ],
    mutations=[
        drop("replica", TABLE, seen_on=_keep_there),
        put("point_in_time_recovery.enabled", False, TABLE, seen_on=_keep_there),
        edit("the replica cannot be restored", _replica_without, TABLE, seen_on=_keep_there),
        edit("may keep nothing", replaced(_KEEPS, "dynamodb:Scan"), ROLE_POLICY, seen_on=told_with),
    ],
)
def messaging_event_once(function: Resource) -> Iterator[str]:
    """Whether the code asks its memory is for tests to show; without one that it may write to, it cannot."""
    deployment = function.deployment
    tables = [table for table in deployment.resources(TABLE) if may(function, _KEEPS, table)]
    if not tables:
        yield f"its role may do {_KEEPS} on no table that is deployed here"
    needed = {region for region in (function.region, deployment.peer(function.region)) if region}
    for table in tables:
        missing = sorted(needed - set(regions(table)))
        if missing:
            yield f"{table.path}, where it keeps what it has done, is not in {' and '.join(missing)}"
        restored = [table.block("point_in_time_recovery").flag("enabled")]
        restored += [replica.flag("point_in_time_recovery") for replica in table.blocks("replica")]
        if not all(restored):
            yield f"{table.path}, where it keeps what it has done, cannot be restored in each of its regions"
