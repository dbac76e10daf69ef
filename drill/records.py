"""What a drill has seen: facts with times, from which everything in the report is computed.

All times are Unix seconds. A record is written to JSON as it is, so that an old drill can be measured anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

SUBJECTS: Final = ("ledger", "sessions", "receipts")
"""The stores that hold a payment."""

LOST, RESTORED, REDIRECTED, ASKED, ENDED, NOTE = "lost", "restored", "redirected", "asked", "ended", "note"
"""Kinds of events: something was taken, or given back; the name led elsewhere; a workflow was started, and ended."""

AT_LOSS, RECONCILED, AT_THE_END = "at the loss", "after reconciliation", "at the end"
"""When the stores were counted."""


@dataclass(frozen=True)
class Attempt:
    """One request of the payment provider, and what came back; status 0 is no answer."""

    sent: float
    seconds: float
    payment: str
    number: int
    region: str
    status: int
    problem: str = ""

    @property
    def answered(self) -> float:
        """When it was over."""
        return self.sent + self.seconds

    @property
    def accepted(self) -> bool:
        """Whether the platform has said that the payment is durable."""
        return self.status == 202


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    at: float
    kind: str
    text: str
    region: str = ""


@dataclass(frozen=True)
class State:
    """A state of a workflow's execution, from entering it to leaving it."""

    name: str
    entered: float
    left: float


@dataclass(frozen=True)
class Execution:
    """A run of the failover workflow."""

    arn: str
    region: str
    mode: str
    asked: float
    ended: float
    status: str
    error: str
    cause: str
    states: tuple[State, ...]


@dataclass(frozen=True)
class Settled:
    """A payment in the ledger."""

    payment: str
    region: str
    epoch: int
    at: float


@dataclass(frozen=True)
class Count:
    """Which of the accepted payments a store in one region lacked at a moment."""

    moment: str
    at: float
    store: str
    region: str
    accepted: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Pace:
    """What was compressed: health checks and the TTL of DNS answers, and nothing else. Factor 1 is real time."""

    factor: float = 1.0
    compressed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """A whole drill."""

    scenario: str
    title: str
    target: str
    suffix: str
    began: float
    ended: float
    budgets: dict[str, float]
    judged: tuple[str, ...]
    pace: Pace = Pace()
    replication: dict[str, str] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()
    executions: tuple[Execution, ...] = ()
    settled: tuple[Settled, ...] = ()
    counts: tuple[Count, ...] = ()
    doubles: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    """Why it did not go on to its end; empty if it did."""
    plans: dict[str, bool] = field(default_factory=dict)
    """Of each stack that was planned after the move: whether Terraform would change something."""

    def when(self, kind: str) -> float | None:
        """The first time that something of a kind happened."""
        return next((event.at for event in self.events if event.kind == kind), None)


def save(record: Record, path: Path) -> None:
    """Write a record as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def load(path: Path) -> Record:
    """Read what :func:`save` has written."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))

    def each(name: str, kind: Any) -> tuple[Any, ...]:
        return tuple(kind(**values) for values in found.pop(name))

    executions = tuple(
        Execution(**{**values, "states": tuple(State(**state) for state in values["states"])})
        for values in found.pop("executions")
    )
    counts = tuple(Count(**{**values, "missing": tuple(values["missing"])}) for values in found.pop("counts"))
    pace = found.pop("pace")
    return Record(
        pace=Pace(pace["factor"], tuple(pace["compressed"])),
        judged=tuple(found.pop("judged")),
        attempts=each("attempts", Attempt),
        events=each("events", Event),
        settled=each("settled", Settled),
        executions=executions,
        counts=counts,
        **found,
    )
