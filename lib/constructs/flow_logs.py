"""Flow logs of a VPC: all traffic, accepted and rejected, in an encrypted log group."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import allow, allow_unscoped, document, trust


class FlowLogs(Construct):
    """The log of every connection in a VPC, with the role that writes it."""

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, vpc_id: str, key_arn: str, retention_days: int
    ) -> None:
        super().__init__(scope, id_)
        group = CloudwatchLogGroup(
            self,
            "group",
            name=f"/aws/vpc/flow-logs/{at.name('vpc')}",
            kms_key_id=key_arn,
            retention_in_days=retention_days,
            tags=at.tags("flow-logs"),
            provider=at.provider,
        )
        role = IamRole(
            self,
            "role",
            name=at.name("flow-logs"),
            description="Writes the flow logs of the VPC",
            # The flow log's id is known only after it was created with this role.
            assume_role_policy=trust(
                "vpc-flow-logs.amazonaws.com",
                account_id=at.account_id,
                source_arn=at.arn("ec2", "vpc-flow-log/*"),
            ),
            tags=at.tags("flow-logs"),
            provider=at.provider,
        )
        policy = IamRolePolicy(
            self,
            "policy",
            name=at.name("flow-logs"),
            role=role.name,
            policy=document(
                [
                    # It finds the group by listing them, which IAM cannot scope.
                    allow_unscoped("logs:DescribeLogGroups", region=at.region.name),
                    allow("logs:DescribeLogStreams", on=group.arn),
                    allow("logs:CreateLogStream", "logs:PutLogEvents", on=f"{group.arn}:*"),
                ]
            ),
            provider=at.provider,
        )
        FlowLog(
            self,
            "flow-log",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            # Minutes matter when somebody investigates; 60 s is the shorter of the two intervals that exist.
            max_aggregation_interval=60,
            tags=at.tags("flow-logs"),
            depends_on=[policy],
            provider=at.provider,
        )
