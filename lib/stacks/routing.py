"""What joins the two regions once both are there: peering, health checks and the failover records."""

from __future__ import annotations

from cdktf import App

from lib.constructs.alerts import Metric
from lib.constructs.health import HealthChecks
from lib.constructs.peering import Peering, PeeringSide
from lib.constructs.routing import SharedName, Side
from lib.settings import Settings
from lib.stacks.base import TapStack
from lib.stacks.global_ import GlobalStack
from lib.stacks.region import RegionStack
from lib.topology import HEALTH_METRICS_REGION


class RoutingStack(TapStack):
    """Peering with routes both ways, the checks on both regions, and the shared name's two records."""

    def __init__(
        self, app: App, *, settings: Settings, shared: GlobalStack, primary: RegionStack, secondary: RegionStack
    ) -> None:
        stacks = (primary, secondary)
        super().__init__(app, "routing", settings=settings, regions=[stack.role.region for stack in stacks])
        for stack in stacks:
            self.add_dependency(stack)
        home, standby = (self.at(stack.role.region) for stack in stacks)
        requester, accepter = (
            PeeringSide(
                at=self.at(stack.role.region),
                vpc_id=stack.network.vpc_id,
                plan=stack.plan,
                route_table_ids=[*stack.network.private_route_table_ids, *stack.network.isolated_route_table_ids],
            )
            for stack in stacks
        )
        peering = Peering(self, "peering", requester=requester, accepter=accepter)
        health = HealthChecks(self, "health", primary=home, standby=standby, regional_names=shared.regional_names)
        name = SharedName(self, "records", zone_id=shared.zone.zone_id, name=shared.failover_name)
        sides = (
            Side(home, primary.ingress.failover_target, health.primary_id),
            Side(standby, secondary.ingress.failover_target, health.standby_id),
        )
        if settings.routing == "weighted":
            name.weigh(*sides, (settings.primary_weight, settings.standby_weight))
        else:
            name.fail_over(*sides)
        # Route 53 reports to one region only, whichever role it plays; there its topic is.
        reporter = next(stack for stack in stacks if stack.role.region.name == HEALTH_METRICS_REGION)
        verdicts = {
            "primary-health": (
                health.primary_id,
                f"{home.region.name} is not healthy, or {standby.region.name} has taken over: payments are led there",
            ),
            "standby-health": (
                health.standby_id,
                f"{standby.region.name}, which a failover would lead to, is not healthy",
            ),
        }
        alarm_names = [
            reporter.alerts.watch(
                self,
                resource,
                at=self.at(reporter.role.region),
                metric=Metric("AWS/Route53", "HealthCheckStatus", "Minimum", {"HealthCheckId": check_id}),
                threshold=1,
                comparison="LessThanThreshold",
                missing="breaching",
                periods=3,
                description=description,
            )
            for resource, (check_id, description) in verdicts.items()
        ]
        self.outputs(
            {
                "peering_id": peering.id,
                "health_check_ids": health.ids,
                "failover_record": shared.failover_name,
                "alarm_names": alarm_names,
                "recovery_budgets": settings.recovery_budgets,
            }
        )
