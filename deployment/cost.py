"""An estimate of what a deployment costs per month while nobody uses it, counted from the synthesized resources.

On-demand list prices in USD for us-east-1; us-east-2 and us-west-2 have the same ones. The page that is named at a
price says what it is today. An estimate, not an offer: taxes, discounts and free tiers are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from deployment.console import table
from deployment.synthesis import Stack

PRICES_AS_OF: Final = "2025"
SERVERLESS: Final = "db.serverless"
HOURS: Final = 730
"""AWS's own month: 365 x 24 / 12."""

# https://aws.amazon.com/rds/aurora/pricing/ (Aurora Standard, per hour of a .large; larger ones are multiples)
_AURORA_LARGE: Final = {"r5": 0.29, "r6g": 0.26, "r6i": 0.29, "r7g": 0.276, "r7i": 0.305, "r8g": 0.276}
_SIZES: Final = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "8xlarge": 16, "12xlarge": 24, "16xlarge": 32}
_UNKNOWN_AURORA_LARGE: Final = 0.31

_NAT_GATEWAY: Final = 0.045 * HOURS  # https://aws.amazon.com/vpc/pricing/
_PUBLIC_ADDRESS: Final = 0.005 * HOURS  # https://aws.amazon.com/vpc/pricing/
_INTERFACE_ENDPOINT: Final = 0.01 * HOURS  # per zone; https://aws.amazon.com/privatelink/pricing/
_KEY: Final = 1.0  # a replica costs the same; https://aws.amazon.com/kms/pricing/
_SECRET: Final = 0.40  # a replica costs the same; https://aws.amazon.com/secrets-manager/pricing/
_ZONE: Final = 0.50  # https://aws.amazon.com/route53/pricing/
_HEALTH_CHECK: Final = 0.50  # endpoints in AWS, and calculated ones
_HTTPS_OPTION: Final = 1.00
_ALARM: Final = 0.10  # https://aws.amazon.com/cloudwatch/pricing/
# An hour of a load balancer, without what it serves; https://aws.amazon.com/elasticloadbalancing/pricing/
_LOAD_BALANCER: Final = 0.0225 * HOURS
_ACU_HOUR: Final = 0.12  # https://aws.amazon.com/rds/aurora/pricing/
_WEB_ACL: Final = 5.0  # https://aws.amazon.com/waf/pricing/
_WEB_ACL_RULE: Final = 1.0
_STORED_GB: Final = 0.10  # Aurora storage, per GB and month; a database starts at 10 GB per region
_DASHBOARD: Final = 3.00  # https://aws.amazon.com/cloudwatch/pricing/
_OWN_METRIC: Final = 0.30  # https://aws.amazon.com/cloudwatch/pricing/
# Lambda keeps five connections to a queue that is empty, each of which asks every 20 s.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html, https://aws.amazon.com/sqs/pricing/
_POLLING: Final = 5 * 3 * 60 * HOURS * 0.40 / 1_000_000
# A run of 0.1 s and 1 GB on arm64; https://aws.amazon.com/lambda/pricing/
_RUN: Final = 0.20 / 1_000_000 + 0.1 * 0.0000133334
_MINUTELY: Final = 60 * HOURS * _RUN
_REPLICATION_METRICS: Final = 4  # per rule, billed like own ones; https://aws.amazon.com/s3/pricing/
_REPLICATED_WRITES: Final = 0.20  # per million, from one region to the other


@dataclass(frozen=True)
class Part:
    """One line of the estimate, per month."""

    what: str
    count: int
    unit: float
    note: str = ""

    @property
    def total(self) -> float:
        """USD per month."""
        return self.count * self.unit


def estimate(stacks: Sequence[Stack]) -> list[Part]:
    """The parts of the monthly cost, dearest first."""
    resources = [(kind, body) for stack in stacks for kind, _, body in stack.resources()]
    of = {kind: [body for known, body in resources if known == kind] for kind in {kind for kind, _ in resources}}
    checks = of.get("aws_route53_health_check", [])
    endpoints = [body for body in of.get("aws_vpc_endpoint", []) if body.get("vpc_endpoint_type") == "Interface"]
    keys = len(of.get("aws_kms_key", [])) + len(of.get("aws_kms_replica_key", []))
    secrets = sum(1 + len(_as_list(body.get("replica"))) for body in of.get("aws_secretsmanager_secret", []))
    clusters = len(of.get("aws_rds_cluster", []))
    alarms = of.get("aws_cloudwatch_metric_alarm", [])
    acls = of.get("aws_wafv2_web_acl", [])
    own = [body for body in alarms if not str(body.get("namespace", "AWS/")).startswith("AWS/")]
    consumers = [body for body in of.get("aws_lambda_event_source_mapping", []) if body.get("enabled") is not False]
    minutely = [
        body for body in of.get("aws_cloudwatch_event_rule", []) if body.get("schedule_expression") == "rate(1 minute)"
    ]
    parts = [
        *_instances(of.get("aws_rds_cluster_instance", [])),
        *_serverless(of.get("aws_rds_cluster", []), of.get("aws_rds_cluster_instance", [])),
        Part(
            "NAT gateways", len(of.get("aws_nat_gateway", [])), _NAT_GATEWAY, "and 0.045 per GB; TAP_NAT=single has 2"
        ),
        Part("public IPv4 addresses", len(of.get("aws_eip", [])), _PUBLIC_ADDRESS),
        Part(
            "interface endpoints x zones",
            sum(_zones(body) for body in endpoints),
            _INTERFACE_ENDPOINT,
            "and 0.01 per GB",
        ),
        Part("KMS keys and replicas", keys, _KEY),
        Part("secrets and replicas", secrets, _SECRET),
        Part("health checks", len(checks), _HEALTH_CHECK),
        Part("health checks over HTTPS", sum(body.get("type") == "HTTPS" for body in checks), _HTTPS_OPTION),
        Part("hosted zones", len(of.get("aws_route53_zone", [])), _ZONE),
        Part("alarms", len(alarms), _ALARM),
        Part(
            "dashboards",
            len(of.get("aws_cloudwatch_dashboard", [])),
            _DASHBOARD,
            "the first three of an account are free",
        ),
        Part("own metrics that are alarmed", len(own), _OWN_METRIC, "at most: one that has no data costs nothing"),
        Part(
            "metrics of replicated buckets",
            _REPLICATION_METRICS * len(of.get("aws_s3_bucket_replication_configuration", [])),
            _OWN_METRIC,
        ),
        Part("load balancers", len(of.get("aws_lb", [])), _LOAD_BALANCER, "and 5.84 per capacity unit that is used"),
        Part("web ACLs", len(acls), _WEB_ACL, "and 0.60 per million requests"),
        Part("rules of web ACLs", sum(len(_as_list(body.get("rule"))) for body in acls), _WEB_ACL_RULE),
        Part("consumers that ask a queue", len(consumers), _POLLING, "while it is empty"),
        Part("runs every minute", len(minutely), _MINUTELY),
        Part("Aurora storage, GB", 10 * clusters, _STORED_GB, "10 GB per region to begin with"),
        Part("replicated writes, million", 1 if clusters > 1 else 0, _REPLICATED_WRITES, "to the other region"),
        Part("Lambda, API Gateway, DynamoDB, SQS", 1, 0.0, "nothing while idle; about 10 per million payments"),
        Part(
            "backups",
            len(of.get("aws_backup_plan", [])),
            0.0,
            "0.021 per GB of Aurora and 0.10 of DynamoDB, 7 days in two regions",  # https://aws.amazon.com/backup/pricing/
        ),
        # Four writes of 0.005 per 1,000, and four moves of 0.03; https://aws.amazon.com/s3/pricing/
        Part("S3", 1, 0.0, "nothing while empty; 20 per million payments, 120 more once they are archived"),
        # https://aws.amazon.com/ses/pricing/, https://aws.amazon.com/sns/pricing/
        Part(
            "mail to customers",
            len(of.get("aws_sesv2_email_identity", [])),
            0.0,
            "nothing while idle; 100 per million mails, and 0.50 for their events",
        ),
    ]
    return sorted((part for part in parts if part.count), key=lambda part: -part.total)


def total(parts: Sequence[Part]) -> float:
    """The sum, USD per month."""
    return sum(part.total for part in parts)


def describe(parts: Sequence[Part]) -> str:
    """The estimate as a table."""
    rows = [(part.what, str(part.count), f"{part.unit:.2f}", f"{part.total:.2f}", part.note) for part in parts]
    rows.append(
        ("total per month, about", "", "", f"{total(parts):.2f}", f"an estimate; list prices of {PRICES_AS_OF}")
    )
    return table(("part", "count", "USD each", "USD a month", "note"), rows)


def _instances(instances: list[dict[str, Any]]) -> list[Part]:
    classes = [name for body in instances if (name := str(body.get("instance_class", ""))) != SERVERLESS]
    parts = []
    for name in sorted(set(classes)):
        _, _, kind = name.partition("db.")
        family, _, size = kind.partition(".")
        known = family in _AURORA_LARGE and size in _SIZES
        hourly = _AURORA_LARGE.get(family, _UNKNOWN_AURORA_LARGE) * _SIZES.get(size, 1)
        note = "writer and reader in both regions" if known else "price not known here: see the Aurora price list"
        parts.append(Part(f"Aurora instances {name}", classes.count(name), hourly * HOURS, note))
    return parts


def _serverless(clusters: list[dict[str, Any]], instances: list[dict[str, Any]]) -> list[Part]:
    """What serverless instances cost at their least."""
    scaling = [_as_list(body.get("serverlessv2_scaling_configuration")) for body in clusters]
    least = max((float(one["min_capacity"]) for blocks in scaling for one in blocks), default=0.0)
    count = sum(body.get("instance_class") == SERVERLESS for body in instances)
    return [Part("Aurora serverless instances", count, least * _ACU_HOUR * HOURS, f"at their least, {least:g} ACU")]


def _zones(endpoint: dict[str, Any]) -> int:
    subnets = endpoint.get("subnet_ids")
    return len(subnets) if isinstance(subnets, list) else 3


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
