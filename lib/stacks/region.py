"""One region, whichever role it plays: instantiated twice, and what differs is data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from cdktf import App
from constructs import Construct

from lib.constructs.alerts import AlertTopic
from lib.constructs.database import DATABASE_NAME, PORT, Ledger
from lib.constructs.functions import Code, Function, FunctionPlatform
from lib.constructs.ingress import ApiIngress, CertifiedName
from lib.constructs.log_group import Logging
from lib.constructs.migration import Migration
from lib.constructs.network import Network
from lib.constructs.queue import PaymentQueue
from lib.constructs.routing import RegionalRecord
from lib.constructs.schedule import EveryMinute
from lib.constructs.security_group import SecurityGroup
from lib.settings import MIGRATE_CONCURRENCY, RECONCILER_CONCURRENCY, Settings
from lib.stacks.base import TapStack
from lib.stacks.global_ import GlobalStack
from lib.topology import AddressPlan, Role

CONTROL_CACHE_SECONDS: Final = 5
"""How long a function may go on with a region's old state; a term of every recovery time."""

VERDICT_CACHE_SECONDS: Final = 5
"""How long a health function may repeat its last verdict on the ledger; a term of every recovery time."""

PROCESSOR_TIMEOUT_SECONDS: Final = 60
UNSETTLED_ALARM_SECONDS: Final = 300
"""A third of the time in which a failover must have settled what was accepted."""

HTTPS: Final = 443


class RegionStack(TapStack):
    """Network, ledger member, functions, ingress and alarms of one region."""

    def __init__(
        self,
        app: App,
        *,
        role: Role,
        settings: Settings,
        shared: GlobalStack,
        code: Code,
        document: Mapping[str, Any],
    ) -> None:
        super().__init__(app, role.name, settings=settings, regions=[role.region])
        self.role, self._shared, self._at = role, shared, self.at(role.region)
        self.add_dependency(shared)
        at, region = self._at, role.region.name
        key = shared.key.in_region(region)
        logging = Logging(key.arn, settings.log_retention_days)
        plans = {
            settings.primary_region: AddressPlan(settings.primary_cidr),
            settings.standby_region: AddressPlan(settings.standby_cidr),
        }
        self.plan, peer_plan = plans[region], plans[role.peer.name]

        self.alerts = AlertTopic(self, "alerts", at=at, key_arn=key.arn, emails=settings.alert_emails)
        self.network = Network(
            self,
            "network",
            at=at,
            plan=self.plan,
            key_arn=key.arn,
            nat=settings.nat,
            log_retention_days=settings.log_retention_days,
        )
        self.ledger = Ledger(
            self,
            "ledger",
            at=at,
            role=role,
            global_database=shared.database.id,
            engine_version=settings.aurora_version,
            instance_class=settings.aurora_instance_class,
            subnet_ids=self.network.isolated_subnet_ids,
            vpc_id=self.network.vpc_id,
            peer_plan=peer_plan,
            key_arn=key.arn,
            logging=logging,
            master_secret=shared.master_secret.name,
            credentials_version=settings.credentials_version,
            backup_retention_days=settings.backup_retention_days,
            alerts=self.alerts,
        )
        platform = FunctionPlatform(
            at=at,
            code=code,
            key_arn=key.arn,
            logging=logging,
            subnet_ids=self.network.private_subnet_ids,
            security_group=self._function_group(peer_plan),
            alerts=self.alerts,
        )
        self.queue = PaymentQueue(
            self,
            "queue",
            at=at,
            key=key,
            consumer_timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
            alerts=self.alerts,
        )
        self.functions = self._functions(platform, settings)
        self.queue.feed(
            self.functions["processor"], enabled=role.settles_at_first, concurrency=settings.settlement_concurrency
        )
        EveryMinute(self, "reconcile", at=at, function=self.functions["reconciler"], resource="reconcile")
        self._watch_settlement()
        self._open_endpoints()
        shared.sessions.watch(self, at=at, alerts=self.alerts)
        if role.creates_database:
            Migration(
                self,
                "migration",
                at=at,
                function=self.functions["migrate"],
                code_sha256=code.sha256,
                credentials_version=settings.credentials_version,
                after=self.ledger.instances,
            )
        self.ingress = ApiIngress(
            self,
            "ingress",
            at=at,
            document=document,
            routes={
                "acceptPayment": self.functions["webhook"],
                "readPayment": self.functions["payments"],
                "live": self.functions["health-live"],
                "active": self.functions["health-live"],
                "database": self.functions["health-database"],
            },
            failover_name=CertifiedName(shared.failover_name, shared.certificates.failover_arns[region]),
            regional_name=CertifiedName(shared.regional_names[region], shared.certificates.regional_arns[region]),
            logging=logging,
            alerts=self.alerts,
        )
        RegionalRecord(
            self,
            "record",
            at=at,
            zone_id=shared.zone.zone_id,
            name=shared.regional_names[region],
            target=self.ingress.regional_target,
        )
        self._publish(code)

    def _function_group(self, peer_plan: AddressPlan) -> SecurityGroup:
        """The functions' security group and every connection that they may open."""
        network = self.network
        group = SecurityGroup(
            self,
            "functions-security-group",
            at=self._at,
            resource="functions",
            vpc_id=network.vpc_id,
            description="Lambda functions",
        )
        group.connect(self.ledger.security_group, self.ledger.port)
        group.connect(network.endpoint_security_group, HTTPS)
        group.allow_to_prefix_list(network.dynamodb_prefix_list_id, HTTPS, peer="dynamodb")
        # The global writer endpoint may lead to the other region.
        group.allow_to_range(str(peer_plan.tier("isolated")), PORT, peer="peer-ledger")
        return group

    def _functions(self, platform: FunctionPlatform, settings: Settings) -> dict[str, Function]:
        shared, at, region = self._shared, self._at, self.role.region.name
        sessions = {"SESSIONS_TABLE": shared.sessions.name}
        state = {**sessions, "CONTROL_CACHE_SECONDS": str(CONTROL_CACHE_SECONDS)}
        signing = {"SIGNING_SECRET_ARN": shared.signing_secret.arn_in(region)}
        writer = {
            "DATABASE_SECRET_ARN": shared.database_secret.arn_in(region),
            "DATABASE_WRITER_HOST": self.ledger.writer_endpoint,
            "DATABASE_PORT": self.ledger.port_text,
            "DATABASE_NAME": DATABASE_NAME,
            "DATABASE_TRUST_BUNDLE_SHA256": hashlib.sha256(settings.database_trust_bundle.read_bytes()).hexdigest(),
        }

        def function(resource: str, description: str, environment: dict[str, str], **limits: int) -> Function:
            return Function(
                Construct(self, resource),
                "function",
                platform=platform,
                resource=resource,
                description=description,
                environment=environment,
                **limits,
            )

        webhook = function(
            "webhook",
            "Accepts signed payment webhooks",
            {**state, **signing, "QUEUE_URL": self.queue.url},
            concurrency=settings.webhook_concurrency,
            timeout_seconds=10,
        )
        shared.sessions.grant_accept(webhook, at=at)
        self.queue.grant_send(webhook)
        payments = function(
            "payments",
            "Tells a payment's status",
            {**sessions, **signing},
            concurrency=settings.payments_concurrency,
            timeout_seconds=10,
        )
        shared.sessions.grant_read(payments, at=at)
        for reader in (webhook, payments):
            shared.signing_secret.grant_read(reader, region=region)
        live = function(
            "health-live",
            "Answers /health/live and /health/active",
            sessions,
            concurrency=settings.health_concurrency,
            timeout_seconds=3,
        )
        database = function(
            "health-database",
            "Answers /health/database",
            {
                **sessions,
                **writer,
                "DATABASE_READER_HOST": self.ledger.reader_endpoint,
                "VERDICT_CACHE_SECONDS": str(VERDICT_CACHE_SECONDS),
            },
            concurrency=settings.health_concurrency,
            timeout_seconds=5,
        )
        for checker in (live, database):
            shared.sessions.grant_read_control(checker, at=at)
        shared.database_secret.grant_read(database, region=region)
        processor = function(
            "processor",
            "Settles payments from the queue",
            {**sessions, **writer},
            concurrency=settings.settlement_concurrency,
            timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
        )
        shared.sessions.grant_close(processor, at=at)
        shared.database_secret.grant_read(processor, region=region)
        reconciler = function(
            "reconciler",
            "Enqueues payments that were accepted and not settled",
            {**sessions, "QUEUE_URL": self.queue.url},
            concurrency=RECONCILER_CONCURRENCY,
            timeout_seconds=50,
        )
        shared.sessions.grant_find_unsettled(reconciler, at=at)
        self.queue.grant_refill(reconciler)
        migrate = function(
            "migrate",
            "Brings the ledger's schema and its application user up to date",
            {**writer, "DATABASE_MASTER_SECRET_ARN": shared.master_secret.arn_in(region)},
            concurrency=MIGRATE_CONCURRENCY,
            timeout_seconds=300,
        )
        for secret in (shared.master_secret, shared.database_secret):
            secret.grant_read(migrate, region=region)
        return {
            "webhook": webhook,
            "payments": payments,
            "health-live": live,
            "health-database": database,
            "processor": processor,
            "reconciler": reconciler,
            "migrate": migrate,
        }

    def _watch_settlement(self) -> None:
        """Alarm on what the functions themselves find out about payments."""
        self.functions["webhook"].watch_own(
            "payments-not-enqueued",
            "NotEnqueued",
            "Sum",
            description="An accepted payment could not be enqueued; the reconciler will do it",
        )
        self.functions["processor"].watch_own(
            "payments-conflict",
            "PaymentConflict",
            "Sum",
            description="A payment contradicts the ledger; it is in ledger.conflicts and is not settled",
        )
        self.functions["processor"].watch_own(
            "payments-stale-epoch",
            "StaleEpoch",
            "Sum",
            description="The ledger is in another epoch than this region; until they agree nothing is settled",
        )
        self.functions["reconciler"].watch_own(
            "payments-unsettled",
            "OldestUnsettledSeconds",
            "Maximum",
            threshold=UNSETTLED_ALARM_SECONDS,
            description=f"A payment was accepted more than {UNSETTLED_ALARM_SECONDS} s ago and is not settled",
        )

    def _open_endpoints(self) -> None:
        """Let through the VPC's endpoints what the functions' roles may do, and nothing else."""
        shared, region = self._shared, self.role.region.name
        self.network.allow_dynamodb(
            "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[shared.sessions.arn(self._at)]
        )
        self.network.allow_dynamodb("dynamodb:Query", on=[shared.sessions.unsettled_index_arn(self._at)])
        self.network.allow_queues("sqs:GetQueueAttributes", "sqs:SendMessage", on=[self.queue.arn])
        secrets = (shared.signing_secret, shared.master_secret, shared.database_secret)
        self.network.allow_secrets("secretsmanager:GetSecretValue", on=[secret.arn_in(region) for secret in secrets])

    def _publish(self, code: Code) -> None:
        self.outputs(
            {
                "region": self.role.region.name,
                "vpc_id": self.network.vpc_id,
                "api_id": self.ingress.id,
                "api_stage": self.ingress.stage,
                "api_url": f"https://{self._shared.regional_names[self.role.region.name]}",
                "functions": {name: function.function_name for name, function in self.functions.items()},
                "function_roles": {name: function.role_arn for name, function in self.functions.items()},
                "function_hash": code.sha256,
                "queue_url": self.queue.url,
                "cluster_id": self.ledger.id,
                "writer_endpoint": self.ledger.writer_endpoint,
                "reader_endpoint": self.ledger.reader_endpoint,
                "database_port": self.ledger.port,
                "alarm_topic_arn": self.alerts.arn,
                "alarm_names": self.alerts.alarm_names,
            }
        )
