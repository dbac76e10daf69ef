"""Every resource says where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Provider, Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

_REGIONAL: Final = frozenset({"aws", "awscc"})
"""Providers for which it matters where they point."""


def _has_place(block: Resource) -> bool:
    return block.type.partition("_")[0] in _REGIONAL


def _several(block: Resource) -> bool:
    return block.mode != "provider" and len(_providers(block)) > 1


def _providers(block: Resource) -> list[Provider]:
    """The providers of a stack that a resource could use."""
    wanted = block.type.partition("_")[0]
    return [provider for provider in block.stack.providers.values() if provider.type == wanted]


@rule(
    id="TAP_PROVIDER_NAMED",
    title="Every resource names a provider of its stack, and every provider its region",
    risk="Synth, validate and apply succeed, and the resource lands in whatever region the shell happens to name.",
    remediation="Pass provider= to every resource of a stack with several providers; give each provider its region.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CM-2", "WA-REL:REL10-BP01"],
    judges=kind("*", modes=("resource", "data", "ephemeral", "provider"), where=_has_place),
    passes=[
        {"aws_vpc": {"here": {}, "there": {"provider": "aws.usw2"}}, "data.aws_region": {"here": {}}},
        {"provider": {"aws": [{"region": "us-east-1"}]}, "aws_vpc": {"only_one": {"provider": None}}},
        {"random_pet": {"no_place": {"provider": None}}, "aws_vpc": {"here": {}}},
    ],
    fails=[
        {"aws_vpc": {"silent": {"provider": None}}},
        {"aws_vpc": {"unknown": {"provider": "aws.euw1"}}},
        {"data.aws_region": {"silent": {"provider": None}}},
        {"ephemeral.aws_secretsmanager_random_password": {"silent": {"provider": None}}},
        {
            "provider": {"aws": [{"region": "us-east-1"}, {"alias": "usw2", "region": "us-west-2"}]},
            "aws_vpc": {"by_default": {"provider": None}},
        },
        {"provider": {"aws": [{}]}, "aws_vpc": {"anywhere": {"provider": "aws"}}},
        {"provider": {}, "aws_vpc": {"none_at_all": {"provider": None}}},
    ],
    mutations=[
        drop("provider", where=_several),
        put("provider", "aws.nowhere", where=lambda block: block.mode != "provider"),
        put("region", "${var.region}", "aws", mode="provider"),
        drop("region", "aws", mode="provider"),
    ],
)
def provider_named(block: Resource) -> Iterator[str]:
    """With several providers each resource names one; a default that only some use is a trap for the next one."""
    if isinstance(block, Provider):
        if block.region is None:
            yield f"its region is {block.get('region')}, so that the environment of whoever applies decides"
        return
    known = _providers(block)
    names = ", ".join(provider.name for provider in known) or "none"
    if "provider" not in block:
        if len(known) > 1:
            yield f"it names no provider, and its stack has several: {names}"
        elif block.provider is None:
            yield f"it names no provider, and its stack has no default one: {names}"
    elif block.provider is None:
        yield f"its provider {block.get('provider')} is not one of its stack: {names}"
