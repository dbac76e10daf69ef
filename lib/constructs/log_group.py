"""A log group: encrypted, with a retention, and gone with the deployment."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from lib.constructs.context import RegionContext


@dataclass(frozen=True)
class Logging:
    """How this deployment keeps its logs."""

    key_arn: str
    retention_days: int

    def group(self, scope: Construct, id_: str, *, at: RegionContext, name: str) -> CloudwatchLogGroup:
        """A log group whose name AWS dictates, made before the service would make its own without end or key."""
        return CloudwatchLogGroup(
            scope,
            id_,
            provider=at.provider,
            name=name,
            kms_key_id=self.key_arn,
            retention_in_days=self.retention_days,
            skip_destroy=False,
        )
