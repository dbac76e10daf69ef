"""What the capabilities of a region build on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.database import DATABASE_NAME, Ledger
from lib.constructs.functions import Function, FunctionPlatform
from lib.constructs.keys import RegionalKey
from lib.constructs.network import ANYWHERE, Network
from lib.constructs.parameters import Parameters
from lib.constructs.schedule import EveryMinute
from lib.constructs.security_group import HTTPS, SecurityGroup
from lib.settings import Settings
from lib.stacks.global_ import GlobalStack
from lib.topology import Role


@dataclass(frozen=True)
class Foundation:
    """A region's network, ledger, platform for functions and parameters, and what it shares with the other region."""

    scope: Construct
    at: RegionContext
    role: Role
    settings: Settings
    shared: GlobalStack
    key: RegionalKey
    network: Network
    ledger: Ledger
    platform: FunctionPlatform
    parameters: Parameters

    @property
    def region(self) -> str:
        """The region's name, as AWS has it."""
        return self.role.region.name

    @property
    def sessions(self) -> dict[str, str]:
        """The variables of a function that uses the sessions table."""
        return {"SESSIONS_TABLE": self.shared.sessions.name}

    @property
    def writer(self) -> dict[str, str]:
        """The variables of a function that connects to the ledger's writer as the application's user."""
        return {**self.writer_host, "DATABASE_SECRET_ARN": self.shared.database_secret.arn_in(self.region)}

    @property
    def writer_host(self) -> dict[str, str]:
        """The variables that say where the ledger's writer is, and how to know it."""
        bundle = self.settings.database_trust_bundle.read_bytes()
        return {
            "DATABASE_WRITER_HOST": self.ledger.writer_endpoint,
            "DATABASE_PORT": self.ledger.port_text,
            "DATABASE_NAME": DATABASE_NAME,
            "DATABASE_TRUST_BUNDLE_SHA256": hashlib.sha256(bundle).hexdigest(),
        }

    def function(
        self,
        resource: str,
        description: str,
        environment: Mapping[str, str],
        *,
        concurrency: int,
        timeout_seconds: int,
        security_groups: Sequence[SecurityGroup] = (),
    ) -> Function:
        """The function whose code is the module ``resource`` in ``lambda/``; its groups, if not the shared one."""
        return Function(
            Construct(self.scope, resource),
            "function",
            platform=self.platform,
            resource=resource,
            description=description,
            environment=environment,
            concurrency=concurrency,
            timeout_seconds=timeout_seconds,
            security_groups=security_groups,
        )

    def way_out(self, resource: str, description: str) -> SecurityGroup:
        """A security group for what has to reach the internet over HTTPS, through NAT."""
        group = SecurityGroup(
            self.scope,
            f"{resource}-security-group",
            at=self.at,
            resource=resource,
            vpc_id=self.network.vpc_id,
            description=description,
        )
        group.allow_to_range(ANYWHERE, HTTPS, peer="internet")
        return group

    def run_every_minute(self, function: Function, resource: str) -> None:
        """Invoke ``function`` once a minute."""
        EveryMinute(self.scope, resource, at=self.at, function=function, resource=resource)
