"""Recovery objectives as sums: what the configuration adds up to in the worst case, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Term:
    """One part of a sum, and the attribute or the page that its seconds come from.

    ``seconds`` is None if nothing in the configuration says how long it takes.
    """

    label: str
    seconds: float | None
    origin: str

    @property
    def shown(self) -> str:
        """The seconds for people: ``90 s``, or ``unknown``."""
        return "unknown" if self.seconds is None else f"{self.seconds:g} s"


@dataclass(frozen=True)
class Sum:
    """A promise's worst case for one ``subject`` (a construct path).

    ``outside`` are named terms that do not count, such as the time a person needs.
    """

    promise: str
    objective: Literal["RTO", "RPO"]
    budget_seconds: float
    terms: tuple[Term, ...]
    outside: tuple[Term, ...] = ()
    subject: str = ""

    @property
    def seconds(self) -> float:
        """What the known terms add up to."""
        return sum(term.seconds for term in self.terms if term.seconds is not None)

    @property
    def complete(self) -> bool:
        """Whether every term is known; what is not cannot be promised."""
        return bool(self.terms) and all(term.seconds is not None for term in self.terms)

    @property
    def within_budget(self) -> bool:
        """Whether the promise holds."""
        return self.complete and self.seconds <= self.budget_seconds

    def __str__(self) -> str:
        """The whole sum as a sentence."""
        parts = " + ".join(f"{term.shown} {term.label}" for term in self.terms) or "nothing is known"
        total = f"{self.seconds:g} s" if self.complete else f"more than {self.seconds:g} s"
        return f"{self.promise} {self.objective}: {parts} = {total}; the budget is {self.budget_seconds:g} s"
