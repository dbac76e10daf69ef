"""The records that lead a name to a region's ingress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.route53_record import (
    Route53Record,
    Route53RecordAlias,
    Route53RecordFailoverRoutingPolicy,
    Route53RecordWeightedRoutingPolicy,
)
from constructs import Construct

from lib.constructs.context import RegionContext


@dataclass(frozen=True)
class AliasTarget:
    """What takes requests, a domain of API Gateway or a load balancer: the name and the zone that AWS gave it."""

    dns_name: str
    zone_id: str

    def alias(self) -> Route53RecordAlias:
        """An alias without AWS's own judgement: our health checks are the only ones that count."""
        return Route53RecordAlias(name=self.dns_name, zone_id=self.zone_id, evaluate_target_health=False)


class RegionalRecord(Construct):
    """A region's own name, which always leads to that region, whoever is active."""

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, zone_id: str, name: str, target: AliasTarget
    ) -> None:
        super().__init__(scope, id_)
        Route53Record(self, "record", zone_id=zone_id, name=name, type="A", alias=target.alias(), provider=at.provider)


@dataclass(frozen=True)
class Side:
    """A region's record of the shared name: what it leads to, and the check that says whether it may."""

    at: RegionContext
    target: AliasTarget
    health_check_id: str


class SharedName(Construct):
    """The name that leads to whichever region is to take payments; one of the two methods makes its records."""

    def __init__(self, scope: Construct, id_: str, *, zone_id: str, name: str) -> None:
        super().__init__(scope, id_)
        self.name = name
        self._zone_id = zone_id

    def fail_over(self, primary: Side, standby: Side) -> None:
        """Lead to the primary while it is healthy, and to the standby otherwise."""
        # The standby without a check on purpose: were it unhealthy too, Route 53 would answer with the dead primary.
        for kind, side, checked in (("PRIMARY", primary, True), ("SECONDARY", standby, False)):
            policy = Route53RecordFailoverRoutingPolicy(type=kind)
            self._record(kind.lower(), side, checked=checked, failover_routing_policy=policy)

    def weigh(self, primary: Side, standby: Side, weights: tuple[int, int]) -> None:
        """Lead to each healthy region as often as its weight says.

        A region of no weight is asked only once all others are unhealthy, and then it is the last: like a SECONDARY it
        has no check, for were it unhealthy too, Route 53 would take all for healthy and answer by the weights.
        """
        for name, side, weight in zip(("primary", "secondary"), (primary, standby), weights, strict=True):
            policy = Route53RecordWeightedRoutingPolicy(weight=weight)
            self._record(name, side, checked=weight > 0, weighted_routing_policy=policy)

    def _record(self, id_: str, side: Side, *, checked: bool, **policy: Any) -> None:
        Route53Record(
            self,
            id_,
            zone_id=self._zone_id,
            name=self.name,
            type="A",
            set_identifier=side.at.region.name,
            health_check_id=side.health_check_id if checked else None,
            alias=side.target.alias(),
            provider=side.at.provider,
            **policy,
        )
