"""What stands between the internet and a region's functions: firewall, ingress and the region's own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lib.constructs.certificate import CertifiedName
from lib.constructs.dashboard import Graph
from lib.constructs.firewall import Firewall
from lib.constructs.functions import Function
from lib.constructs.ingress import REQUESTS_PER_SECOND, ApiIngress
from lib.constructs.load_balancer import LoadBalancerIngress
from lib.constructs.openapi import PublicApi
from lib.constructs.parameters import STATUS
from lib.constructs.routing import AliasTarget, RegionalRecord
from lib.stacks.foundation import Foundation


class Ingress(Protocol):
    """A region's way in, whichever it is: where its two names lead, its ARN, and what is published and shown of it."""

    arn: str
    description: dict[str, str]
    failover_target: AliasTarget
    regional_target: AliasTarget

    @property
    def graphs(self) -> list[Graph]:
        """What a region's page shows of it."""


class Edge:
    """The ingress behind its firewall, and the record that always leads to it."""

    def __init__(self, foundation: Foundation, *, document: Mapping[str, Any], routes: Mapping[str, Function]) -> None:
        here, shared, region = foundation, foundation.shared, foundation.region
        self._here = here
        self._firewall = Firewall(
            here.scope,
            "firewall",
            at=here.at,
            requests_per_second=REQUESTS_PER_SECOND,
            logging=here.platform.logging,
            alerts=here.platform.alerts,
        )
        self.ingress = self._ingress(
            PublicApi(
                document,
                routes,
                failover_name=CertifiedName(shared.failover_name, shared.certificates.failover_arns[region]),
                regional_name=CertifiedName(shared.regional_names[region], shared.certificates.regional_arns[region]),
            )
        )
        here.parameters.tell("regional-endpoint", f"https://{shared.regional_names[region]}", reader=STATUS)
        here.parameters.tell("platform-endpoint", f"https://{shared.failover_name}", reader=STATUS)
        RegionalRecord(
            here.scope,
            "record",
            at=here.at,
            zone_id=shared.zone.zone_id,
            name=shared.regional_names[region],
            target=self.ingress.regional_target,
        )

    def _ingress(self, api: PublicApi) -> Ingress:
        here, alerts = self._here, self._here.platform.alerts
        if here.settings.ingress == "load-balancer":
            return LoadBalancerIngress(
                here.scope,
                "ingress",
                network=here.network,
                access_logs=here.shared.access_logs[here.region],
                log_retention_days=here.settings.log_retention_days,
                at=here.at,
                api=api,
                firewall=self._firewall,
                alerts=alerts,
            )
        return ApiIngress(
            here.scope,
            "ingress",
            logging=here.platform.logging,
            at=here.at,
            api=api,
            firewall=self._firewall,
            alerts=alerts,
        )
