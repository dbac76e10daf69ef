"""Providers name their region, and the two regions of a deployment each have one role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.regions import is_region
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule

ROLE: Final = "RegionRole"
_ROLES: Final = ("primary", "secondary")


def _tagged(role: str, **settings: str) -> dict[str, Any]:
    return {"default_tags": {"tags": {ROLE: role}}, **settings}


_EAST: Final = _tagged("primary", region="us-east-1", alias="use1")
_WEST: Final = _tagged("secondary", region="us-west-2", alias="usw2")
_TOPIC: Final[dict[str, Any]] = {"t": {}}


def _other_role(body: dict[str, Any], _: Resource) -> None:
    (tags,) = body["default_tags"]
    tags["tags"][ROLE] = _ROLES[1 - _ROLES.index(tags["tags"][ROLE])]


def _role(provider: Resource) -> object:
    tags = provider.block("default_tags").get("tags")
    _, tags = provider.deployment.follow(provider.stack, tags)
    return tags.get(ROLE) if isinstance(tags, dict) else None


@rule(
    id="TAP_TOPOLOGY_REGION_PAIR",
    title="Providers name one of two regions, and each region has one role everywhere",
    risk="A provider without a region deploys wherever the shell of the day points; one with another region or role "
    "puts a part of the platform where no failover will look for it.",
    remediation="Write the region of every provider as a literal, and tag it with RegionRole = primary or secondary, "
    "the same in all stacks.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.5.2", "NIST-800-53:SA-9(5)", "NIST-800-53:CP-7(1)", "WA-REL:REL10-BP01"],
    judges=kind("aws", mode="provider"),
    passes=[
        {"provider": {"aws": [_EAST, _WEST]}, "aws_sns_topic": _TOPIC},
        {"aws_sns_topic": _TOPIC},
    ],
    fails=[
        {"provider": {"aws": [{**_EAST, "region": None}, _WEST]}, "aws_sns_topic": _TOPIC},
        {"provider": {"aws": [{**_EAST, "region": "${var.region}"}, _WEST]}, "aws_sns_topic": _TOPIC},
        {"provider": {"aws": [_EAST, _WEST, {"alias": "third", "region": "eu-west-1"}]}, "aws_sns_topic": _TOPIC},
        {"provider": {"aws": [_EAST]}, "aws_sns_topic": _TOPIC},
        {"provider": {"aws": [_EAST, _tagged("secondary", region="us-east-1", alias="b")]}, "aws_sns_topic": _TOPIC},
        {
            "provider": {"aws": [_EAST, _WEST, _tagged("primary", region="us-west-2", alias="c")]},
            "aws_sns_topic": _TOPIC,
        },
        {"provider": {"aws": {"region": "us-east-1"}}, "aws_sns_topic": _TOPIC},
    ],
    mutations=[
        drop("region"),
        put("region", "${var.region}"),
        put("region", "eu-west-1"),
        put("region", "us-east-2"),
        drop("default_tags"),
        edit("the other role", _other_role),
    ],
)
def region_pair(provider: Resource) -> Iterator[str]:
    """The region is looked up as far as the configuration tells; two regions, two roles, and no third of either."""
    region, role, deployment = provider.region, _role(provider), provider.deployment
    if not is_region(region):
        yield f"region is {provider.get('region')}, which leaves it to the environment where this is deployed"
        return
    if role not in _ROLES:
        yield f"default_tags name {role} as {ROLE}, so that nobody can tell what {region} is to the other region"
        return
    for other in deployment.blocks_by_mode.get("provider", ()):
        if other.type == provider.type and (other.region == region) != (_role(other) == role):
            yield f"it makes {region} the {role}, while {other.path} makes {other.region} the {_role(other)}"
    if deployment.peer(region) is None:
        yield f"no provider is of a second region: primary is {deployment.primary}, secondary {deployment.standby}"
