"""Alias and failover records lead to an ingress that answers to their name, and leave judgement to our checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.choices import is_choice
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.health._example import alias, routing
from policies.rules.health._routing import ENTRANCES, RECORD, entrance, full_name, is_alias

_CUSTOM_DOMAINS: Final = frozenset({"aws_api_gateway_domain_name", "aws_apigatewayv2_domain_name"})
"""They answer to their own name only.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
"""

_DATABASE: Final[dict[str, Any]] = {"aws_rds_cluster": {"ledger": {}}}
_ENDPOINT: Final = "${aws_rds_cluster.ledger.endpoint}"
_TO_DATABASE: Final = {
    "alias": {
        "name": _ENDPOINT,
        "zone_id": "${aws_rds_cluster.ledger.hosted_zone_id}",
        "evaluate_target_health": False,
    }
}


def _leads_clients(record: Resource) -> bool:
    """Whether it is an alias, or one of the records that a failover chooses between."""
    return is_alias(record) or is_choice(record)


def _anothers_zone(body: dict[str, Any], record: Resource) -> bool:
    """The zone of another record's target, as it is written there."""
    for other in record.deployment.resources(RECORD):
        if other.stack is record.stack and is_alias(other) and entrance(other) is not entrance(record):
            body["alias"]["zone_id"] = other.block("alias").get("zone_id")
            return True
    return False


@rule(
    id="TAP_HEALTH_RECORD_ENTRANCE",
    title="Alias and failover records lead to an ingress of their name, without AWS's own judgement of its health",
    risk="Requests for the name reach something that refuses them, such as a database or a domain of another name; or "
    "Route 53 withdraws the record for reasons that no health check of ours knows.",
    remediation="Take name and zone_id of the alias from one ingress whose domain_name is the record's, and set "
    "evaluate_target_health = false.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:SC-22", "NIST-800-53:CP-10", "WA-REL:REL02-BP01", "WA-REL:REL11-BP02"],
    judges=kind(RECORD, where=_leads_clients),
    passes=[
        routing(),
        {
            "aws_lb": {"in": {}},
            RECORD: {
                "pay": {
                    "name": "pay.tap.example",
                    "alias": [
                        {
                            "name": "${aws_lb.in.dns_name}",
                            "zone_id": "${aws_lb.in.zone_id}",
                            "evaluate_target_health": False,
                        }
                    ],
                }
            },
        },
    ],
    fails=[
        {**_DATABASE, **routing(record_secondary=_TO_DATABASE)},
        {**_DATABASE, **routing(record_secondary={"alias": None, "type": "CNAME", "records": [_ENDPOINT]})},
        routing(record_secondary={"alias": {**alias("pay_west"), "evaluate_target_health": True}}),
        routing(record_secondary={"alias": {**alias("pay_west"), "evaluate_target_health": "${var.evaluate}"}}),
        routing(record_secondary={"alias": alias("west")}),
        routing(record_secondary={"alias": {**alias("pay_west"), "zone_id": alias("pay_east")["zone_id"]}}),
        routing(record_secondary={"alias": {**alias("pay_west"), "name": "d-1.execute-api.us-west-2.amazonaws.com"}}),
        routing(domain_pay_west={"domain_name": "other.tap.example"}),
    ],
    mutations=[
        put("alias.evaluate_target_health", True),
        put("alias.evaluate_target_health", "${var.evaluate}"),
        drop("alias.evaluate_target_health"),
        put("alias.name", "d-0123456789.execute-api.us-west-2.amazonaws.com"),
        put("alias.zone_id", "Z0123456789"),
        edit("the zone of another ingress", _anothers_zone),
        put("name", "other.tap.example"),
    ],
)
def record_entrance(record: Resource) -> Iterator[str]:
    """A record must lead to a resource that takes requests; name and zone of an alias to the same one."""
    target, found = record.block("alias"), entrance(record)
    if is_alias(record) and target.flag("evaluate_target_health") is not False:
        yield f"evaluate_target_health is {target.get('evaluate_target_health')}, not false"
    if found is None:
        yield f"it leads to {target.get('name') or record.get('records')}, which is no one resource here"
        return
    if found.type not in ENTRANCES:
        yield f"it leads to {found.path}, which takes no requests of clients"
    if is_alias(record) and record.deployment.target(record.stack, target.get("zone_id")) is not found:
        yield f"zone_id of its alias is {target.get('zone_id')}, which is not that of {found.path}"
    if found.type in _CUSTOM_DOMAINS and (found.literal("domain_name") or "").lower() != full_name(record):
        yield f"{found.path} answers to {found.get('domain_name')}, the record is for {full_name(record)}"
