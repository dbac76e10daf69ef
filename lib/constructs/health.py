"""The health checks that decide where payments go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cdktf_cdktf_provider_aws.route53_health_check import Route53HealthCheck
from constructs import Construct

from lib.constructs.context import RegionContext

REQUEST_INTERVAL_SECONDS: Final = 30
"""Fixed by the mission; Route 53's other choice is 10.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
"""

FAILURE_THRESHOLD: Final = 3
"""Route 53's default: 90 s of failure before a region counts as down."""


class HealthChecks(Construct):
    """Checks of both regions by their regional names, one verdict per region, and the standby's switch.

    The switch is an *inverted* check of the standby's ``/health/active``: once the standby says that it is active, the
    primary counts as down. If the standby dies, the switch releases by itself.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        primary: RegionContext,
        standby: RegionContext,
        regional_names: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._names = regional_names
        self._ids: dict[str, str] = {}
        switch = self._endpoint(standby, "active", inverted=True)
        primary_checks = [self._endpoint(primary, "live"), self._endpoint(primary, "database")]
        standby_checks = [self._endpoint(standby, "live"), self._endpoint(standby, "database")]
        self.primary_id: str = self._all_of(primary, [*primary_checks, switch]).id
        self.standby_id: str = self._all_of(standby, standby_checks).id

    @property
    def ids(self) -> dict[str, str]:
        """The ids of all checks: ``use1-live`` for an endpoint's, ``use1`` for a region's verdict."""
        return dict(self._ids)

    def _endpoint(self, at: RegionContext, question: str, *, inverted: bool = False) -> Route53HealthCheck:
        """A check of ``/health/{question}``; unhealthy when the answer is yes, if ``inverted``."""
        id_ = f"{at.region.suffix}-{question}"
        check = Route53HealthCheck(
            self,
            id_,
            type="HTTPS",
            fqdn=self._names[at.region.name],
            port=443,
            resource_path=f"/health/{question}",
            request_interval=REQUEST_INTERVAL_SECONDS,
            failure_threshold=FAILURE_THRESHOLD,
            # API Gateway serves many names at one address and needs to be told which one is meant.
            enable_sni=True,
            invert_healthcheck=inverted,
            tags=at.tags(f"health-{question}"),
            provider=at.provider,
        )
        self._ids[id_] = check.id
        return check

    def _all_of(self, at: RegionContext, children: Sequence[Route53HealthCheck]) -> Route53HealthCheck:
        """A check that is healthy as long as every one of ``children`` is."""
        check = Route53HealthCheck(
            self,
            at.region.suffix,
            type="CALCULATED",
            child_healthchecks=[child.id for child in children],
            child_health_threshold=len(children),
            tags=at.tags("health"),
            provider=at.provider,
        )
        self._ids[at.region.suffix] = check.id
        return check
