"""Endpoint health checks ask a region by its own name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.choices import is_choice
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.health._example import routing
from policies.rules.health._routing import CHECK, RECORD, asked_name, full_name, regional_names
from policies.rules.health.check_interval import asks_an_endpoint


def _shared_name(body: dict[str, Any], check: Resource) -> bool:
    shared = [full_name(record) for record in check.deployment.resources(RECORD) if is_choice(record)]
    body["fqdn"] = shared[0] if shared else ""
    return bool(shared)


@rule(
    id="TAP_HEALTH_CHECK_NAME",
    title="Endpoint health checks ask a name that always leads to one region",
    risk="A check of the shared name judges whichever region serves at the moment: once the standby serves, the dead "
    "primary counts as healthy, and payments are led back to it.",
    remediation="Set fqdn to the region's own name, whose record has no routing policy.",
    severity=Severity.CRITICAL,
    controls=[
        "PCI-DSS-4.0:12.10.1",
        "NIST-800-53:SC-22",
        "NIST-800-53:CP-10",
        "WA-REL:REL11-BP01",
        "WA-REL:REL11-BP02",
    ],
    judges=kind(CHECK, where=asks_an_endpoint),
    passes=[
        routing(),
        routing(check_east_live={"fqdn": "USE1.tap.example."}, record_east={"name": "use1"}),
        routing(check_east_live={"fqdn": "${aws_route53_record.east.fqdn}"}),
    ],
    fails=[
        routing(check_east_live={"fqdn": "pay.tap.example"}),
        routing(check_east_live={"fqdn": "elsewhere.example"}),
        routing(check_east_live={"fqdn": None, "ip_address": "203.0.113.7"}),
        routing(check_east_live={"fqdn": "${var.name}"}),
        routing(record_east=None),
    ],
    mutations=[
        edit("the shared name", _shared_name),
        put("fqdn", "somebody-elses.example"),
        put("fqdn", "${var.name}"),
        drop("fqdn"),
        put("ip_address", "203.0.113.7"),
    ],
)
def check_name(check: Resource) -> Iterator[str]:
    """The name's record must be here and lead to a resource that can be seen, or nobody could tell the region."""
    if "ip_address" in check:
        yield f"ip_address is {check.get('ip_address')}: the check asks an address, whatever the name leads to"
    name = asked_name(check)
    if name is None:
        yield f"fqdn is {check.get('fqdn')}, which tells no name"
    elif name not in regional_names(check.deployment):
        shared = any(is_choice(r) and full_name(r) == name for r in check.deployment.resources(RECORD))
        why = "which leads to whichever region serves" if shared else "which no record here leads to one region"
        yield f"fqdn is {name}, {why}"
