"""The last resort is answered whenever the others are down, whatever anybody thinks of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.choices import is_choice, is_last_resort
from policies.model.deployment import Resource
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule
from policies.rules.health._example import alias, id_of, routing, weighted
from policies.rules.health._routing import CHECK, RECORD


def _follows(body: dict[str, Any], record: Resource) -> bool:
    checks = [check for check in record.stack.resources.values() if check.type == CHECK]
    body["health_check_id"] = f"${{{checks[-1].local_address}.id}}" if checks else None
    return bool(checks)


@rule(
    id="TAP_HEALTH_SECONDARY_UNCONDITIONAL",
    title="A SECONDARY record, or one without weight, has no health check and does not evaluate its target",
    risk="If all records are unhealthy, Route 53 answers with the primary, or by weight: payments are led back to the "
    "region that is known to be dead.",
    remediation="Leave health_check_id out and set evaluate_target_health = false; let the standby's own checks raise "
    "an alarm instead.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-10", "NIST-800-53:SI-17", "WA-REL:REL11-BP02"],
    judges=kind(RECORD, where=is_choice),
    passes=[routing(), weighted()],
    fails=[
        weighted(record_secondary={"health_check_id": id_of("west")}),
        routing(record_secondary={"health_check_id": id_of("west")}),
        routing(record_secondary={"health_check_id": "${var.check}"}),
        routing(record_secondary={"alias": {**alias("pay_west"), "evaluate_target_health": True}}),
        routing(record_secondary={"alias": {**alias("pay_west"), "evaluate_target_health": None}}),
    ],
    mutations=[
        edit("follows a check", _follows, where=is_last_resort),
        put("health_check_id", "${var.check}", where=is_last_resort),
        put("alias.evaluate_target_health", True, where=is_last_resort),
        put("alias.evaluate_target_health", "${var.evaluate}", where=is_last_resort),
    ],
)
def secondary_unconditional(record: Resource) -> Iterator[str]:
    """What is not written is no condition, but for an alias, which must say that it has none.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
    """
    if not is_last_resort(record):
        return
    if "health_check_id" in record:
        yield f"health_check_id is {record.get('health_check_id')}: once it fails too, the dead primary is answered"
    if "alias" in record and record.block("alias").flag("evaluate_target_health") is not False:
        evaluated = record.block("alias").get("evaluate_target_health")
        yield f"evaluate_target_health is {evaluated}, which is a health check that nobody wrote"
