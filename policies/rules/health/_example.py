"""A whole routing of two regions, of which examples change a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policies.rule import Example
from policies.rules.health._routing import ALARM, CHECK, DATABASE, LIVENESS, RECORD, SWITCH

_WEST: Final = {"provider": "aws.usw2"}
_DOMAIN: Final = "aws_api_gateway_domain_name"
_ZONE: Final = "${aws_route53_zone.public.zone_id}"


def alias(domain: str) -> dict[str, Any]:
    """An alias to one of the example's API Gateway domains."""
    ends = f"${{{_DOMAIN}.{domain}.regional_domain_name}}", f"${{{_DOMAIN}.{domain}.regional_zone_id}}"
    return {"name": ends[0], "zone_id": ends[1], "evaluate_target_health": False}


def id_of(check: str) -> str:
    """The id of one of the example's checks."""
    return f"${{{CHECK}.{check}.id}}"


def _endpoint(name: str, path: str, *, inverted: bool = False) -> dict[str, Any]:
    return {
        "type": "HTTPS",
        "fqdn": f"{name}.tap.example",
        "port": 443,
        "resource_path": path,
        "request_interval": 30,
        "failure_threshold": 3,
        "enable_sni": True,
        "invert_healthcheck": inverted,
    }


def _all_of(*checks: str) -> dict[str, Any]:
    return {"type": "CALCULATED", "child_healthchecks": [*map(id_of, checks)], "child_health_threshold": len(checks)}


def _record(name: str, domain: str, **more: Any) -> dict[str, Any]:
    return {"zone_id": _ZONE, "name": f"{name}.tap.example", "type": "A", "alias": alias(domain), **more}


def _failover(kind: str, domain: str, **more: Any) -> dict[str, Any]:
    return _record("pay", domain, failover_routing_policy={"type": kind}, set_identifier=kind.lower(), **more)


def _alarm(check: str) -> dict[str, Any]:
    return {
        "namespace": "AWS/Route53",
        "metric_name": "HealthCheckStatus",
        "dimensions": {"HealthCheckId": id_of(check)},
        "statistic": "Minimum",
        "comparison_operator": "LessThanThreshold",
        "threshold": 1,
        "alarm_actions": ["arn:aws:sns:us-east-1:000000000000:alerts"],
    }


_ROUTING: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws_route53_zone": {"public": {"name": "tap.example"}},
    _DOMAIN: {
        "east": {"domain_name": "use1.tap.example"},
        "west": {**_WEST, "domain_name": "usw2.tap.example"},
        "pay_east": {"domain_name": "pay.tap.example"},
        "pay_west": {**_WEST, "domain_name": "pay.tap.example"},
    },
    RECORD: {
        "east": _record("use1", "east"),
        "west": _record("usw2", "west"),
        "primary": _failover("PRIMARY", "pay_east", health_check_id=id_of("east")),
        "secondary": _failover("SECONDARY", "pay_west"),
    },
    CHECK: {
        "east_live": _endpoint("use1", LIVENESS),
        "east_database": _endpoint("use1", DATABASE),
        "west_live": _endpoint("usw2", LIVENESS),
        "west_database": _endpoint("usw2", DATABASE),
        "switch": _endpoint("usw2", SWITCH, inverted=True),
        "east": _all_of("east_live", "east_database", "switch"),
        "west": _all_of("west_live", "west_database"),
    },
    ALARM: {"east": _alarm("east"), "west": _alarm("west")},
}


def routing(**changes: Mapping[str, Any] | None) -> Example:
    """The example with some resources changed: ``record_primary={...}`` changes attributes, None takes it away."""
    kinds = {"record": RECORD, "check": CHECK, "alarm": ALARM, "domain": _DOMAIN}
    made = {type_: dict(bodies) for type_, bodies in _ROUTING.items()}
    for path, change in changes.items():
        kind, _, name = path.partition("_")
        bodies = made[kinds[kind]]
        if change is None:
            del bodies[name]
        else:
            bodies[name] = {**bodies.get(name, {}), **change}
    return made


def weighted(**changes: Mapping[str, Any] | None) -> Example:
    """The same with weights instead of failover: all to the primary, the standby as the last resort."""
    weights = {"record_primary": 100, "record_secondary": 0}
    records = {
        name: {
            "failover_routing_policy": None,
            "weighted_routing_policy": {"weight": weight},
            **(changes.get(name) or {}),
        }
        for name, weight in weights.items()
    }
    return routing(**{**changes, **records})
