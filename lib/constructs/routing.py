"""The records that lead a name to a region's ingress."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.route53_record import (
    Route53Record,
    Route53RecordAlias,
    Route53RecordFailoverRoutingPolicy,
)
from constructs import Construct

from lib.constructs.context import RegionContext


@dataclass(frozen=True)
class AliasTarget:
    """A regional domain of API Gateway: the name and the zone that AWS gave it."""

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


class FailoverRecords(Construct):
    """The name that leads to the primary while it is healthy, and to the standby otherwise."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        zone_id: str,
        name: str,
        primary: tuple[RegionContext, AliasTarget],
        standby: tuple[RegionContext, AliasTarget],
        primary_health_check_id: str,
    ) -> None:
        super().__init__(scope, id_)
        self.name = name
        self._zone_id = zone_id
        self._record("PRIMARY", *primary, health_check_id=primary_health_check_id)
        # Without a check on purpose: were it unhealthy too, Route 53 would answer with the dead primary.
        self._record("SECONDARY", *standby, health_check_id=None)

    def _record(self, kind: str, at: RegionContext, target: AliasTarget, *, health_check_id: str | None) -> None:
        Route53Record(
            self,
            kind.lower(),
            zone_id=self._zone_id,
            name=self.name,
            type="A",
            set_identifier=at.region.name,
            failover_routing_policy=Route53RecordFailoverRoutingPolicy(type=kind),
            health_check_id=health_check_id,
            alias=target.alias(),
            provider=at.provider,
        )
