"""The sessions table: sessions, the payments outbox and each region's state, in both regions at once."""

from __future__ import annotations

import json
from typing import Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableReplica,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)
from cdktf_cdktf_provider_aws.dynamodb_table_item import DynamodbTableItem
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.keys import PlatformKey
from lib.constructs.policy import Grantee
from lib.topology import Role

KEY: Final = "pk"
CONTROL_KEY: Final = "control"
NOTIFICATION_KEY: Final = "notification"
UNSETTLED_INDEX, CLOSED_INDEX, CUSTOMER_INDEX = "unsettled", "closed", "customer"
INDEXES: Final = {
    UNSETTLED_INDEX: ("unsettled_shard", "accepted_at"),
    CLOSED_INDEX: ("closed_shard", "closed_order"),
    CUSTOMER_INDEX: ("customer_reference", "accepted_at"),
}
"""Partition and order of each; they hold keys only, so that nothing but the keys' change writes to them."""

REPLICATION_ALARM_MS: Final = 10_000
"""DynamoDB replicates within a second or so; the sessions' recovery point is 60 s.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

REPLICATION_PERIOD_SECONDS: Final = 300
"""DynamoDB aggregates this metric over five minutes: of three periods of one minute, two would always lack data.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""


class SessionsTable(Construct):
    """A DynamoDB global table with on-demand capacity, point-in-time recovery and the regional keys on both sides.

    ``unsettled`` and ``closed`` are sparse and write-sharded: a payment is in the one until it is in the other, spread
    over shards, because a status with few values as an index key would throttle writes to the table itself.
    ``customer`` needs no shards: there are as many keys as customers.
    """

    def __init__(
        self, scope: Construct, id_: str, *, primary: RegionContext, standby: RegionContext, key: PlatformKey
    ) -> None:
        super().__init__(scope, id_)
        self._key = key
        self._table = DynamodbTable(
            self,
            "table",
            provider=primary.provider,
            name=primary.global_name("sessions"),
            billing_mode="PAY_PER_REQUEST",
            hash_key=KEY,
            attribute=[
                DynamodbTableAttribute(name=name, type="S")
                for name in sorted({KEY, *(name for keys in INDEXES.values() for name in keys)})
            ],
            global_secondary_index=[
                DynamodbTableGlobalSecondaryIndex(
                    name=name, hash_key=partition, range_key=order, projection_type="KEYS_ONLY"
                )
                for name, (partition, order) in INDEXES.items()
            ],
            ttl=DynamodbTableTtl(attribute_name="expires_at", enabled=True),
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            deletion_protection_enabled=False,
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(
                enabled=True, kms_key_arn=key.in_region(primary.region.name).arn
            ),
            # Left out, a replica's recovery gives a perpetual diff, and its default key perpetual recreation.
            replica=[
                DynamodbTableReplica(
                    region_name=standby.region.name,
                    kms_key_arn=key.in_region(standby.region.name).arn,
                    point_in_time_recovery=True,
                    propagate_tags=True,
                )
            ],
        )
        self.name = self._table.name

    def seed_control_item(self, *, at: RegionContext, roles: tuple[Role, ...]) -> None:
        """Write each region's first state. From then on it belongs to the failover workflow, never to Terraform."""
        regions = {role.region.name: {"S": role.initial_state} for role in roles}
        DynamodbTableItem(
            self,
            "control",
            provider=at.provider,
            table_name=self._table.name,
            hash_key=KEY,
            item=json.dumps({KEY: {"S": CONTROL_KEY}, "epoch": {"N": "1"}, "regions": {"M": regions}}, sort_keys=True),
            lifecycle=TerraformResourceLifecycle(ignore_changes=["item"]),
        )

    def arn(self, at: RegionContext) -> str:
        """The ARN of the table in one region."""
        return at.arn("dynamodb", f"table/{self.name}")

    def index_arn(self, at: RegionContext, index: str) -> str:
        """The ARN of one of the indexes in one region."""
        return f"{self.arn(at)}/index/{index}"

    def index_arns(self, at: RegionContext) -> list[str]:
        """The ARNs of all of them."""
        return [self.index_arn(at, index) for index in INDEXES]

    def grant_accept(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read, and write payments on condition."""
        grantee.allow("dynamodb:GetItem", "dynamodb:PutItem", on=self.arn(at))
        self._key.in_region(at.region.name).grant_encrypt(grantee, via="dynamodb")

    def grant_close(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read single items and say what became of a payment."""
        grantee.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=self.arn(at))
        self._key.in_region(at.region.name).grant_encrypt(grantee, via="dynamodb")

    def grant_notify(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read single items, and keep and forget what it has told customers."""
        grantee.allow("dynamodb:GetItem", on=self.arn(at))
        grantee.allow(
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            on=self.arn(at),
            when={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{NOTIFICATION_KEY}#*"]}},
        )
        self._key.in_region(at.region.name).grant_encrypt(grantee, via="dynamodb")

    def grant_reconcile(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` list what waits and what is closed, read single items and change their status."""
        grantee.allow("dynamodb:Query", on=[self.index_arn(at, index) for index in (UNSETTLED_INDEX, CLOSED_INDEX)])
        self.grant_close(grantee, at=at)

    def grant_look_up(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read items, singly or as a list from any index."""
        grantee.allow("dynamodb:Query", on=self.index_arns(at))
        grantee.allow("dynamodb:BatchGetItem", on=self.arn(at))
        self.grant_read(grantee, at=at)

    def grant_read(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read single items."""
        grantee.allow("dynamodb:GetItem", on=self.arn(at))
        self._key.in_region(at.region.name).grant_decrypt(grantee, via="dynamodb")

    def grant_read_control(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read the regions' state, and no payment."""
        grantee.allow(
            "dynamodb:GetItem",
            on=self.arn(at),
            when={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [CONTROL_KEY]}},
        )
        self._key.in_region(at.region.name).grant_decrypt(grantee, via="dynamodb")

    def grant_backup(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` back up the table of one region."""
        grantee.allow(
            "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob", on=self.arn(at)
        )
        key = self._key.in_region(at.region.name)
        key.grant_decrypt(grantee, via="dynamodb")
        key.grant_write(grantee, via="dynamodb")

    def lag(self, at: RegionContext) -> Metric:
        """How long what is written in this region takes to reach the other."""
        return Metric(
            "AWS/DynamoDB",
            "ReplicationLatency",
            "Average",
            {"TableName": self.name, "ReceivingRegion": at.peer.name},
            period=REPLICATION_PERIOD_SECONDS,
        )

    def used(self, metric: str) -> Metric:
        """A metric of the whole table, summed up."""
        return Metric("AWS/DynamoDB", metric, "Sum", {"TableName": self.name})

    def grant_control(self, grantee: Grantee, *, at: RegionContext) -> None:
        """Let ``grantee`` read and write the regions' state, and no payment."""
        grantee.allow(
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            on=self.arn(at),
            when={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [CONTROL_KEY]}},
        )
        self._key.in_region(at.region.name).grant_encrypt(grantee, via="dynamodb")

    def watch(self, scope: Construct, *, at: RegionContext, alerts: AlertTopic) -> None:
        """Alarm in one region on throttling of the table and its indexes, and on slow replication to the other."""
        table = {"TableName": self.name}
        for resource, metric, dimensions in (
            ("sessions-read-throttle", "ReadThrottleEvents", table),
            ("sessions-write-throttle", "WriteThrottleEvents", table),
            *(
                (
                    f"sessions-{index}-write-throttle",
                    "WriteThrottleEvents",
                    {**table, "GlobalSecondaryIndexName": index},
                )
                for index in INDEXES
            ),
        ):
            alerts.watch(
                scope,
                resource,
                Metric("AWS/DynamoDB", metric, "Sum", dimensions),
                threshold=0,
                description=f"DynamoDB throttled requests to {self.name}",
            )
        alerts.watch(
            scope,
            "sessions-replication-latency",
            self.lag(at),
            threshold=REPLICATION_ALARM_MS,
            description=f"{self.name} takes more than {REPLICATION_ALARM_MS} ms to reach {at.peer.name}",
        )
