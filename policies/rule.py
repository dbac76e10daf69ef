"""What a rule is: a promise about one kind of resource, with everything that people have to know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from policies.model.deployment import Deployment, Resource
from policies.mutation import Mutation

Check = Callable[[Resource], Iterator[str]]
Example = Mapping[str, Mapping[str, Any]]
"""Resource bodies by type and name, in a deployment of two regions with the providers ``aws.use1`` (primary, where a
body names none) and ``aws.usw2`` (secondary). A type may be ``data.…``, ``output`` or ``backend``."""

ANY: Final = "*"


class Severity(StrEnum):
    """How bad it is when the promise is broken."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def _always(_: Resource) -> bool:
    return True


@dataclass(frozen=True)
class Kind:
    """The resources that a rule judges: those of some types (``*`` for any), if ``where`` says so.

    ``modes`` are those of the model: ``resource``, ``data``, ``ephemeral``, ``provider``, ``backend`` or ``stack``. The
    judge asks the rule about each member, so that none can be forgotten.
    """

    types: tuple[str, ...]
    where: Callable[[Resource], bool] = _always
    modes: tuple[str, ...] = ("resource",)

    def members(self, deployment: Deployment) -> list[Resource]:
        """The resources of this kind in a deployment; found once, because many rules judge the same kind."""
        known: dict[Kind, list[Resource]] = deployment.__dict__.setdefault("_members", {})
        if self not in known:
            known[self] = self._found(deployment)
        return list(known[self])

    def _found(self, deployment: Deployment) -> list[Resource]:
        found: list[Resource] = []
        for mode in self.modes:
            if mode == "resource" and ANY not in self.types:
                found += deployment.resources(*self.types)
            else:
                blocks = deployment.blocks_by_mode.get(mode, ())
                found += [block for block in blocks if ANY in self.types or block.type in self.types]
        return [block for block in found if self.where(block)]


def kind(
    *types: str, where: Callable[[Resource], bool] = _always, mode: str = "resource", modes: Sequence[str] = ()
) -> Kind:
    """All resources of ``types`` for which ``where`` holds; of one mode, or of several."""
    return Kind(types, where, tuple(modes) or (mode,))


@dataclass(frozen=True)
class Rule:
    """A promise, and what people need to know to judge it."""

    id: str
    title: str
    """The promise, as a sentence about the resource."""
    risk: str
    """What can happen if it is broken."""
    remediation: str
    severity: Severity
    controls: tuple[str, ...]
    """``PCI-DSS-4.0:…``, ``NIST-800-53:…`` and ``WA-REL:…``: what an auditor would file it under."""
    judges: Kind
    check: Check
    passes: tuple[Example, ...]
    fails: tuple[Example, ...]
    mutations: tuple[Mutation, ...]
    waivable: bool = True
    module: str = field(default="", compare=False)

    @property
    def family(self) -> str:
        """The folder that it lives in: ``health``, ``names``, …."""
        return self.module.split(".")[-2]


def rule(
    *,
    id: str,  # noqa: A002  # it is called that in every scanner
    title: str,
    risk: str,
    remediation: str,
    severity: Severity,
    controls: Sequence[str],
    judges: Kind,
    passes: Sequence[Example],
    fails: Sequence[Example],
    mutations: Sequence[Mutation],
    waivable: bool = True,
) -> Callable[[Check], Rule]:
    """Make a rule of a function that yields, for a resource, one sentence for each thing that is wrong with it.

    The function must not raise and must not answer "fine" to what it cannot decide: an unresolved reference where a
    value is needed is a finding.
    """

    def make(check: Check) -> Rule:
        return Rule(
            id=id,
            title=title,
            risk=risk,
            remediation=remediation,
            severity=severity,
            controls=tuple(controls),
            judges=judges,
            check=check,
            passes=tuple(passes),
            fails=tuple(fails),
            mutations=tuple(mutations),
            waivable=waivable,
            module=check.__module__,
        )

    return make
