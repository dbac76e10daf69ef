"""The records between which Route 53 chooses by their health: by failover, or by weights."""

from __future__ import annotations

from policies.model.deployment import Resource


def failover_type(record: Resource) -> str | None:
    """``PRIMARY`` or ``SECONDARY``, or None if it is no failover record."""
    return record.block("failover_routing_policy").text("type")


def is_weighted(record: Resource) -> bool:
    """Whether it is chosen as often as its weight says."""
    return "weighted_routing_policy" in record


def weight(record: Resource) -> float | None:
    """Its weight; None if it has none, or if only Terraform could tell."""
    return record.block("weighted_routing_policy").number("weight")


def is_choice(record: Resource) -> bool:
    """Whether it is one of several records of a name, between which Route 53 chooses by their health."""
    return "failover_routing_policy" in record or is_weighted(record)


def is_last_resort(record: Resource) -> bool:
    """Whether it is answered only once all others are unhealthy: a SECONDARY, or a record without weight.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
    """
    return failover_type(record) == "SECONDARY" or (is_weighted(record) and weight(record) == 0)


def leads_normally(record: Resource) -> bool:
    """Whether it is answered while all is well: a PRIMARY, or a record that has a weight, or may have one."""
    return failover_type(record) == "PRIMARY" or (is_weighted(record) and weight(record) != 0)
