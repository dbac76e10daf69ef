"""Tables and each of their replicas can be restored to any point in time."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule


def _replicas_without(body: dict[str, object], _: Resource) -> bool:
    replicas = body.get("replica")
    if not isinstance(replicas, list) or not replicas:
        return False
    body["replica"] = [{k: v for k, v in replica.items() if k != "point_in_time_recovery"} for replica in replicas]
    return True


@rule(
    id="TAP_TABLE_POINT_IN_TIME_RECOVERY",
    title="Tables and each of their replicas have point-in-time recovery",
    risk="A wrong write replicates within a second; without recovery in the other region it cannot be undone there.",
    remediation="Enable point_in_time_recovery on the table and point_in_time_recovery = true on every replica.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:10.5.1", "NIST-800-53:CP-9", "WA-REL:REL09-BP01"],
    judges=kind("aws_dynamodb_table", "aws_dynamodb_table_replica"),
    passes=[
        {
            "aws_dynamodb_table": {
                "sessions": {
                    "point_in_time_recovery": {"enabled": True},
                    "replica": [{"region_name": "us-west-2", "point_in_time_recovery": True}],
                }
            },
            "aws_dynamodb_table_replica": {"other": {"provider": "aws.usw2", "point_in_time_recovery": True}},
        }
    ],
    fails=[
        {"aws_dynamodb_table_replica": {"silent": {"global_table_arn": "${aws_dynamodb_table.sessions.arn}"}}},
        {"aws_dynamodb_table": {"bare": {"billing_mode": "PAY_PER_REQUEST"}}},
        {
            "aws_dynamodb_table": {
                "half": {
                    "point_in_time_recovery": {"enabled": True},
                    "replica": [{"region_name": "us-west-2"}],
                }
            }
        },
    ],
    mutations=[
        drop("point_in_time_recovery"),
        put("point_in_time_recovery.enabled", value=False),
        edit("replicas without point_in_time_recovery", _replicas_without),
    ],
)
def table_point_in_time_recovery(table: Resource) -> Iterator[str]:
    """Both sides must say so; a replica that says nothing has none, also one that is a resource of its own."""
    if table.type == "aws_dynamodb_table_replica":
        if table.flag("point_in_time_recovery") is not True:
            yield f"point_in_time_recovery is {table.get('point_in_time_recovery')}, not true"
        return
    if table.block("point_in_time_recovery").flag("enabled") is not True:
        yield "the table itself has no point-in-time recovery"
    for replica in table.blocks("replica"):
        if replica.flag("point_in_time_recovery") is not True:
            yield f"the replica in {replica.get('region_name')} has no point-in-time recovery"
