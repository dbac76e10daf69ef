"""What a diagram of a deployment shows: regions with what is in them, what links them, and the names that lead there.

Everything comes from the Terraform JSON and from what AWS's resource types mean; nothing from the app that wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from policies.model.deployment import Deployment, Resource
from policies.model.values import Block

UNSTATED: Final = ""
"""The region of what names none: the environment decides it."""

_CAPABILITIES: Final = {
    "DNS and health": ("route53",),
    "Ingress": (
        "acm", "alb", "api_gateway", "apigatewayv2", "cloudfront", "elb", "globalaccelerator", "lb", "waf", "wafv2",
        "wafregional",
    ),
    "Compute": (
        "ami", "apprunner", "appautoscaling", "autoscaling", "batch", "ecr", "ecs", "eks", "elastic_beanstalk", "emr",
        "instance", "key_pair", "lambda", "launch",
    ),
    "Workflow and messages": (
        "cloudwatch_event", "kinesis", "kinesis_firehose", "mq", "msk", "pipes", "scheduler", "ses", "sesv2", "sfn",
        "sns", "sqs",
    ),
    "Databases": (
        "dax", "db", "docdb", "dynamodb", "elasticache", "elasticsearch", "keyspaces", "memorydb", "neptune",
        "opensearch", "rds", "redshift", "timestreamwrite",
    ),
    "Storage and backup": ("backup", "dlm", "ebs", "efs", "fsx", "glacier", "s3", "s3control", "storagegateway"),
    "Keys, secrets, parameters": ("kms", "secretsmanager", "ssm"),
    "Permissions": ("cognito", "iam", "identitystore", "organizations", "ram", "ssoadmin"),
    "Monitoring": (
        "accessanalyzer", "budgets", "cloudtrail", "cloudwatch", "config", "guardduty", "inspector2", "macie2",
        "securityhub", "synthetics", "xray",
    ),
    "Network": (
        "customer_gateway", "default", "dx", "ec2", "egress", "eip", "flow_log", "internet_gateway", "main_route",
        "nat_gateway", "network", "networkfirewall", "route", "security_group", "servicediscovery", "subnet", "vpc",
        "vpn",
    ),
}  # fmt: skip
"""AWS's resource types by what they are for; a type belongs to the longest beginning that fits."""

_OTHER: Final = "Other"
_BEGINNINGS: Final = {part: label for label, parts in _CAPABILITIES.items() for part in parts}
_ORDER: Final = {label: number for number, label in enumerate((*_CAPABILITIES, _OTHER))}

_POLICIES: Final = (
    "failover_routing_policy", "weighted_routing_policy", "latency_routing_policy", "geolocation_routing_policy",
    "geoproximity_routing_policy", "cidr_routing_policy",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """What a region holds for one purpose: types with their counts, the most frequent first."""

    capability: str
    types: tuple[tuple[str, int], ...]

    @property
    def count(self) -> int:
        """How many resources."""
        return sum(number for _, number in self.types)


@dataclass(frozen=True)
class Probe:
    """A health check: what it asks, and how often."""

    label: str
    rhythm: str


@dataclass(frozen=True)
class Region:
    """A region with its role, if there is one."""

    name: str
    role: str
    groups: tuple[Group, ...]
    probes: tuple[Probe, ...]

    @property
    def count(self) -> int:
        """How many resources."""
        return sum(group.count for group in self.groups)

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name or "region not stated"


@dataclass(frozen=True)
class Link:
    """What connects two regions, how many of it; ``mutual`` if neither side comes first."""

    label: str
    capability: str
    origin: str
    target: str
    count: int = 1
    mutual: bool = False


@dataclass(frozen=True)
class Leg:
    """One record of a name: where it leads, when, and what tells whether it is healthy."""

    region: str
    when: str
    health: str
    standby: bool = False


@dataclass(frozen=True)
class Name:
    """A DNS name with several records, of which a routing policy chooses."""

    name: str
    policy: str
    legs: tuple[Leg, ...]


@dataclass(frozen=True)
class Picture:
    """The whole."""

    regions: tuple[Region, ...]
    links: tuple[Link, ...]
    names: tuple[Name, ...]


@dataclass
class _Draft:
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    probes: dict[str, list[Probe]] = field(default_factory=dict)

    def region(self, name: str) -> None:
        self.counts.setdefault(name, Counter())


def picture(deployment: Deployment) -> Picture:
    """The picture of a deployment."""
    draft = _Draft()
    for resource in deployment.resources():
        draft.counts.setdefault(resource.region or UNSTATED, Counter())[resource.type] += 1
    links = _counted(_links(deployment))
    names = tuple(_names(deployment))
    for region in [side for link in links for side in (link.origin, link.target)]:
        draft.region(region)
    for name in names:
        for leg in name.legs:
            draft.region(leg.region)
    served, shown = _served(deployment), _on_legs(deployment)
    for check in deployment.resources("aws_route53_health_check"):
        region = _watched(check, served)
        draft.region(region)
        if _asks(check) or check.key not in shown:
            draft.probes.setdefault(region, []).append(_probe(check))
    roles = {region: role for role, region in deployment.roles.items()}
    regions = [
        Region(name, roles.get(name, ""), _groups(counts), tuple(draft.probes.get(name, ())))
        for name, counts in draft.counts.items()
    ]
    return Picture(tuple(sorted(regions, key=_by_role)), links, names)


def capability(type_: str) -> str:
    """What a resource type is for; types of other clouds are called by their provider."""
    provider, _, rest = type_.partition("_")
    if provider != "aws":
        return provider
    parts = rest.split("_")
    beginnings = ("_".join(parts[:size]) for size in range(len(parts), 0, -1))
    return next((_BEGINNINGS[beginning] for beginning in beginnings if beginning in _BEGINNINGS), _OTHER)


def place(capability_: str) -> tuple[int, str]:
    """Where a capability stands among the others."""
    return _ORDER.get(capability_, len(_ORDER)), capability_


def _by_role(region: Region) -> tuple[int, bool, str]:
    roles = {"primary": 0, "secondary": 1}
    return roles.get(region.role, 2), region.name == UNSTATED, region.name


def _groups(counts: Counter[str]) -> tuple[Group, ...]:
    by_capability: dict[str, list[tuple[str, int]]] = {}
    for type_, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        by_capability.setdefault(capability(type_), []).append((type_.removeprefix("aws_"), number))
    return tuple(Group(label, tuple(by_capability[label])) for label in sorted(by_capability, key=place))


def _counted(links: Iterator[Link]) -> tuple[Link, ...]:
    """Equal links as one with a count; a mutual one is the same from both sides."""
    found: Counter[Link] = Counter()
    for link in links:
        if not link.target or not link.origin or link.origin == link.target:
            continue
        sides = sorted((link.origin, link.target)) if link.mutual else [link.origin, link.target]
        found[replace(link, origin=sides[0], target=sides[1])] += 1
    return tuple(replace(link, count=number) for link, number in found.items())


def _links(deployment: Deployment) -> Iterator[Link]:
    yield from _database_links(deployment)
    yield from _table_links(deployment)
    for secret in deployment.resources("aws_secretsmanager_secret"):
        for replica in secret.blocks("replica"):
            yield _to(secret, "secret replica", replica.get("region"))
    for type_ in ("aws_kms_replica_key", "aws_kms_replica_external_key"):
        for key in deployment.resources(type_):
            yield _from(key, "key replica", key.target("primary_key_arn"))
    for type_, label in (
        ("aws_vpc_peering_connection", "VPC peering"),
        ("aws_ec2_transit_gateway_peering_attachment", "transit gateway peering"),
    ):
        for peering in deployment.resources(type_):
            peer = peering.literal("peer_region") or _region(peering.target("peer_vpc_id"))
            yield _link(label, peering, peering.region, peer, mutual=True)
    yield from _copies(deployment)


def _database_links(deployment: Deployment) -> Iterator[Link]:
    """Members of a global cluster: from the one that writes to those that follow it."""
    clusters: dict[str, list[Resource]] = {}
    for type_, attribute in (
        ("aws_rds_cluster", "global_cluster_identifier"),
        ("aws_docdb_cluster", "global_cluster_identifier"),
        ("aws_neptune_cluster", "global_cluster_identifier"),
        ("aws_elasticache_replication_group", "global_replication_group_id"),
    ):
        for cluster in deployment.resources(type_):
            if attribute in cluster:
                shared = cluster.target(attribute)
                key = "/".join(shared.key) if shared else str(cluster.literal(attribute) or cluster.get(attribute))
                clusters.setdefault(f"{type_} {key}", []).append(cluster)
    for members in clusters.values():
        writers = [member for member in members if not _follows(member)] or members[:1]
        for member in members:
            if member is not writers[0]:
                yield _link("global database", member, writers[0].region, member.region)
    for replica in deployment.resources("aws_db_instance"):
        if "replicate_source_db" in replica:
            yield _from(replica, "read replica", replica.target("replicate_source_db"))


def _follows(cluster: Resource) -> bool:
    if any(name in cluster for name in ("replication_source_identifier", "source_region")):
        return True
    return cluster.region is not None and cluster.region == cluster.deployment.standby


def _table_links(deployment: Deployment) -> Iterator[Link]:
    for table in deployment.resources("aws_dynamodb_table"):
        for replica in table.blocks("replica"):
            region = deployment.literal(table.stack, replica.get("region_name")) or UNSTATED
            yield _link("global table", table, table.region, region, mutual=True)
    for replica in deployment.resources("aws_dynamodb_table_replica"):
        origin = _region(replica.target("global_table_arn"))
        yield _link("global table", replica, origin, replica.region, mutual=True)


def _copies(deployment: Deployment) -> Iterator[Link]:
    """What is copied to a bucket, a vault or a registry of another region."""
    for type_, block, label in (
        ("aws_s3_bucket_replication_configuration", "rule", "bucket replication"),
        ("aws_s3_bucket", "replication_configuration", "bucket replication"),
    ):
        for replicated in deployment.resources(type_):
            rules = replicated.blocks(block) if block == "rule" else replicated.block(block).blocks("rules")
            for rule in rules:
                bucket = deployment.target(replicated.stack, rule.block("destination").get("bucket"))
                yield _link(label, replicated, replicated.region, _region(bucket))
    for plan in deployment.resources("aws_backup_plan"):
        for rule in plan.blocks("rule"):
            for copy in rule.blocks("copy_action"):
                vault = deployment.target(plan.stack, copy.get("destination_vault_arn"))
                yield _link("backup copies", plan, plan.region, _region(vault))
    for registry in deployment.resources("aws_ecr_replication_configuration"):
        for rule in registry.block("replication_configuration").blocks("rule"):
            for destination in rule.blocks("destination"):
                yield _to(registry, "image replication", destination.get("region"))


def _to(resource: Resource, label: str, region: object) -> Link:
    return _link(label, resource, resource.region, resource.deployment.literal(resource.stack, region))


def _from(resource: Resource, label: str, origin: Resource | None) -> Link:
    return _link(label, resource, _region(origin), resource.region)


def _link(label: str, owner: Resource, origin: str | None, target: str | None, *, mutual: bool = False) -> Link:
    return Link(label, capability(owner.type), origin or UNSTATED, target or UNSTATED, mutual=mutual)


def _region(resource: Resource | None) -> str:
    return (resource.region if resource else None) or UNSTATED


def _names(deployment: Deployment) -> Iterator[Name]:
    """Names of which a routing policy chooses a record, each with its records; policies and zones as they are."""
    found: dict[tuple[str, str, str], list[Resource]] = {}
    for record in deployment.resources("aws_route53_record"):
        policy = next((name for name in _POLICIES if name in record), None)
        if policy is not None:
            name = record.literal("name") or str(record.get("name"))
            found.setdefault((name, record.literal("type") or "", policy), []).append(record)
    for (name, _, policy), records in found.items():
        legs = sorted((_leg(record, policy) for record in records), key=lambda leg: leg.standby)
        yield Name(name, policy.removesuffix("_routing_policy"), tuple(legs))


def _leg(record: Resource, policy: str) -> Leg:
    block = record.block(policy)
    check = record.target("health_check_id")
    health = _described(check) if check else ""
    if "health_check_id" in record and not check:
        health = "a health check that is not in this deployment"
    if policy == "failover_routing_policy":
        when = block.text("type") or "neither PRIMARY nor SECONDARY"
        return Leg(_served_by(record), when, health, standby=when == "SECONDARY")
    weight = block.number("weight")
    if policy == "weighted_routing_policy":
        when = "weight unknown" if weight is None else f"weight {weight:g}"
        return Leg(_served_by(record), when, health, standby=weight == 0)
    where = next((block.text(name) for name in ("region", "continent", "country") if name in block), None)
    return Leg(_served_by(record), where or record.text("set_identifier") or policy, health)


def _on_legs(deployment: Deployment) -> set[tuple[str, str]]:
    """The health checks that decide about a record, and so are told beside it."""
    checks = [record.target("health_check_id") for record in deployment.resources("aws_route53_record")]
    return {check.key for check in checks if check is not None}


def _served_by(record: Resource) -> str:
    """The region that a record leads to: that of its target, else its own."""
    target = record.deployment.target(record.stack, record.block("alias").get("name"))
    if target is None:
        targets = record.targets("records")
        target = targets[0] if targets else None
    return _region(target) or record.region or UNSTATED


def _served(deployment: Deployment) -> dict[str, str]:
    """The region that each simple name leads to, by the name."""
    found = {}
    for record in deployment.resources("aws_route53_record"):
        name = record.literal("name")
        if name and not any(policy in record for policy in _POLICIES):
            found[name] = _served_by(record)
    return found


def _watched(check: Resource, served: dict[str, str]) -> str:
    """The region that a health check watches: where the name that it asks leads to, else where it was made."""
    asked = check.literal("fqdn")
    if asked in served:
        return served[asked]
    return _region(check.target("fqdn")) or _region(check.target("cloudwatch_alarm_name")) or check.region or UNSTATED


def _probe(check: Resource) -> Probe:
    """A health check for the list of its region."""
    if not _asks(check):
        return Probe(_described(check), "")
    interval, threshold = check.number("request_interval"), check.number("failure_threshold")
    every = "interval unknown" if interval is None else f"{interval:g} s"
    times = "" if threshold is None else f" × {threshold:g}"
    inverted = ", inverted" if check.flag("invert_healthcheck") else ""
    return Probe(f"{check.text('type') or 'unknown'} {_asked(check)}{inverted}", f"{every}{times}")


def _asks(check: Resource) -> bool:
    return check.text("type") not in {"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"}


def _asked(check: Block) -> str:
    path = check.text("resource_path")
    return path or check.text("fqdn") or check.text("ip_address") or "nothing"


def _described(check: Resource) -> str:
    """A health check in a few words."""
    kind = check.text("type")
    if kind == "CALCULATED":
        children = check.targets("child_healthchecks")
        threshold = check.number("child_health_threshold")
        needed = "?" if threshold is None else f"{threshold:g}"
        names = ", ".join(child.path.rpartition("/")[2] for child in children)
        return f"{needed} of {len(children)} healthy: {names}" if names else f"{needed} of unknown checks"
    if kind == "CLOUDWATCH_METRIC":
        alarm = check.target("cloudwatch_alarm_name")
        return f"alarm {alarm.path.rpartition('/')[2] if alarm else check.get('cloudwatch_alarm_name')}"
    return f"{kind or 'unknown'} {_asked(check)}"
