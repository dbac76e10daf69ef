"""The ledger: an Aurora PostgreSQL global database with a member cluster of two instances in each region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cdktf import Fn, TerraformResourceLifecycle, TerraformStack, Token
from cdktf_cdktf_provider_aws.data_aws_cloudcontrolapi_resource import DataAwsCloudcontrolapiResource
from cdktf_cdktf_provider_aws.db_subnet_group import DbSubnetGroup
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.rds_cluster import RdsCluster, RdsClusterServerlessv2ScalingConfiguration
from cdktf_cdktf_provider_aws.rds_cluster_instance import RdsClusterInstance
from cdktf_cdktf_provider_aws.rds_cluster_parameter_group import (
    RdsClusterParameterGroup,
    RdsClusterParameterGroupParameter,
)
from cdktf_cdktf_provider_aws.rds_global_cluster import RdsGlobalCluster
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.log_group import Logging
from lib.constructs.policy import Grantee, allow, document, trust
from lib.constructs.security_group import SecurityGroup
from lib.topology import AddressPlan, Role

ENGINE: Final = "aurora-postgresql"
DATABASE_NAME: Final = "ledger"
MASTER_USERNAME: Final = "ledger_admin"
INSTANCES: Final = 2
LAG_ALARM_MS: Final = 1000
MONITORING_INTERVAL_SECONDS: Final = 60
PORT: Final = 5432
"""What the rules between the two regions open: the other region's port is not known before it is deployed."""


@dataclass(frozen=True)
class Capacity:
    """How strong a member's instances are: of a class, or between two numbers of capacity units (``serverless``)."""

    instance_class: str
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def serverless(cls, minimum: float, maximum: float) -> Capacity:
        """Aurora Serverless v2: instances grow and shrink with what they have to do."""
        return cls("db.serverless", minimum, maximum)

    @property
    def scaling(self) -> RdsClusterServerlessv2ScalingConfiguration | None:
        """What the cluster is told of it."""
        if self.minimum is None or self.maximum is None:
            return None
        return RdsClusterServerlessv2ScalingConfiguration(min_capacity=self.minimum, max_capacity=self.maximum)


class GlobalDatabase(Construct):
    """The global cluster that both members join. It can be destroyed, and takes its members out of itself to be so."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, engine_version: str) -> None:
        super().__init__(scope, id_)
        self._cluster = RdsGlobalCluster(
            self,
            "cluster",
            provider=at.provider,
            global_cluster_identifier=at.global_name("ledger"),
            engine=ENGINE,
            engine_version=engine_version,
            storage_encrypted=True,
            deletion_protection=False,
            force_destroy=True,
        )
        self.id = self._cluster.id
        # RDS's global clusters have no region in their ARN.
        self._arn = f"arn:aws:rds::{at.account_id}:global-cluster:{at.global_name('ledger')}"

    def grant_promote(self, grantee: Grantee, *, member_arn: str) -> None:
        """Let ``grantee`` make one member the writer, and see which one is."""
        grantee.allow("rds:DescribeGlobalClusters", on=self._arn)
        grantee.allow("rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster", on=[self._arn, member_arn])


class Ledger(Construct):
    """A region's member of the global database.

    The primary's creates the database; the other joins as its reader. Which of them writes later is the failover
    workflow's to say, so Terraform ignores the attributes that a failover changes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        role: Role,
        global_database: str,
        engine_version: str,
        capacity: Capacity,
        subnet_ids: Sequence[str],
        vpc_id: str,
        peer_plan: AddressPlan,
        key_arn: str,
        logging: Logging,
        master_secret: str,
        credentials_version: int,
        backup_retention_days: int,
        alerts: AlertTopic,
    ) -> None:
        super().__init__(scope, id_)
        self._at, self._key_arn = at, key_arn
        self.id = at.name("ledger")
        self.arn = at.arn("rds", f"cluster:{self.id}")
        self.security_group = SecurityGroup(
            self, "security-group", at=at, resource="ledger", vpc_id=vpc_id, description="Connections to the ledger"
        )
        # The other region's functions come through the peering, where groups cannot be referred to.
        self.security_group.allow_from_range(str(peer_plan.tier("private")), PORT, peer="peer-functions")
        log_group = logging.group(self, "logs", at=at, name=f"/aws/rds/cluster/{self.id}/postgresql")
        self._cluster = RdsCluster(
            self,
            "cluster",
            provider=at.provider,
            cluster_identifier=self.id,
            global_cluster_identifier=global_database,
            engine=ENGINE,
            engine_version=engine_version,
            db_subnet_group_name=self._subnets(subnet_ids).name,
            db_cluster_parameter_group_name=self._parameters(engine_version).name,
            vpc_security_group_ids=[self.security_group.id],
            storage_encrypted=True,
            kms_key_id=key_arn,
            iam_database_authentication_enabled=True,
            enabled_cloudwatch_logs_exports=["postgresql"],
            backup_retention_period=backup_retention_days,
            copy_tags_to_snapshot=True,
            deletion_protection=False,
            skip_final_snapshot=True,
            delete_automated_backups=True,
            database_name=DATABASE_NAME if role.creates_database else None,
            master_username=MASTER_USERNAME if role.creates_database else None,
            master_password_wo=self._master_password(master_secret) if role.creates_database else None,
            master_password_wo_version=credentials_version if role.creates_database else None,
            source_region=None if role.creates_database else role.peer.name,
            serverlessv2_scaling_configuration=capacity.scaling,
            depends_on=[log_group],
            # A failover swaps source and membership; undoing it would detach the cluster that now writes.
            # https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/rds_global_cluster
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["replication_source_identifier", "global_cluster_identifier", "engine_version"]
            ),
        )
        self.arn = self._cluster.arn
        self.instances = self._instances(capacity.instance_class)
        self.port = self._cluster.port
        self.port_text = Token.as_string(self._cluster.port)
        self.reader_endpoint = self._cluster.reader_endpoint
        self.writer_endpoint = self._global_writer_endpoint(global_database)
        self._watch(alerts)

    def grant_backup(self, grantee: Grantee) -> None:
        """Let AWS Backup's role take snapshots of this cluster, and copy them to the other region."""
        at, snapshot = self._at, "cluster-snapshot:awsbackup:*"
        here, there = (f"arn:aws:rds:{region.name}:{at.account_id}:{snapshot}" for region in (at.region, at.peer))
        grantee.allow("rds:DescribeDBClusters", on=self.arn)
        grantee.allow("rds:CreateDBClusterSnapshot", on=[self.arn, here])
        grantee.allow(
            "rds:AddTagsToResource",
            "rds:CopyDBClusterSnapshot",
            "rds:DeleteDBClusterSnapshot",
            "rds:DescribeDBClusterSnapshots",
            "rds:ListTagsForResource",
            "rds:ModifyDBClusterSnapshotAttribute",
            on=[here, there],
        )

    def _subnets(self, subnet_ids: Sequence[str]) -> DbSubnetGroup:
        return DbSubnetGroup(
            self,
            "subnets",
            provider=self._at.provider,
            name=self.id,
            description="The isolated subnets",
            subnet_ids=list(subnet_ids),
        )

    def _parameters(self, engine_version: str) -> RdsClusterParameterGroup:
        major = engine_version.split(".", maxsplit=1)[0]
        settings = {"rds.force_ssl": "1", "log_statement": "ddl", "log_min_duration_statement": "1000"}
        return RdsClusterParameterGroup(
            self,
            "parameters",
            provider=self._at.provider,
            name=self.id,
            description="TLS only; schema changes and slow statements are logged",
            family=f"{ENGINE}{major}",
            parameter=[
                RdsClusterParameterGroupParameter(name=name, value=value, apply_method="immediate")
                for name, value in settings.items()
            ],
        )

    def _master_password(self, master_secret: str) -> str:
        """The expression that reads the password back from its secret, as an ephemeral value."""
        TerraformStack.of(self).add_override(
            "ephemeral.aws_secretsmanager_secret_version.ledger_master",
            {"provider": self._at.provider.fqn, "secret_id": master_secret},
        )
        return '${jsondecode(ephemeral.aws_secretsmanager_secret_version.ledger_master.secret_string)["password"]}'

    def _instances(self, instance_class: str) -> list[RdsClusterInstance]:
        monitoring = self._monitoring_role()
        return [
            RdsClusterInstance(
                self,
                f"instance-{number}",
                provider=self._at.provider,
                identifier=self._at.name(f"ledger-{number}"),
                cluster_identifier=self._cluster.id,
                engine=ENGINE,
                instance_class=instance_class,
                promotion_tier=number - 1,
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                copy_tags_to_snapshot=True,
                performance_insights_enabled=True,
                performance_insights_kms_key_id=self._key_arn,
                performance_insights_retention_period=7,
                monitoring_interval=MONITORING_INTERVAL_SECONDS,
                monitoring_role_arn=monitoring,
            )
            for number in range(1, INSTANCES + 1)
        ]

    def _monitoring_role(self) -> str:
        """The role with which instances report operating-system metrics, held to the log group that RDS uses for it.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Monitoring.OS.Enabling.html
        """
        at, group = self._at, self._at.arn("logs", "log-group:RDSOSMetrics")
        role = IamRole(
            self,
            "monitoring-role",
            provider=at.provider,
            name=at.name("ledger-monitoring"),
            description="Enhanced monitoring of the ledger's instances",
            assume_role_policy=trust("monitoring.rds.amazonaws.com", account_id=at.account_id),
        )
        IamRolePolicy(
            self,
            "monitoring-policy",
            provider=at.provider,
            name=at.name("ledger-monitoring"),
            role=role.id,
            policy=document(
                [
                    allow("logs:CreateLogGroup", "logs:PutRetentionPolicy", on=group),
                    allow(
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:GetLogEvents",
                        "logs:PutLogEvents",
                        on=f"{group}:log-stream:*",
                    ),
                ]
            ),
        )
        return role.arn

    def _global_writer_endpoint(self, global_database: str) -> str:
        """The name that always leads to the writing region.

        It may be empty until the global cluster has a member, so it is read here, after this region's cluster; the
        provider has no data source for global clusters, Cloud Control has.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-rds-globalcluster.html
        """
        described = DataAwsCloudcontrolapiResource(
            self,
            "global-cluster",
            provider=self._at.provider,
            type_name="AWS::RDS::GlobalCluster",
            identifier=global_database,
            depends_on=[self._cluster],
        )
        endpoint = Fn.lookup(Fn.jsondecode(described.properties), "GlobalEndpoint", "")
        return str(Fn.lookup(endpoint, "Address", ""))

    @property
    def lag(self) -> Metric:
        """How far this member is behind the other region's; emitted where it reads."""
        return Metric(
            "AWS/RDS",
            "AuroraGlobalDBReplicationLag",
            "Maximum",
            {"DBClusterIdentifier": self.id, "SourceRegion": self._at.peer.name},
        )

    @property
    def connections(self) -> Metric:
        """Connections to the busiest of its instances."""
        return Metric("AWS/RDS", "DatabaseConnections", "Maximum", {"DBClusterIdentifier": self.id})

    def _watch(self, alerts: AlertTopic) -> None:
        # Emitted in the reading region only, and the roles can swap: in the writing region there is nothing to judge,
        # in the other a metric that stops is itself the alarm. "missing" tells both without knowing which is which.
        alerts.watch(
            self,
            "ledger-replication-lag",
            self.lag,
            threshold=LAG_ALARM_MS,
            missing="missing",
            periods=3,
            description=f"{self.id} is more than {LAG_ALARM_MS} ms behind {self._at.peer.name}, or no longer reports",
        )
