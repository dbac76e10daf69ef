"""One region, whichever role it plays: instantiated twice, and what differs is data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdktf import App

from lib.constructs.alerts import AlertTopic
from lib.constructs.backup import DailyBackup
from lib.constructs.database import PORT, Capacity, Ledger
from lib.constructs.functions import Code, Function, FunctionPlatform
from lib.constructs.log_group import Logging
from lib.constructs.network import Network
from lib.constructs.parameters import Parameters
from lib.constructs.security_group import HTTPS, SecurityGroup
from lib.settings import Settings
from lib.stacks.base import TapStack
from lib.stacks.edge import Edge
from lib.stacks.failover import Failover
from lib.stacks.foundation import Foundation
from lib.stacks.global_ import GlobalStack
from lib.stacks.guard import Guard
from lib.stacks.notification import Notification
from lib.stacks.operations import Operations
from lib.stacks.probe import Probe
from lib.stacks.schema import LedgerSchema
from lib.stacks.serving import Serving
from lib.stacks.settlement import Settlement
from lib.topology import AddressPlan, Role


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
            capacity=self._capacity(settings),
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
        foundation = Foundation(
            scope=self,
            at=at,
            role=role,
            settings=settings,
            shared=shared,
            key=key,
            network=self.network,
            ledger=self.ledger,
            platform=FunctionPlatform(
                at=at,
                code=code,
                key_arn=key.arn,
                logging=logging,
                subnet_ids=self.network.private_subnet_ids,
                security_group=self._function_group(peer_plan),
                alerts=self.alerts,
            ),
            parameters=Parameters(self, "parameters", at=at),
        )
        self._back_up()
        self.schema = LedgerSchema(foundation)
        self.notification = Notification(foundation)
        self.settlement = Settlement(foundation, events=self.notification.events)
        self.guard = Guard(foundation, consumer=self.settlement.consumer)
        self.probe = Probe(foundation)
        self.serving = Serving(foundation, queue=self.settlement.queue)
        self.failover = Failover(foundation, functions=self._capabilities(), peer_is_down=self.probe.alarm_name)
        self._allow_secrets()
        for watched in (shared.sessions, shared.receipts, shared.documents):
            watched.watch(self, at=at, alerts=self.alerts)
        self.ingress = Edge(foundation, document=document, routes=self.serving.routes).ingress
        self.operations = Operations(
            foundation,
            ingress=self.ingress,
            queue=self.settlement.queue,
            events=self.notification.events,
            functions=self.functions,
        )
        self._publish(code)

    @staticmethod
    def _capacity(settings: Settings) -> Capacity:
        if settings.aurora_capacity == "serverless-v2":
            return Capacity.serverless(settings.aurora_min_acu, settings.aurora_max_acu)
        return Capacity(settings.aurora_instance_class)

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
        group.allow_to_prefix_list(network.s3_prefix_list_id, HTTPS, peer="s3")
        # The global writer endpoint may lead to the other region.
        group.allow_to_range(str(peer_plan.tier("isolated")), PORT, peer="peer-ledger")
        return group

    def _back_up(self) -> None:
        """Back up this region's table and cluster, whichever role it plays: after a failover nothing has to change."""
        shared, at = self._shared, self._at
        self.backup = backup = DailyBackup(self, "backup", at=at, vaults=shared.vaults, alerts=self.alerts)
        shared.sessions.grant_backup(backup.role, at=at)
        self.ledger.grant_backup(backup.role)
        backup.select([shared.sessions.arn(at), self.ledger.arn])

    @property
    def functions(self) -> dict[str, Function]:
        """All functions, by their name part."""
        return {**self._capabilities(), **self.failover.functions}

    def _capabilities(self) -> dict[str, Function]:
        """The functions of what runs without a failover."""
        return {
            **self.serving.functions,
            **self.settlement.functions,
            **self.notification.functions,
            **self.guard.functions,
            **self.probe.functions,
            **self.schema.functions,
        }

    def _allow_secrets(self) -> None:
        """Let the functions' reads of secrets through the VPC's endpoint."""
        shared, region = self._shared, self.role.region.name
        secrets = (
            shared.signing_secret,
            shared.master_secret,
            shared.database_secret,
            shared.failover_secret,
        )
        self.network.allow_secrets("secretsmanager:GetSecretValue", on=[secret.arn_in(region) for secret in secrets])

    def _publish(self, code: Code) -> None:
        self.outputs(
            {
                "region": self.role.region.name,
                "vpc_id": self.network.vpc_id,
                **self.ingress.description,
                "entrance_arn": self.ingress.arn,
                "api_url": f"https://{self._shared.regional_names[self.role.region.name]}",
                "functions": {name: function.function_name for name, function in self.functions.items()},
                "function_roles": {name: function.role_arn for name, function in self.functions.items()},
                "function_hash": code.sha256,
                "queue_url": self.settlement.queue.url,
                "backup_plan_id": self.backup.plan_id,
                "events_topic_arn": self.notification.events.arn,
                "failover_workflow_arn": self.failover.workflow.machine_arn,
                "cluster_id": self.ledger.id,
                "writer_endpoint": self.ledger.writer_endpoint,
                "reader_endpoint": self.ledger.reader_endpoint,
                "database_port": self.ledger.port,
                "alarm_topic_arn": self.alerts.arn,
                "alarm_names": self.alerts.alarm_names,
                "dashboard": self.operations.dashboard.name,
            }
        )
