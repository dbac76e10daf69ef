"""What both regions refer to: keys, secrets, the sessions table, the global database, the zone and certificates."""

from __future__ import annotations

from functools import partial

from cdktf import App

from lib.constructs.backup import BackupVaults
from lib.constructs.bucket import AccessLogs
from lib.constructs.certificate import Certificates
from lib.constructs.database import MASTER_USERNAME, GlobalDatabase
from lib.constructs.dns import Zone
from lib.constructs.keys import PlatformKey
from lib.constructs.mail import ForgeriesRefused
from lib.constructs.secrets import ReplicatedSecret
from lib.constructs.sessions import SessionsTable
from lib.constructs.storage import ReplicatedBucket
from lib.settings import Settings
from lib.stacks.base import TapStack

APPLICATION_USERNAME = "ledger_app"
FAILOVER_USERNAME = "ledger_promoter"


class GlobalStack(TapStack):
    """The resources that span the two regions."""

    def __init__(self, app: App, *, settings: Settings) -> None:
        roles = settings.roles
        super().__init__(app, "global", settings=settings, regions=[role.region for role in roles])
        primary, standby = (self.at(role.region) for role in roles)
        regions = (primary.region.name, standby.region.name)

        self.key = PlatformKey(self, "key", primary=primary, standby=standby)
        secret = partial(
            ReplicatedSecret, self, primary=primary, standby=standby, key=self.key, version=settings.credentials_version
        )
        self.signing_secret = secret(
            "signing-secret",
            resource="signing",
            description="Signs the payment provider's webhooks",
            generated_field="key",
        )
        self.master_secret = secret(
            "master-secret",
            resource="ledger-master",
            description="The ledger's master user; only migrations use it",
            generated_field="password",
            fields={"username": MASTER_USERNAME},
        )
        self.database_secret = secret(
            "database-secret",
            resource="ledger-app",
            description="The ledger's least-privileged user, as which the functions connect",
            generated_field="password",
            fields={"username": APPLICATION_USERNAME},
        )
        self.failover_secret = secret(
            "failover-secret",
            resource="ledger-failover",
            description="The ledger's user that may begin an epoch, and nothing else",
            generated_field="password",
            fields={"username": FAILOVER_USERNAME},
        )
        self.sessions = SessionsTable(self, "sessions", primary=primary, standby=standby, key=self.key)
        self.sessions.seed_control_item(at=primary, roles=roles)
        self.receipts, self.documents = (
            ReplicatedBucket(self, resource, primary=primary, standby=standby, key=self.key, resource=resource)
            for resource in ("receipts", "documents")
        )
        self.access_logs = {
            at.region.name: AccessLogs(
                self, f"access-logs-{at.region.suffix}", at=at, retention_days=settings.log_retention_days
            )
            for at in (primary, standby)
        }
        for bucket in (self.receipts, self.documents):
            bucket.record_access(self.access_logs)
        self.vaults = BackupVaults(self, "vaults", primary=primary, standby=standby, key=self.key)
        self.database = GlobalDatabase(self, "database", at=primary, engine_version=settings.aurora_version)
        self.failover_name = f"global.{settings.environment_domain}"
        self.regional_names = {
            role.region.name: f"{role.region.suffix}.{settings.environment_domain}" for role in roles
        }
        self.zone = Zone(
            self, "zone", at=primary, domain=settings.environment_domain, existing_zone_id=settings.hosted_zone_id
        )
        ForgeriesRefused(self, "dmarc", at=primary, domain=settings.environment_domain, zone_id=self.zone.zone_id)
        self.certificates = Certificates(
            self,
            "certificates",
            regions=[primary, standby],
            failover_name=self.failover_name,
            regional_names=self.regional_names,
            zone_id=self.zone.zone_id,
        )
        self.outputs(
            {
                "account_id": settings.account_id,
                "environment_suffix": settings.environment_suffix,
                "credentials_version": settings.credentials_version,
                "primary_region": primary.region.name,
                "standby_region": standby.region.name,
                "key_arns": self.key.arns,
                "signing_secret_arns": self.signing_secret.arns(*regions),
                "master_secret_arns": self.master_secret.arns(*regions),
                "database_secret_arns": self.database_secret.arns(*regions),
                "failover_secret_arns": self.failover_secret.arns(*regions),
                "sessions_table": self.sessions.name,
                "receipts_buckets": self.receipts.names,
                "documents_buckets": self.documents.names,
                "backup_vaults": self.vaults.names,
                "global_cluster_id": self.database.id,
                "zone_id": self.zone.zone_id,
                "failover_name": self.failover_name,
                "regional_names": self.regional_names,
            }
        )
