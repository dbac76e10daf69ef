"""What stands between the internet and a region's functions: firewall, ingress and the region's own name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.constructs.firewall import Firewall
from lib.constructs.functions import Function
from lib.constructs.ingress import REQUESTS_PER_SECOND, ApiIngress, CertifiedName
from lib.constructs.parameters import STATUS
from lib.constructs.routing import RegionalRecord
from lib.stacks.foundation import Foundation


class Edge:
    """The ingress behind its firewall, and the record that always leads to it."""

    def __init__(self, foundation: Foundation, *, document: Mapping[str, Any], routes: Mapping[str, Function]) -> None:
        here, shared, region = foundation, foundation.shared, foundation.region
        logging, alerts = here.platform.logging, here.platform.alerts
        firewall = Firewall(
            here.scope,
            "firewall",
            at=here.at,
            requests_per_second=REQUESTS_PER_SECOND,
            logging=logging,
            alerts=alerts,
        )
        self.ingress = ApiIngress(
            here.scope,
            "ingress",
            at=here.at,
            document=document,
            routes=routes,
            failover_name=CertifiedName(shared.failover_name, shared.certificates.failover_arns[region]),
            regional_name=CertifiedName(shared.regional_names[region], shared.certificates.regional_arns[region]),
            firewall=firewall,
            logging=logging,
            alerts=alerts,
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
