"""The ledger's schema and its users, brought up to date by the region that creates the database."""

from __future__ import annotations

from lib.constructs.functions import Function
from lib.constructs.migration import Migration
from lib.settings import MIGRATE_CONCURRENCY
from lib.stacks.foundation import Foundation


class LedgerSchema:
    """The function that migrates, and its run."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        migrate = self._migrate()
        self.functions = {"migrate": migrate}
        if foundation.role.creates_database:
            Migration(
                foundation.scope,
                "migration",
                at=foundation.at,
                function=migrate,
                code_sha256=foundation.platform.code.sha256,
                credentials_version=foundation.settings.credentials_version,
                after=foundation.ledger.instances,
            )

    def _migrate(self) -> Function:
        here, shared = self._foundation, self._foundation.shared
        migrate = here.function(
            "migrate",
            "Brings the ledger's schema and its application user up to date",
            {
                **here.writer,
                "DATABASE_MASTER_SECRET_ARN": shared.master_secret.arn_in(here.region),
                "FAILOVER_SECRET_ARN": shared.failover_secret.arn_in(here.region),
            },
            concurrency=MIGRATE_CONCURRENCY,
            timeout_seconds=300,
        )
        for secret in (shared.master_secret, shared.database_secret, shared.failover_secret):
            secret.grant_read(migrate, region=here.region)
        return migrate
