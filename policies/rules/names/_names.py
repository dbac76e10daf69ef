"""The names that a resource gives, and the place that they ought to tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.references import expressions
from policies.model.regions import is_region, short
from policies.rules.names._forms import SPANNING, WITHOUT_REGION, own_part, spans_regions
from policies.rules.names._table import DNS, PARTS, TABLE, TAG_LONGEST, TAG_PAGE, Characters, Named

GLOBAL: Final = "global"
"""The region suffix of what spans regions."""

UNKNOWN: Final = "\N{HORIZONTAL ELLIPSIS}"
"""Stands in a name for what only Terraform can tell."""

JOINTS: Final = ("-", "_", ".", "/")
"""What may stand between the parts of a name."""

_TAG: Final = Named("tags.Name", TAG_LONGEST, Characters(r"[^\x00-\x1f]+", "no control characters"), TAG_PAGE, 0)
_CERTIFICATE: Final = "aws_acm_certificate"
_RECORD: Final = "aws_route53_record"
_POLICIES: Final = (
    "failover_routing_policy",
    "weighted_routing_policy",
    "latency_routing_policy",
    "geolocation_routing_policy",
    "geoproximity_routing_policy",
    "cidr_routing_policy",
    "multivalue_answer_routing_policy",
)
"""Ways to answer for one name with several records.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html
"""


@dataclass(frozen=True)
class Name:
    """One name of a resource. ``text`` has references filled in, as far as they are known here."""

    described: Named
    written: Any
    text: str
    own: str
    """Without what AWS puts behind it."""

    @property
    def attribute(self) -> str:
        """``name``, ``bucket``, ``tags.Name``, …."""
        return self.described.attribute

    @property
    def shown(self) -> str:
        """For a sentence."""
        return f"{self.attribute} = {self.text!r}"


def bears_a_name(resource: Resource) -> bool:
    """Whether a resource has a name, ought to have one, or has a ``Name`` tag."""
    named, found = _naming(resource)
    return named is not None or bool(found)


def described(resource: Resource) -> Named | None:
    """How the type is named; None if resources of it have no name of their own."""
    return _naming(resource)[0]


def names(resource: Resource) -> tuple[Name, ...]:
    """The name and the ``Name`` tag of a resource, as far as there are any."""
    return _naming(resource)[1]


def _naming(resource: Resource) -> tuple[Named | None, tuple[Name, ...]]:
    """Found once for a resource, because five rules ask."""
    cached: tuple[Named | None, tuple[Name, ...]] | None = resource.__dict__.get("_naming")
    if cached is None:
        named = _described(resource)
        cached = resource.__dict__["_naming"] = named, tuple(_names(resource, named))
    return cached


def _described(resource: Resource) -> Named | None:
    found = TABLE.get(resource.type)
    if found is None and resource.type.startswith("aws_") and "name" in resource and resource.type not in PARTS:
        return Named("name", 0, Characters(r"(?s).*", ""), "")
    return found


def _names(resource: Resource, named: Named | None) -> Iterator[Name]:
    if named is not None:
        block, attribute = resource.at(named.attribute)
        if attribute in block:
            yield _name(resource, named, block.get(attribute))
    tag = resource.map("tags").get("Name")
    if tag is not None:
        yield _name(resource, _TAG, tag)


def _name(resource: Resource, named: Named, written: Any) -> Name:
    text = filled_in(resource, written)
    if resource.type == _RECORD and named is not _TAG:
        text = _full(resource, text)
    return Name(named, written, text, text if named is _TAG else own_part(resource.type, text))


def filled_in(resource: Resource, value: Any) -> str:
    """A value as text, with UNKNOWN for each expression whose value is not known here."""
    if isinstance(value, str) and "{" not in value:
        return value
    stack, value = resource.deployment.follow(resource.stack, value)
    if not isinstance(value, str):
        return UNKNOWN if value is None or isinstance(value, (dict, list)) else str(value)
    parts: list[str] = []
    position = 0
    for start, end in expressions(value):
        known = resource.deployment.literal(stack, value[start - 2 : end + 1])
        parts += [value[position : start - 2], UNKNOWN if known is None else known]
        position = end + 1
    return "".join([*parts, value[position:]])


def _full(record: Resource, text: str) -> str:
    """The full name of a record: Terraform puts the zone's name behind one that does not end with it.

    What AWS makes up to validate a certificate lies under the name that the certificate is for.
    """
    certificates = [target for target in record.targets("name") if target.type == _CERTIFICATE]
    if certificates and UNKNOWN in text:
        return f"{UNKNOWN}.{filled_in(certificates[0], certificates[0].get('domain_name'))}"
    zone = record.target("zone_id")
    parent = zone.literal("name") if zone is not None else None
    if parent is None or f".{text}".lower().rstrip(".").endswith(f".{parent}".lower().rstrip(".")):
        return text
    return f"{text}.{parent}"


# --- the environment and the region that belong into a name ----------------------------------------------------------


def environment(resource: Resource) -> str | None:
    """The environment that the default tags of its provider name; None if they name none that is known here."""
    provider = resource.provider
    if provider is None:
        return None
    if "_environment" not in provider.__dict__:
        tag = provider.default_tags.get("Environment")
        provider.__dict__["_environment"] = resource.deployment.literal(provider.stack, tag)
    found: str | None = provider.__dict__["_environment"]
    return found


def places(resource: Resource) -> frozenset[str]:
    """The region suffixes that are right for a resource; empty if nobody can tell where it is."""
    if resource.type == _RECORD:
        return _record_places(resource)
    own = _suffixes(resource.region)
    if spans_regions(resource):
        return frozenset({GLOBAL})
    if resource.type.startswith(SPANNING) or _is_dns(resource):
        return own | {GLOBAL} if own else own
    return own


def _record_places(record: Resource) -> frozenset[str]:
    """A record is in no region; its name tells where it leads to."""
    if any(record.block(policy) or record.flag(policy) for policy in _POLICIES):
        return frozenset({GLOBAL})
    leads_to = [
        target
        for attribute in ("alias", "records", "name")
        for target in record.targets(attribute)
        if target.type not in {"aws_route53_zone", _RECORD}
    ]
    regions = {suffix for target in leads_to for suffix in _suffixes(target.region)}
    certified = any(target.type == _CERTIFICATE for target in leads_to)
    if len(regions) == 1 and not certified:
        return frozenset(regions)
    return frozenset(regions or _suffixes(record.region)) | {GLOBAL}


def _suffixes(region: str | None) -> frozenset[str]:
    return frozenset({short(region)}) if region is not None and is_region(region) else frozenset()


def _is_dns(resource: Resource) -> bool:
    named = TABLE.get(resource.type)
    return named is not None and named.is_dns


def region_in(name: Name, suffix: str) -> str | None:
    """What stands where the region belongs: before the environment, or None if there is no such part."""
    if not name.own.endswith(suffix) or name.own[-len(suffix) - 1 : -len(suffix)] not in JOINTS:
        return None
    return re.split(r"[-_./]", name.own[: -len(suffix) - 1])[-1] or None


def labels(name: Name) -> frozenset[str]:
    """The parts of a DNS name, between dots and between hyphens."""
    found = name.own.lower().rstrip(".").split(".")
    return frozenset(found).union(*(_runs(label) for label in found))


def _runs(label: str) -> Iterator[str]:
    """Each run of a label's words: an environment may have hyphens in it."""
    words = label.split("-")
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield "-".join(words[start:end])


def leaves_the_region_out(name: Name, resource: Resource) -> bool:
    """Whether AWS or a standard leaves no place for a region in it; the ``Name`` tag tells it then."""
    return name.described.characters is DNS and resource.type in WITHOUT_REGION


def is_a_protocols(resource: Resource) -> bool:
    """Whether a record has a name that a protocol looks up (``_dmarc``) for the domain that follows.

    https://www.rfc-editor.org/rfc/rfc8552
    """
    found = [label for name in names(resource) for label in name.text.split(".")]
    return resource.type == _RECORD and any(label.startswith("_") for label in found)
