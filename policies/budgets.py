"""Recovery objectives as sums: what the configuration adds up to in the worst case, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Term:
    """One part of a sum, and the attribute or the page that its seconds come from."""

    label: str
    seconds: float
    origin: str


@dataclass(frozen=True)
class Sum:
    """A promise's worst case. ``outside`` are named terms that do not count, such as the time a person needs."""

    promise: str
    objective: Literal["RTO", "RPO"]
    budget_seconds: float
    terms: tuple[Term, ...]
    outside: tuple[Term, ...] = ()

    @property
    def seconds(self) -> float:
        """What the terms add up to."""
        return sum(term.seconds for term in self.terms)

    @property
    def within_budget(self) -> bool:
        """Whether the promise holds."""
        return self.seconds <= self.budget_seconds
