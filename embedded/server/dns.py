"""Answers name queries as Route 53 does, from hosted zones and records, and the status of health checks.

Failover and weighted records, alias targets and their health. Other routing policies are refused: nothing here is
deployed with them.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
"""A record set in the form of Route 53's API."""

ALIAS_TTL = 60
"""Of answers that an alias leads to an AWS resource for.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html
"""

_NOT_MODELLED = ("Region", "GeoLocation", "MultiValueAnswer", "CidrRoutingConfig", "GeoProximityLocation")
_REGION = re.compile(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d)(?:\.|$)")
_DEEPEST = 8


class NoAnswerError(LookupError):
    """The name has no such record, or one that cannot be answered here; the message says which."""


@dataclass(frozen=True)
class Answer:
    """Where a name leads now, and for how many seconds a resolver may keep that."""

    name: str
    targets: tuple[str, ...]
    ttl: int
    region: str | None
    """The region of the target; None if its name does not tell."""

    chain: tuple[str, ...] = field(default=())
    """The names and set identifiers on the way."""


@dataclass(frozen=True)
class Resolver:
    """Zones' records by zone name, and what is known of the checks.

    ``healthy`` tells a check's status, ``target_healthy`` that of an AWS resource by its name, and ``choose`` takes
    one of several records by their weights.
    """

    zones: Mapping[str, Sequence[Record]]
    healthy: Callable[[str], bool]
    target_healthy: Callable[[str], bool]
    choose: Callable[[Sequence[int]], int]

    def resolve(self, name: str, kind: str = "A") -> Answer:
        """Answer a query. Raises NoAnswerError."""
        return self._follow(_absolute(name), kind, ())

    def _follow(self, name: str, kind: str, chain: tuple[str, ...]) -> Answer:
        records = list(self._records(name, kind)) or list(self._records(name, "CNAME"))
        if not records:
            raise NoAnswerError(f"no {kind} record for {name}")
        if len(chain) > _DEEPEST:
            raise NoAnswerError(f"{name}: the records lead in a circle")
        record = self._chosen(records)
        chain = (*chain, f"{name}{record.get('SetIdentifier', '')}")
        alias = record.get("AliasTarget")
        if alias is None:
            values = tuple(record["ResourceRecords"])
            ttl = int(record["TTL"])
            if record["Type"] == "CNAME" and kind != "CNAME" and self._zone(_absolute(values[0])) is not None:
                further = self._follow(_absolute(values[0]), kind, chain)
                return Answer(name, further.targets, min(ttl, further.ttl), further.region, further.chain)
            return Answer(name, values, ttl, _region_of(values[0]), chain)
        target = _absolute(alias["DNSName"])
        if self._zone(target) is not None:  # a record of ours has a TTL of its own
            further = self._follow(target, kind, chain)
            return Answer(name, further.targets, further.ttl, further.region, further.chain)
        return Answer(name, (target.rstrip("."),), ALIAS_TTL, _region_of(target), chain)

    def _records(self, name: str, kind: str) -> Iterator[Record]:
        zone = self._zone(name)
        for record in self.zones[zone] if zone is not None else ():
            if record["Name"] == name and record["Type"] == kind:
                yield record

    def _zone(self, name: str) -> str | None:
        """The zone that answers for a name: the longest that it ends with."""
        return max((zone for zone in self.zones if f".{name}".endswith(f".{zone}")), key=len, default=None)

    def _chosen(self, records: Sequence[Record]) -> Record:
        policies = [name for name in _NOT_MODELLED if name in records[0]]
        if policies:
            raise NoAnswerError(f"{records[0]['Name']}: routing by {policies[0]} is not modelled")
        if "Failover" in records[0]:
            return self._by_role(records)
        if "Weight" in records[0]:
            return self._by_weight(records)
        return records[0]  # a single record is the answer whatever its check says

    def _by_role(self, records: Sequence[Record]) -> Record:
        """The primary while it is healthy, then the secondary while that is; with neither, the primary again."""
        by_role = {record["Failover"]: record for record in records}
        primary, secondary = by_role.get("PRIMARY"), by_role.get("SECONDARY")
        if primary is None or secondary is None:
            return records[0]
        return secondary if not self._is_healthy(primary) and self._is_healthy(secondary) else primary

    def _by_weight(self, records: Sequence[Record]) -> Record:
        """By weight among the healthy; those of weight 0 only if no other is; without a healthy one, among all."""
        weighted = [record for record in records if record["Weight"] > 0]
        idle = [record for record in records if record["Weight"] == 0]
        candidates = (
            [record for record in weighted if self._is_healthy(record)]
            or [record for record in idle if self._is_healthy(record)]
            or weighted
            or idle
        )
        # Weights that are all zero give every record the same chance.
        return candidates[self.choose([record["Weight"] or 1 for record in candidates])]

    def _is_healthy(self, record: Record) -> bool:
        """A record without a check and without a judgement of its target is always healthy."""
        check, alias = record.get("HealthCheckId"), record.get("AliasTarget")
        if check and not self.healthy(check):
            return False
        if alias is None or not alias["EvaluateTargetHealth"]:
            return True
        target = _absolute(alias["DNSName"])
        ours = list(self._records(target, record["Type"]))
        return any(self._is_healthy(each) for each in ours) if ours else self.target_healthy(target.rstrip("."))


def _absolute(name: str) -> str:
    return name.lower().rstrip(".") + "."


def _region_of(target: str) -> str | None:
    found = _REGION.search(target)
    return found[1] if found else None
