"""The other side: what in one region corresponds to what in the other, and how the two differ."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Final

from policies.model.references import expressions
from policies.model.regions import short

if TYPE_CHECKING:
    from policies.model.deployment import Deployment, Resource, Stack

_MODES: Final = ("resource", "data", "ephemeral")
_CDKTF_HASH = re.compile(r"_[0-9A-F]{8}(?=$|\[)")
_CIDR = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}(?!\d)")
_PLAIN = re.compile(r"\$\{[\w.\-]+\}")
_MARK = re.compile("\ue000([^\ue001]*)\ue001([^\ue002]*)\ue002")
"""A word of a region, and the sign that it is read as."""

_PLACE_IN_VPC = re.compile(r"\{\w+\}-vpc\[[^\]]*\]")
_ZONE_NUMBER = re.compile(r"az\d+$")
_NAMES: Final = (
    "function_name", "alarm_name", "identifier", "cluster_identifier", "replication_group_id", "bucket", "service_name",
    "domain_name", "name", "description",
)  # fmt: skip
"""What AWS calls a resource, in the order in which it is looked for; a description is better than nothing."""

_ROLE_WORDS: Final = {"primary": ("primary",), "secondary": ("secondary", "standby")}
_PLACE: Final = frozenset({"//", "provider", "region", "depends_on"})
"""Attributes that say where a resource is and in which order it is made, not what it is."""

_ABSENT: Final = "nothing"

Key = tuple[str, str]
Zones = tuple[tuple[str, tuple[str, ...]], ...]
Ranges = tuple[tuple[str, tuple[IPv4Network, ...]], ...]
"""By region."""


@dataclass(frozen=True)
class Difference:
    """An attribute in which twins differ, and what it is on either side, as written. ``attribute`` is a dotted path."""

    attribute: str
    here: str
    there: str

    @property
    def top(self) -> str:
        """The attribute or block of the resource that it is in."""
        return self.attribute.partition(".")[0]


class Twins:
    """Pairs of resources of one type, one in either region, that are each other's other side.

    Twins have the same address, AWS name or ``Name`` tag once the words for the two regions (``us-east-1``, ``use1``,
    ``primary``) and their zones are exchanged for *here* and *there*. A multi-Region key and its replica are twins too.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        pair = (deployment.primary, deployment.standby)
        self._views: dict[str, _View] = {}
        if pair[0] and pair[1] and pair[0] != pair[1]:
            zones, ranges = (tuple(each(deployment).items()) for each in (_zones, _ranges))
            for here, there in ((pair[0], pair[1]), (pair[1], pair[0])):
                role = "primary" if here == pair[0] else "secondary"
                self._views[here] = _view(here, there, role, zones, ranges)
        self._twins: dict[Key, Resource] = {}
        self._differences: dict[Key, tuple[Difference, ...]] = {}
        self._words = tuple({word for view in self._views.values() for word in view.words})
        self._same: dict[tuple[int, int, str], bool] = {}
        self._canonical: dict[tuple[int, str, bool, str], str] = {}
        self._tokens: dict[tuple[str, Key], str] = {}
        self.fixed = tuple(_fixed(deployment))
        """What is the same in both regions whatever words are in it: the environment, the project and the domain."""
        fixed = "\n".join(self.fixed)
        self._ambiguous = frozenset(word for view in self._views.values() for word in view.words_in(fixed))
        self._pair()
        self._pair_keys()

    def of(self, resource: Resource) -> Resource | None:
        """The resource's other side; None if there is none, or if nobody can tell which of several it is."""
        return self._twins.get(resource.key)

    def called(self, resource: Resource) -> str:
        """What both twins are called, with ``{here}`` for the region."""
        view = self._views.get(resource.region or "")
        labels = dict(_labels(resource, view)) if view else {}
        return labels.get("name") or labels.get("tag") or labels.get("address") or resource.address

    def differences(self, resource: Resource) -> tuple[Difference, ...]:
        """In what a resource and its twin differ, once each is read from its own region; nothing if it has no twin.

        A reference equals one to the twin of what it refers to, an address range one at the same place in the other
        region's VPC. The order of lists does not count.
        """
        known = self._differences.get(resource.key)
        if known is None:
            twin = self.of(resource)
            known = tuple(self._compared(resource, twin)) if twin else ()
            self._differences[resource.key] = known
            if twin:
                self._differences[twin.key] = tuple(Difference(d.attribute, d.there, d.here) for d in known)
        return known

    def _pair(self) -> None:
        candidates = [r for mode in _MODES for r in self._deployment.blocks_by_mode.get(mode, ())]
        labelled: dict[str, dict[tuple[str, str, str], dict[str, list[Resource]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for resource in candidates:
            view = self._views.get(resource.region or "")
            if view is not None:
                for kind, label in _labels(resource, view):
                    labelled[kind][resource.mode, resource.type, label][view.here].append(resource)
        for kind in ("address", "name", "tag"):
            for by_region in labelled[kind].values():
                free = [[r for r in found if r.key not in self._twins] for found in by_region.values()]
                if len(free) == 2 and len(free[0]) == len(free[1]) == 1:
                    self._marry(free[0][0], free[1][0])

    def _pair_keys(self) -> None:
        for replica in self._deployment.resources("aws_kms_replica_key"):
            key = replica.target("primary_key_arn")
            if key is not None and self._deployment.peer(key.region) == replica.region is not None:
                self._marry(key, replica)

    def _marry(self, one: Resource, other: Resource) -> None:
        self._twins[one.key], self._twins[other.key] = other, one

    def _compared(self, resource: Resource, twin: Resource) -> Iterator[Difference]:
        sides = [self._views[each.region or ""] for each in (resource, twin)]
        here, there = (
            _Reader(self, self._deployment, each.stack, view, self._canonical)
            for each, view in zip((resource, twin), sides, strict=True)
        )
        alike = _Comparison(self._ambiguous)
        for name in sorted({*resource.body, *twin.body} - _PLACE):
            ours, theirs = resource.get(name), twin.get(name)
            if self._plainly_alike(ours, theirs, resource.stack, twin.stack):
                continue
            if here.canonical(ours) != there.canonical(theirs):
                marked = here.canonical(ours, marked=True), there.canonical(theirs, marked=True)
                for attribute, one, other in alike.apart(name, *marked):
                    yield Difference(attribute, sides[0].back(one), sides[1].back(other))

    def _plainly_alike(self, ours: object, theirs: object, here: Stack, there: Stack) -> bool:
        """Whether two values are alike as they are written, as most are: to know it early spares most of the time."""
        if isinstance(ours, dict) and isinstance(theirs, dict):
            return ours.keys() == theirs.keys() and all(
                key == "//" or self._plainly_alike(value, theirs[key], here, there) for key, value in ours.items()
            )
        if isinstance(ours, list) and isinstance(theirs, list):
            return len(ours) == len(theirs) and all(
                self._plainly_alike(one, other, here, there) for one, other in zip(ours, theirs, strict=True)
            )
        if ours != theirs or type(ours) is not type(theirs):
            return False
        return not isinstance(ours, str) or self._means_the_same(ours, here, there)

    def _means_the_same(self, text: str, here: Stack, there: Stack) -> bool:
        """Whether a text that stands on both sides names no region, and refers to twins or to the same from both."""
        key = (id(here), id(there), text)
        known = self._same.get(key)
        if known is None:
            known = not any(map(text.__contains__, self._words))
            if known and "${" in text:
                ours, theirs = (tuple(self._deployment.destinations(stack, text)) for stack in (here, there))
                ends = zip(ours, theirs, strict=False)
                known = len(ours) == len(theirs) and all(
                    self._is_other_side(one, other) for (one, _), (other, _) in ends
                )
            self._same[key] = known
        return known

    def _is_other_side(self, one: Resource, other: Resource) -> bool:
        if one is other and one.key not in self._twins:
            return len({view.label(_address(one)) for view in self._views.values()}) == 1
        return self._twins.get(one.key) is other

    def token(self, target: Resource, view: _View) -> str:
        """What a resource is to one that refers to it from the region of ``view``."""
        key = (view.here, target.key)
        known = self._tokens.get(key)
        if known is None:
            known = self._tokens[key] = self._named(target, view)
        return known

    def _named(self, target: Resource, view: _View) -> str:
        twin = self.of(target)
        if twin is None:
            return view.label(_address(target))
        # Both are called like the one in the primary region, so that they read the same from either side.
        first = target if target.region == self._deployment.primary else twin
        side = "" if target.region == view.here else "{there}:"
        return side + self._views[first.region or ""].label(_address(first)).replace("{here}", "*")


class _View:
    """How texts of one region read once its own words and the other's are exchanged for *here* and *there*."""

    def __init__(
        self,
        here: str,
        there: str,
        role: str,
        zones: Mapping[str, tuple[str, ...]],
        ranges: Mapping[str, tuple[IPv4Network, ...]],
    ) -> None:
        self.here, self.there = here, there
        words: dict[str, str] = {}
        for region, sign in ((there, "{there}"), (here, "{here}")):
            for number, zone in enumerate(zones.get(region, ()), start=1):
                # Of a zone's id, ``use1-az4``, the region is a word by itself.
                bare = _ZONE_NUMBER.search(zone)
                prefix = "" if bare and sign == "{here}" else f"{sign}-"
                words[bare[0] if bare else zone] = f"{prefix}zone-{number}"
            for form in (region, region.replace("-", "_"), region.replace("-", ""), short(region)):
                words[form] = sign
        self.words, self._pattern = words, _alternatives(words)
        other = "secondary" if role == "primary" else "primary"
        roles = dict.fromkeys(_ROLE_WORDS[role], "{here}") | dict.fromkeys(_ROLE_WORDS[other], "{there}")
        letters = {
            zone[len(here) :]: f"zone-{number}"
            for number, zone in enumerate(zones.get(here, ()), start=1)
            if zone.startswith(here)
        }
        self._label_words = {**letters, **roles, **words}
        self._label_pattern = _alternatives(self._label_words)
        self._places: dict[str, str] = {}
        self._ranges = [("{here}", network) for network in ranges.get(here, ())]
        self._ranges += [("{there}", network) for network in ranges.get(there, ())]
        self.label, self.read = lru_cache(8192)(self._label), lru_cache(8192)(self._read)
        self._octets = {str(network).partition(".")[0] + "." for _, network in self._ranges}

    def _label(self, text: str) -> str:
        """A name or an address; words for the role that the region plays count as well."""
        return self._label_pattern.sub(partial(_exchanged, self._label_words), text)

    def _read(self, text: str, *, marked: bool = False) -> str:
        """A value. An address range becomes its place in the VPC that it is a part of; a word may keep a mark."""
        if "/" in text and any(map(text.__contains__, self._octets)):
            text = _CIDR.sub(lambda match: self._placed(match[0]), text)
        # Most texts name no region, and to look for a word is much faster than to match a pattern.
        if any(map(text.__contains__, self.words)):
            text = self._pattern.sub(partial(_marked if marked else _exchanged, self.words), text)
        return text

    def words_in(self, text: str) -> set[str]:
        """The region's words that a text holds."""
        return {match[1] for match in _MARK.finditer(self.read(text, marked=True))}

    def _placed(self, cidr: str) -> str:
        network = _network(cidr)
        for sign, whole in self._ranges if network else ():
            if network and network.subnet_of(whole):
                offset = (int(network.network_address) - int(whole.network_address)) / whole.num_addresses
                place = f"{sign}-vpc[{offset:g}+1/{2 ** (network.prefixlen - whole.prefixlen)}]"
                self._places[place] = cidr
                return place
        return cidr

    def back(self, text: str) -> str:
        """What was read, in the region's own words again, for people."""
        text = _MARK.sub(r"\1", text)
        if "-vpc[" in text:
            text = _PLACE_IN_VPC.sub(lambda match: self._places.get(match[0], match[0]), text)
        return text.replace("{here}", self.here).replace("{there}", self.there)


@lru_cache(maxsize=16)
def _view(here: str, there: str, role: str, zones: Zones, ranges: Ranges) -> _View:
    """The view of a region; deployments that are edits of each other have the same one, and what it has read."""
    return _View(here, there, role, dict(zones), dict(ranges))


class _Reader:
    """Reads the values of one stack from one region."""

    def __init__(
        self,
        twins: Twins,
        deployment: Deployment,
        stack: Stack,
        view: _View,
        known: dict[tuple[int, str, bool, str], str],
    ) -> None:
        self._twins, self._deployment, self._stack, self._view, self._known = twins, deployment, stack, view, known

    def canonical(self, value: object, *, marked: bool = False) -> Any:
        """The value such that twins' are equal: text, or a map or sorted tuple of such.

        Equal but for the marks, if they are asked for: they tell which word was there.
        """
        if value is None:
            return None
        if isinstance(value, str):
            return self._text(value, marked)
        if isinstance(value, dict):
            inner = {
                self._view.read(str(key)): self.canonical(item, marked=marked)
                for key, item in value.items()
                if key != "//"
            }
            return {key: item for key, item in inner.items() if item is not None}
        if isinstance(value, list):
            # A single block may be written with or without the list around it.
            if len(value) == 1 and isinstance(value[0], dict):
                return self.canonical(value[0], marked=marked)
            return tuple(sorted((self.canonical(item, marked=marked) for item in value), key=repr))
        return _scalar(value)

    def _text(self, text: str, marked: bool) -> str:
        key = (id(self._stack), self._view.here, marked, text)
        known = self._known.get(key)
        if known is None:
            known = self._without_expressions(text, marked) if "${" in text else self._view.read(text, marked=marked)
            self._known[key] = known
        return known

    def _without_expressions(self, text: str, marked: bool) -> str:
        parts: list[str] = []
        position = 0
        for start, end in _spans(text):
            parts.append(self._view.read(text[position : start - 2], marked=marked))
            parts.append(self._expression(text[start - 2 : end + 1], marked))
            position = end + 1
        return "".join([*parts, self._view.read(text[position:], marked=marked)])

    def _expression(self, text: str, marked: bool) -> str:
        """What an expression refers to; the functions around it do not count."""
        found = {
            f"{self._twins.token(target, self._view)}.{attribute}"
            for target, attribute in self._deployment.destinations(self._stack, text)
        }
        if found:
            return "<" + " ".join(sorted(found)) + ">"
        literal = self._deployment.literal(self._stack, text)
        return self._view.read(text.replace('"', "'") if literal is None else literal, marked=marked)


class _Comparison:
    """Compares marked canonical values.

    ``ambiguous`` words are in what is the same in both regions anyway, such as an environment called ``use1``: where
    both sides have such a word, it may mean no region.
    """

    def __init__(self, ambiguous: frozenset[str]) -> None:
        self._ambiguous = ambiguous

    def apart(self, path: str, here: Any, there: Any) -> Iterator[tuple[str, str, str]]:
        """Where two values differ, and what is there on either side. A JSON document is looked into."""
        if isinstance(here, str) and isinstance(there, str):
            if self._same(here, there):
                return
            here, there = _opened(here), _opened(there)
        if isinstance(here, dict) and isinstance(there, dict):
            for key in sorted({*here, *there}):
                yield from self.apart(f"{path}.{key}", here.get(key), there.get(key))
        elif isinstance(here, tuple) and isinstance(there, tuple):
            ours, theirs = self._left(here, there), self._left(there, here)
            if ours or theirs:
                yield path, _shown(ours), _shown(theirs)
        elif here != there:
            yield path, _shown(here), _shown(there)

    def _left(self, items: tuple[Any, ...], others: tuple[Any, ...]) -> tuple[Any, ...]:
        """The items that have no counterpart among the others, each of which counts once."""
        free, left = list(others), []
        for item in items:
            counterpart = next((n for n, other in enumerate(free) if not any(self.apart("", item, other))), None)
            if counterpart is None:
                left.append(item)
            else:
                del free[counterpart]
        return tuple(left)

    def _same(self, here: str, there: str) -> bool:
        ours, theirs = _MARK.split(here), _MARK.split(there)
        if len(ours) != len(theirs) or ours[::3] != theirs[::3]:
            return False
        words = zip(ours[1::3], ours[2::3], theirs[1::3], theirs[2::3], strict=True)
        return all(
            sign == other_sign or (word == other and word in self._ambiguous) for word, sign, other, other_sign in words
        )


def _spans(text: str) -> Iterable[tuple[int, int]]:
    """Where the contents of expressions begin and end: most are so plain that nobody has to understand them."""
    plain = [(match.start() + 2, match.end() - 1) for match in _PLAIN.finditer(text)]
    return plain if len(plain) == text.count("${") and "$${" not in text else expressions(text)


def _opened(text: str) -> Any:
    """The content of a JSON document, in canonical form; the text itself if it is none."""
    if text[:1] not in {"{", "["}:
        return text
    try:
        return _ordered(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _ordered(value: object) -> Any:
    if isinstance(value, dict):
        return {_MARK.sub(r"\2", key): _ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(sorted((_ordered(item) for item in value), key=repr))
    return value if isinstance(value, str) else _scalar(value)


def _shown(value: object) -> str:
    """A canonical value for a sentence."""
    if value in (None, (), {}):
        return _ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _labels(resource: Resource, view: _View) -> Iterator[tuple[str, str]]:
    yield "address", view.label(_address(resource))
    for attribute in _NAMES:
        name = resource.body.get(attribute)
        if name and isinstance(name, str) and "${" not in name:
            yield "name", view.label(name)
            break
    tag = resource.map("tags").get("Name")
    if isinstance(tag, str) and "${" not in tag:
        yield "tag", view.label(tag)


def _address(resource: Resource) -> str:
    """The address without the hash that CDKTF makes of a construct path, in which the region may stand."""
    return _CDKTF_HASH.sub("", resource.address)


def _marked(words: Mapping[str, str], match: re.Match[str]) -> str:
    """The sign and the word that it is for."""
    sign = _exchanged(words, match)
    return sign if sign == match[0] else f"\ue000{match[0]}\ue001{sign}\ue002"


def _fixed(deployment: Deployment) -> Iterator[str]:
    """Texts of a deployment that are no region's own."""
    for provider in deployment.blocks_by_mode.get("provider", ()):
        tags = provider.block("default_tags").map("tags")
        yield from (text for name, text in tags.items() if name != "RegionRole" and isinstance(text, str))
    for zone in deployment.resources("aws_route53_zone"):
        yield zone.literal("name") or ""
    for subscription in deployment.resources("aws_sns_topic_subscription"):
        if "@" in (subscription.text("endpoint") or ""):
            yield subscription.text("endpoint") or ""
    names = [record.literal("name") for record in deployment.resources("aws_route53_record")]
    yield _common_domain([name for name in names if name])


def _common_domain(names: list[str]) -> str:
    """What several names end with; a zone that is made elsewhere shows in it."""
    common: list[str] = []
    for labels in zip(*(reversed(name.split(".")) for name in names), strict=False):
        if len(names) < 2 or len(set(labels)) > 1:
            break
        common.append(labels[0])
    return ".".join(reversed(common))


def _zones(deployment: Deployment) -> dict[str, tuple[str, ...]]:
    """By region: the zones of its subnets, in order; the numbers differ from region to region, the order does not."""
    found: dict[str, set[str]] = defaultdict(set)
    for subnet in deployment.resources("aws_subnet"):
        zone = subnet.text("availability_zone_id") or subnet.text("availability_zone")
        if zone and "${" not in zone and subnet.region:
            found[subnet.region].add(zone)
    return {region: tuple(sorted(zones)) for region, zones in found.items()}


def _ranges(deployment: Deployment) -> dict[str, tuple[IPv4Network, ...]]:
    found: dict[str, list[IPv4Network]] = defaultdict(list)
    for vpc in deployment.resources("aws_vpc"):
        network = _network(vpc.literal("cidr_block") or "")
        if network and vpc.region:
            found[vpc.region].append(network)
    return {region: tuple(networks) for region, networks in found.items()}


@lru_cache(maxsize=1024)
def _network(cidr: str) -> IPv4Network | None:
    try:
        return IPv4Network(cidr)
    except ValueError:
        return None


def _alternatives(words: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    return re.compile("(?:" + "|".join(map(re.escape, longest_first)) + r")(?![a-zA-Z0-9])")


def _exchanged(words: Mapping[str, str], match: re.Match[str]) -> str:
    """The sign for a word, unless it is the end of another; the pattern would be slow if it had to look back."""
    start = match.start()
    return match[0] if start and match.string[start - 1].isalnum() else words[match[0]]
