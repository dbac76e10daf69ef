"""Names: ``{prefix}-{resource}-{region suffix}-{environment suffix}``, within every AWS limit, never truncated.

Names whose form AWS or a standard dictates keep suffix and region but put them where they can:
``/aws/lambda/…`` log groups, ``alias/…`` of keys, and DNS names (``use1.dev.example.com``).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lib.topology import GLOBAL_SUFFIX, REGIONS

UNBOUNDED: Final = 255
"""For names that AWS limits far above anything this scheme yields (tags, tables, topics, aliases, alarms)."""

_BUCKET: Final = 63 - len("-000000000000")
"""What S3 leaves for a name that holds the account's id besides, since bucket names are unique in all of AWS.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
"""

LIMITS: Final = MappingProxyType(
    {
        # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html and IAM's limit for roles: 64
        "payments": 64,
        "health-live": 64,
        "health-database": 64,
        "migrate": 64,
        "processor": 64,
        "reconciler": 64,
        "guard": 64,
        "probe": 64,
        "begin-epoch": 64,
        "canary": 64,
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html: 80; its role: 64
        "failover": 64,
        "failover-start": 64,
        "notifier": 64,
        # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html: 64
        "reconcile": 64,
        "guard-consumer": 64,
        "probe-peer": 64,
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html: 80
        "payments-dead": 80,
        "settled-dead": 80,
        "flow-logs": 64,
        # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html: 63
        "ledger": 63,
        "ledger-1": 63,
        "ledger-2": 63,
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html: 32.
        # The tightest of all, so the load balancer sets the longest suffix whichever ingress is chosen.
        "ingress": 32,
        # Target groups; a function's is called after what it does, "webhook" shares its name with the function.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
        "webhook": 32,
        "lookup": 32,
        "live": 32,
        "data": 32,
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html: 63
        "state": 63,
        "receipts": _BUCKET,
        "documents": _BUCKET,
        "access-logs": _BUCKET,
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html: 50
        "backups": 50,
        "ingress-logs": _BUCKET,
        "receipts-replication": 64,
        "documents-replication": 64,
    }
)


def longest_suffix(prefix: str) -> int:
    """The most characters an environment suffix may have, derived from the tightest AWS limit of any name."""
    region = max(len(GLOBAL_SUFFIX), *(len(region.suffix) for region in REGIONS.values()))
    return min(limit - len(f"{prefix}-{resource}-") - region - len("-") for resource, limit in LIMITS.items())


@dataclass(frozen=True)
class Naming:
    """The names of one deployment."""

    prefix: str
    suffix: str

    def name(self, resource: str, region_suffix: str) -> str:
        """The name of ``resource`` in a region (``use1``, …) or of what spans both (``global``).

        Raises ValueError if it exceeds the AWS limit, which settings within :func:`longest_suffix` cannot reach
        for the resources in :data:`LIMITS`.
        """
        name = self._joined(resource, region_suffix)
        limit = LIMITS.get(resource, UNBOUNDED)
        if len(name) > limit:
            raise ValueError(f"{name!r} has {len(name)} characters; AWS allows {limit} for {resource!r}")
        return name

    def bucket(self, resource: str, region_suffix: str, account_id: str) -> str:
        """The name of a bucket, with the account's id in it. Raises ValueError as :meth:`name` does."""
        self.name(resource, region_suffix)
        return self._joined(f"{resource}-{account_id}", region_suffix)

    def _joined(self, resource: str, region_suffix: str) -> str:
        return f"{self.prefix}-{resource}-{region_suffix}-{self.suffix}"
