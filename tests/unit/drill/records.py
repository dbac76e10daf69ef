"""Records made by hand, in which every time is known."""

from __future__ import annotations

from typing import Any

from drill.records import AT_LOSS, LOST, REDIRECTED, Attempt, Count, Event, Execution, Pace, Record, Settled, State

EAST, WEST = "us-east-1", "us-west-2"
BUDGETS = {
    "ingest_rto": 300.0,
    "settlement_rto": 900.0,
    "ledger_rpo": 60.0,
    "sessions_rpo": 60.0,
    "receipts_rpo": 900.0,
}
LAGS = {"dynamodb": "50-500", "s3": "200-2000", "aurora": "20-200"}
RTO = ("ingest_rto", "settlement_rto")


def attempt(at: float, status: int = 202, *, region: str = EAST, payment: str = "", number: int = 1) -> Attempt:
    """An attempt that took no time."""
    return Attempt(at, 0.0, payment or f"p{at:g}", number, region, status)


def execution(*states: tuple[str, float, float], status: str = "SUCCEEDED", error: str = "") -> Execution:
    """A failover to the west."""
    entered = tuple(State(*state) for state in states)
    ended = entered[-1].left if entered else 0.0
    return Execution("arn", WEST, "failover", entered[0].entered if entered else 0.0, ended, status, error, "", entered)


def record(**changes: Any) -> Record:
    """A drill of a minute in which nothing happened."""
    values: dict[str, Any] = {
        "scenario": "by-hand",
        "title": "Made by hand",
        "target": "embedded",
        "suffix": "test",
        "began": 0.0,
        "ended": 60.0,
        "budgets": BUDGETS,
        "judged": RTO,
        "replication": LAGS,
        "doubles": {"ledger": 0, "receipts": 0},
    }
    return Record(**{**values, **changes})


def region_lost(**changes: Any) -> Record:
    """The east is lost at 10, the name leads west at 19, clients follow at 22, the west settles from 40 on.

    A payment is sent each second. What health checks take (9 s) and what clients keep (3 s) is compressed ten times.
    """
    values: dict[str, Any] = {
        "pace": Pace(10.0, ("the health checks' interval", "the TTL of DNS answers")),
        "attempts": (
            *(attempt(float(second)) for second in range(10)),
            *(attempt(float(second), 0, payment="p10", number=second - 9) for second in range(10, 22)),
            *(attempt(float(second), region=WEST) for second in range(22, 60)),
        ),
        "events": (
            Event(10.0, LOST, "lost", EAST),
            Event(19.0, REDIRECTED, "west", WEST),
        ),
        "executions": (
            execution(
                ("CheckInput", 21.0, 26.0),
                ("Fence", 26.0, 30.0),
                ("FindWriter", 30.0, 36.0),
                ("BeginEpoch", 36.0, 37.0),
                ("Activate", 37.0, 50.0),
            ),
        ),
        "settled": (
            *(Settled(f"p{second}", EAST, 1, float(second)) for second in range(10)),
            *(Settled(f"p{second}", WEST, 2, float(second)) for second in range(40, 60)),
        ),
        "counts": (Count(AT_LOSS, 10.0, "ledger", WEST, 10, ("p8", "p9")),),
    }
    return record(**{**values, **changes})
