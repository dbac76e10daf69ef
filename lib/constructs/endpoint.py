"""VPC endpoints that allow nothing until a use is granted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import Statement, allow, document

ANYONE: Final = {"AWS": "*"}
"""Gateway endpoints accept no other principal; the account is a condition instead.

https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
"""

NOTHING: Final[Statement] = {"Effect": "Deny", "Principal": ANYONE, "Action": "*", "Resource": "*"}
"""An endpoint without a policy would allow everything, and a policy needs at least one statement."""


class ServiceEndpoint(Construct):
    """A private way to one AWS service: through ``route_table_ids`` (gateway) or into ``subnet_ids`` (interface)."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        service: str,
        vpc_id: str,
        route_table_ids: Sequence[str] = (),
        subnet_ids: Sequence[str] = (),
        security_group_id: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self._at = at
        self._statements: list[Statement] = []
        gateway = bool(route_table_ids)
        self._endpoint = VpcEndpoint(
            self,
            "endpoint",
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{at.region.name}.{service}",
            vpc_endpoint_type="Gateway" if gateway else "Interface",
            route_table_ids=list(route_table_ids) if gateway else None,
            subnet_ids=None if gateway else list(subnet_ids),
            security_group_ids=None if security_group_id is None else [security_group_id],
            private_dns_enabled=None if gateway else True,
            policy=document([NOTHING]),
            tags=at.tags(service),
            provider=at.provider,
        )

    @property
    def prefix_list_id(self) -> str:
        """The service's addresses, for rules of security groups (gateway endpoints only)."""
        return str(self._endpoint.prefix_list_id)

    def allow(self, *actions: str, on: Sequence[str]) -> None:
        """Let principals of this account do ``actions`` on exact ARNs through this endpoint."""
        statement = allow(
            *actions, on=list(on), to=ANYONE, when={"StringEquals": {"aws:PrincipalAccount": self._at.account_id}}
        )
        if statement not in self._statements:
            self._statements.append(statement)
        self._endpoint.policy = document(self._statements)
