"""``make status``: which region is active, and how to promote the other one.

It asks each region for itself and needs neither Terraform nor its state, which may lie in the region that is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deployment import payment, session, target
from deployment.aws import code
from deployment.console import say, table
from deployment.errors import DeploymentError
from lib.settings import Settings
from lib.topology import REGIONS

# A region that is gone hangs more often than it refuses; nobody who is called at night waits for it for long.
_SHORT = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
_SECONDS = 5
_CHECKS = ("live", "database")
_KEPT = {"payments": "sessions-table", "receipts": "receipts-bucket", "documents": "documents-bucket"}
PARAMETERS = (
    *("active-region", "documents-bucket", "failover-workflow", "platform-endpoint", "receipts-bucket"),
    *("regional-endpoint", "sessions-table"),
)
"""What it reads, by name part; AWS gives ten at once."""

UNKNOWN = "?"


@dataclass
class RegionStatus:
    """What one region says of itself; ``trouble`` is why it says nothing."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    epoch: str = UNKNOWN
    states: dict[str, str] = field(default_factory=dict)
    healthy: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None

    def read(self, resource: str) -> str:
        """The value of a parameter."""
        return self.parameters.get(resource, UNKNOWN)


def run() -> int:
    """Ask both regions and say what they said; 0 if one of them calls itself active, and nobody contradicts.

    Raises:
        DeploymentError: nothing is deployed to the embedded AWS, or no region answers.
    """
    if target.attach(target.chosen()) is None:
        raise DeploymentError("Nothing is deployed to the embedded AWS; `make deploy` does it.")
    settings = session.settings()
    regions = [_ask(settings, name) for name in (settings.primary_region, settings.standby_region)]
    for line in report(regions):
        say(line)
    if not any(region.parameters for region in regions):
        raise DeploymentError(
            f"Neither region has parameters of {settings.environment_suffix!r} that can be read with these credentials."
        )
    return 0 if agreed(regions) else 1


def agreed(regions: list[RegionStatus]) -> str | None:
    """The region that all who answer call active; None if they differ."""
    told = {name for region in regions if region.parameters for name in _active(region)}
    return told.pop() if len(told) == 1 else None


def _active(region: RegionStatus) -> list[str]:
    """By the control item; by its mirror, which is up to a minute late, only where the item cannot be read."""
    if region.states:
        return [name for name, state in region.states.items() if state == "active"]
    return [region.read("active-region")]


def report(regions: list[RegionStatus]) -> list[str]:
    """The lines for the person."""
    rows = [
        (
            region.name,
            region.states.get(region.name, UNKNOWN),
            region.epoch,
            region.read("active-region"),
            *(region.healthy.get(check, UNKNOWN) for check in _CHECKS),
            region.trouble or region.read("regional-endpoint"),
        )
        for region in regions
    ]
    lines = [table(("region", "state", "epoch", "active, it says", *_CHECKS, "public name"), rows)]
    active = agreed(regions)
    lines.append(f"\nActive: {active}" if active else "\nThe regions do not agree on which one is active.")
    for region in regions:
        if not region.parameters or region.name == active:
            continue
        lines += [
            f"\nIn {region.name}: {', '.join(f'{kept} in {region.read(path)}' for kept, path in _KEPT.items())}.",
            f"To promote it (docs/runbooks/failover.md, or switchover.md while {active or 'the other one'} is well):",
            f"  aws stepfunctions start-execution --region {region.name} \\",
            f"    --state-machine-arn {region.read('failover-workflow')} \\",
            '    --input \'{"mode": "failover", "reason": "what happened, and who says so"}\'',
            f"Senders use {region.read('platform-endpoint')} and need to do nothing.",
        ]
    return lines


def _ask(settings: Settings, name: str) -> RegionStatus:
    region = RegionStatus(name)
    try:
        region.parameters = _parameters(settings, name)
        _control(region)
    except ClientError as error:
        region.trouble = f"refuses: {code(error)}"
    except BotoCoreError as error:
        region.trouble = f"does not answer: {type(error).__name__}"
    for check in _CHECKS if region.parameters else ():
        region.healthy[check] = _health(region.read("regional-endpoint"), check)
    return region


def _parameters(settings: Settings, region: str) -> dict[str, str]:
    names = {settings.naming.name(resource, REGIONS[region].suffix): resource for resource in PARAMETERS}
    answer = _client("ssm", region).get_parameters(Names=list(names))
    return {names[found["Name"]]: found["Value"] for found in answer["Parameters"]}


def _control(region: RegionStatus) -> None:
    """What the control item says, read where this region reads it."""
    if not region.parameters:
        region.trouble = "has no parameters of this deployment"
        return
    answer = _client("dynamodb", region.name).get_item(
        TableName=region.read("sessions-table"), Key={"pk": {"S": "control"}}, ConsistentRead=True
    )
    item = answer.get("Item", {})
    region.epoch = item.get("epoch", {}).get("N", UNKNOWN)
    region.states = {name: told["S"] for name, told in item.get("regions", {}).get("M", {}).items()}


def _health(endpoint: str, check: str) -> str:
    try:
        status = payment.call(endpoint.removeprefix("https://"), "GET", f"/health/{check}", timeout=_SECONDS).status
    except OSError:
        return "no answer"
    return "well" if status == 200 else f"answers {status}"


def _client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, config=_SHORT)
