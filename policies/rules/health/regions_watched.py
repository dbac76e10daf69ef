"""Both regions are watched, for liveness and for the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.choices import is_choice
from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.health._example import routing, weighted
from policies.rules.health._routing import (
    CHECK,
    DATABASE,
    LIVENESS,
    RECORD,
    SWITCH,
    asks,
    full_name,
    led_region,
    watched_region,
)


def _is_of_a_region(check: Resource) -> bool:
    return check.literal("resource_path") in {LIVENESS, DATABASE}


def _records(check: Resource) -> list[Resource]:
    """The records to choose between that lead to the region which a check watches."""
    region = watched_region(check)
    return [r for r in check.deployment.resources(RECORD) if is_choice(r) and led_region(r) == region]


def _other_regions_name(body: dict[str, Any], check: Resource) -> bool:
    others = [c for c in check.deployment.resources(CHECK) if watched_region(c) not in {None, watched_region(check)}]
    body["fqdn"] = others[0].get("fqdn") if others else None
    return bool(others)


def _shared_name(body: dict[str, Any], check: Resource) -> None:
    body["fqdn"] = full_name(next(r for r in check.deployment.resources(RECORD) if is_choice(r)))


@rule(
    id="TAP_HEALTH_REGIONS_WATCHED",
    title="Each region that the shared name can lead to is watched for liveness and for its database",
    risk="A region whose functions run and whose database does not looks healthy: payments are led to it, or stay with "
    "it, and fail.",
    remediation=f"Add an endpoint check of {LIVENESS} and one of {DATABASE} under the region's own name.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:SI-4", "NIST-800-53:CP-10", "WA-REL:REL06-BP01", "WA-REL:REL11-BP01"],
    judges=kind(RECORD, where=is_choice),
    passes=[routing(), weighted()],
    fails=[
        routing(check_east_live=None),
        weighted(check_west_live=None),
        routing(check_west_database=None),
        routing(check_west_live={"fqdn": "pay.tap.example"}),
        routing(check_west_live={"fqdn": "use1.tap.example"}),
        routing(check_east_database={"resource_path": LIVENESS}),
        routing(check_east_database={"disabled": True}),
        routing(record_secondary={"alias": {"name": "${var.target}"}}),
    ],
    mutations=[
        remove("without a check", CHECK, where=_is_of_a_region, seen_on=_records),
        put("resource_path", "/", CHECK, where=_is_of_a_region, seen_on=_records),
        put("resource_path", SWITCH, CHECK, where=_is_of_a_region, seen_on=_records),
        put("invert_healthcheck", True, CHECK, where=_is_of_a_region, seen_on=_records),
        put("disabled", True, CHECK, where=_is_of_a_region, seen_on=_records),
        put("type", "CALCULATED", CHECK, where=_is_of_a_region, seen_on=_records),
        edit("the other region's name", _other_regions_name, CHECK, where=_is_of_a_region, seen_on=_records),
        edit("the shared name", _shared_name, CHECK, where=_is_of_a_region, seen_on=_records),
    ],
)
def regions_watched(record: Resource) -> Iterator[str]:
    """Judged on the records to choose between, which are there even where a check is missing."""
    region = led_region(record)
    if region is None:
        yield "nobody can tell which region it leads to, so none whether that is watched"
        return
    checks = record.deployment.resources(CHECK)
    for path, what in ((LIVENESS, "liveness"), (DATABASE, "the database")):
        if not any(asks(check, path, region) for check in checks):
            yield f"it leads to {region}, where no check watches {what} ({path} under a name of {region})"
