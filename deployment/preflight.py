"""What must be there before a deployment to a real account starts; everything that is missing is said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment import bootstrap
from deployment.aws import client, code
from deployment.console import heading, say
from deployment.delegation import name_servers
from deployment.errors import MissingError
from lib.settings import DEFAULT_DOMAIN, Settings
from lib.topology import REGIONS

EXAMPLE_EMAIL_DOMAIN = "@tap.example"
_CONCURRENCY_LEFT = 100
"""Lambda keeps this much of a region's concurrency unreserved.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

FUNCTIONS = (
    *("webhook", "payments", "health-live", "health-database"),
    *("processor", "reconciler", "notifier", "guard", "probe", "migrate"),
    *("begin-epoch", "canary"),
)
"""What reserves concurrency, by name part."""


@dataclass(frozen=True)
class Gap:
    """Something that is missing, and how to get it."""

    what: str
    remedy: str


def require(settings: Settings) -> None:
    """Look at everything and go on only if nothing is missing.

    Raises:
        MissingError: listing all gaps with their remedies.
    """
    heading("Preflight")
    gaps = list(missing(settings))
    if gaps:
        raise MissingError(_text(gaps))
    say(f"account {settings.account_id}: ready for {settings.environment_suffix!r}; nothing is missing")


def require_account(settings: Settings) -> None:
    """Only what bootstrap needs: working credentials of the right account. Raises MissingError."""
    gaps = list(account(settings))
    if gaps:
        raise MissingError(_text(gaps))


def missing(settings: Settings) -> Iterator[Gap]:
    """All gaps. Without a working account nothing can be asked about it, so only what the settings lack is told."""
    gaps = list(account(settings))
    yield from gaps
    yield from settings_for_aws(settings)
    if gaps:
        return
    checks: tuple[tuple[str, Callable[[Settings], Iterator[Gap]]], ...] = (
        ("the regions", regions),
        ("the hosted zone", hosted_zone),
        ("the singletons", singletons),
        ("the quotas", quotas),
    )
    for what, check in checks:
        try:
            yield from check(settings)
        except (ClientError, BotoCoreError) as error:
            yield Gap(f"{what} could not be looked at: {error}", "give the deploying role the permission that is named")


def account(settings: Settings) -> Iterator[Gap]:
    """Credentials that work, of the account in the settings."""
    try:
        found = str(client("sts", settings.primary_region).get_caller_identity()["Account"])
    except (ClientError, BotoCoreError) as error:
        yield Gap(f"no working AWS credentials: {error}", "log in (`aws sso login`), or set AWS_PROFILE or access keys")
        return
    if found != settings.account_id:
        yield Gap(
            f"the credentials are of account {found}, the settings say {settings.account_id}",
            f"set TAP_ACCOUNT_ID={found} if that account is meant, or use the other account's credentials",
        )


def settings_for_aws(settings: Settings) -> Iterator[Gap]:
    """Settings that have a default for the embedded AWS and need a real value here."""
    if settings.domain == DEFAULT_DOMAIN:
        yield Gap(f"TAP_DOMAIN is {DEFAULT_DOMAIN}, which is nobody's", "set TAP_DOMAIN to a domain you own")
    if settings.hosted_zone_id is None:
        yield Gap(
            "TAP_HOSTED_ZONE_ID is not set: certificates are validated through a zone that is delegated already",
            "create a public hosted zone for your domain, delegate to it from the parent zone, and set its id",
        )
    if any(address.endswith(EXAMPLE_EMAIL_DOMAIN) for address in settings.alert_emails):
        yield Gap("TAP_ALERT_EMAILS holds the example address", "set it to addresses that people read")


def regions(settings: Settings) -> Iterator[Gap]:
    """Both regions (and the state's) are enabled and not denied."""
    wanted = {*(role.region.name for role in settings.roles), settings.effective_state_region}
    for region in sorted(wanted):
        try:
            found = client("ec2", region).describe_regions(RegionNames=[region], AllRegions=True)["Regions"]
        except ClientError as error:
            yield Gap(f"{region} refuses calls ({code(error)})", "enable the region, or lift the policy that denies it")
            continue
        if not found or found[0].get("OptInStatus", "opt-in-not-required") == "not-opted-in":
            yield Gap(f"{region} is not enabled", "enable it (console: Account, AWS Regions)")


def hosted_zone(settings: Settings) -> Iterator[Gap]:
    """The zone is there, public, above the deployment's names, and the world finds it."""
    if settings.hosted_zone_id is None:
        return
    try:
        answer = client("route53", settings.primary_region).get_hosted_zone(Id=settings.hosted_zone_id)
    except ClientError as error:
        if code(error) not in ("NoSuchHostedZone", "InvalidInput"):
            raise
        yield Gap(f"there is no hosted zone {settings.hosted_zone_id} in this account", "correct TAP_HOSTED_ZONE_ID")
        return
    zone = str(answer["HostedZone"]["Name"]).rstrip(".")
    if answer["HostedZone"].get("Config", {}).get("PrivateZone"):
        yield Gap(f"the hosted zone {zone} is private", "use a public zone: health checkers come from the internet")
    if settings.environment_domain != zone and not settings.environment_domain.endswith(f".{zone}"):
        yield Gap(
            f"the hosted zone is {zone}, but the names lie below {settings.environment_domain}",
            "correct TAP_DOMAIN or TAP_HOSTED_ZONE_ID",
        )
        return
    expected = {name.rstrip(".").lower() for name in answer.get("DelegationSet", {}).get("NameServers", [])}
    try:
        published = name_servers(zone)
    except OSError as error:
        yield Gap(f"the delegation of {zone} could not be looked up: {error}", "check this machine's DNS")
        return
    if not expected & published:
        yield Gap(
            f"{zone} is not delegated to this zone: the world's name servers for it are "
            f"{', '.join(sorted(published)) or 'none'}",
            f"publish {', '.join(sorted(expected))} as its NS records in the parent zone",
        )


def singletons(settings: Settings) -> Iterator[Gap]:
    """What ``make bootstrap`` owns."""
    remedy = "run `make bootstrap TARGET=aws`"
    if not bootstrap.state_bucket_exists(settings):
        yield Gap(f"the state bucket {settings.effective_state_bucket} does not exist", remedy)
    unset = bootstrap.logging_role_missing_in([role.region.name for role in settings.roles])
    if unset:
        yield Gap(f"API Gateway has no logging role in {' and '.join(unset)}", remedy)


@dataclass(frozen=True)
class _Quota:
    """A quota of one region: what we need, what others use, and AWS's name for it."""

    name: str
    service: str
    code: str
    needed: int
    used: Callable[[str], int]


def quotas(settings: Settings) -> Iterator[Gap]:
    """Room for the deployment in both regions."""
    gateways = 3 if settings.nat == "per-zone" else 1
    mine = settings.environment_suffix
    wanted = (
        _Quota("Elastic IPs", "ec2", "L-0263D0A3", gateways, lambda region: _addresses(region, mine)),
        _Quota("VPCs", "vpc", "L-F678F1CE", 1, lambda region: _networks(region, mine)),
        _Quota("NAT gateways per zone", "vpc", "L-FE5A380F", 1, lambda region: _gateways(region, mine)),
        _Quota(
            "Lambda concurrency",
            "lambda",
            "L-B99A9384",
            settings.reserved_concurrency + _CONCURRENCY_LEFT,
            lambda region: _reserved(region, settings),
        ),
    )
    for role in settings.roles:
        region = role.region.name
        for quota in wanted:
            limit = _limit(region, quota)
            used = quota.used(region)
            if limit is not None and limit - used < quota.needed:
                yield Gap(
                    f"{region}: {quota.name}: {quota.needed} needed, {used} of {limit} in use",
                    "raise it: aws service-quotas request-service-quota-increase "
                    f"--region {region} --service-code {quota.service} --quota-code {quota.code} "
                    f"--desired-value {used + quota.needed}",
                )


def _limit(region: str, quota: _Quota) -> int | None:
    """The quota as applied to the account, else AWS's default; None if AWS does not tell."""
    service = client("service-quotas", region)
    for ask in (service.get_service_quota, service.get_aws_default_service_quota):
        try:
            return int(ask(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"])
        except ClientError as error:
            if code(error) not in ("NoSuchResourceException", "NoSuchResource"):
                raise
    return None


def _addresses(region: str, mine: str) -> int:
    return _of_others(client("ec2", region).describe_addresses()["Addresses"], mine)


def _networks(region: str, mine: str) -> int:
    pages = client("ec2", region).get_paginator("describe_vpcs").paginate()
    return _of_others([vpc for page in pages for vpc in page["Vpcs"]], mine)


def _gateways(region: str, mine: str) -> int:
    """NAT gateways in the zone that has most of them."""
    ec2 = client("ec2", region)
    pages = ec2.get_paginator("describe_nat_gateways").paginate()
    subnets = [gateway["SubnetId"] for page in pages for gateway in page["NatGateways"] if _of_others([gateway], mine)]
    if not subnets:
        return 0
    zones = {found["SubnetId"]: found["AvailabilityZone"] for found in ec2.describe_subnets()["Subnets"]}
    return max(Counter(zones.get(subnet, "?") for subnet in subnets).values())


def _reserved(region: str, settings: Settings) -> int:
    """Concurrency that the functions of others have reserved."""
    service = client("lambda", region)
    limits = service.get_account_settings()["AccountLimit"]
    used = int(limits["ConcurrentExecutions"]) - int(limits["UnreservedConcurrentExecutions"])
    for function in FUNCTIONS:
        name = settings.naming.name(function, REGIONS[region].suffix)
        try:
            used -= int(service.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0))
        except ClientError as error:
            if code(error) != "ResourceNotFoundException":
                raise
    return max(used, 0)


def _of_others(items: list[dict[str, Any]], mine: str) -> int:
    """A second deploy must not count what the first one made."""
    own = {"Key": "Environment", "Value": mine}
    return sum(own not in item.get("Tags", []) for item in items)


def _text(gaps: list[Gap]) -> str:
    lines = [f"  {number}. {gap.what}\n     -> {gap.remedy}" for number, gap in enumerate(gaps, 1)]
    count = "one thing is" if len(gaps) == 1 else f"{len(gaps)} things are"
    return f"preflight: {count} missing; nothing was done\n" + "\n".join(lines)
