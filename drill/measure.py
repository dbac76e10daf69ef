"""What a record adds up to: recovery times with their parts, what was lost, what was done twice, and the verdict.

Pure: the same record gives the same result. A time is stated twice: as it was measured, and as the platform is
configured, with every compressed part at its full length and as if none of it overlapped with the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from drill.records import ASKED, AT_THE_END, LOST, REDIRECTED, Count, Execution, Record

PHASES: Final = {
    "CheckInput": "confirmation",
    "Fence": "fence, and caches that run out",
    "FindWriter": "promotion of the ledger",
    "BeginEpoch": "the ledger's new epoch",
    "Activate": "consumers",
    "Reconcile": "reconciliation",
    "SendCanary": "canary",
}
"""The state with which a phase of the workflow begins, in their order."""

NO_LOSS, NO_FAILED_PAYMENT, REFUSED, KEPT = "no payment lost", "no payment failed", "refused", "kept by Terraform"
"""What a scenario can promise beside the budgets."""

_BUDGETS = ("ingest_rto", "settlement_rto", "ledger_rpo", "sessions_rpo", "receipts_rpo")
AFTER_A_LOSS = (*_BUDGETS, NO_FAILED_PAYMENT, KEPT)
"""What must hold when a region is gone, with what had not replicated."""

WITHOUT_LOSS = (*_BUDGETS, NO_LOSS, NO_FAILED_PAYMENT, KEPT)
"""What must hold when all that was accepted is still somewhere, or nothing failed at all."""

_OLD = "last success until the loss"


@dataclass(frozen=True)
class Part:
    """A stretch of a recovery. ``outside`` is no part of the sum: the time in which a person decides."""

    name: str
    seconds: float
    factor: float = 1.0
    outside: bool = False

    @property
    def configured(self) -> float:
        """As long as it takes when nothing is compressed."""
        return self.seconds * self.factor


@dataclass(frozen=True)
class Gap:
    """From the last success before an interruption to the first one after it; ``until`` is None if none came."""

    since: float
    until: float | None
    parts: tuple[Part, ...] = ()

    @property
    def recovered(self) -> bool:
        """Whether there was a success again."""
        return self.until is not None

    @property
    def measured(self) -> float:
        """The sum of the parts on the clock."""
        return sum(part.seconds for part in self.parts if not part.outside)

    @property
    def configured(self) -> float:
        """The sum of the parts as they are configured."""
        return sum(part.configured for part in self.parts if not part.outside)


@dataclass(frozen=True)
class Loss:
    """What a store lacked at a moment, and how far back before the loss that reaches."""

    count: Count
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """One promise and what became of it."""

    promise: str
    found: str
    met: bool


@dataclass(frozen=True)
class Result:
    """All that a record says."""

    ingest: Gap
    settlement: Gap
    losses: tuple[Loss, ...]
    doubles: int
    answers: dict[str, int]
    payments: int
    accepted: int
    unanswered: tuple[str, ...]
    counts: bool
    verdicts: tuple[Verdict, ...]

    @property
    def met(self) -> bool:
        """Whether every promise was kept, by a drill that counts."""
        return self.counts and bool(self.verdicts) and all(verdict.met for verdict in self.verdicts)


def measure(record: Record) -> Result:
    """Measure a drill."""
    begun = disturbance(record)
    ingest, settlement = _ingest(record, begun), _settlement(record, begun)
    payments = {attempt.payment for attempt in record.attempts}
    accepted = {attempt.payment for attempt in record.attempts if attempt.accepted}
    lost = record.when(LOST)
    losses = tuple(
        Loss(count, _reaches_back(record, count, begun if lost is None else lost)) for count in record.counts
    )
    unanswered = tuple(sorted(payments - accepted))
    return Result(
        ingest=ingest,
        settlement=settlement,
        losses=losses,
        doubles=sum(record.doubles.values()),
        answers=dict(sorted(Counter(_answer(attempt.status) for attempt in record.attempts).items())),
        payments=len(payments),
        accepted=len(accepted),
        unanswered=unanswered,
        counts=lags_count(record.replication),
        verdicts=tuple(_verdicts(record, ingest, settlement, losses, unanswered)),
    )


def lags_count(replication: dict[str, str]) -> bool:
    """Whether replication was late all the time: a drill in which it was not says nothing about what can be lost.

    An account's lags are its own (no range is known of them): they are real.
    """
    return all(int(range_.partition("-")[0]) > 0 for range_ in replication.values())


def disturbance(record: Record) -> float:
    """When it began: the loss, or the start of what was planned."""
    times = [at for kind in (LOST, ASKED) if (at := record.when(kind)) is not None]
    return min(times, default=record.began)


def interruptions(successes: Iterable[float], failures: Iterable[float], since: float, end: float) -> Iterator[Gap]:
    """The gaps between successes that end after ``since`` and in which something failed; the last may have no end."""
    times, failed = sorted(successes), sorted(failures)
    before = [time for time in times if time <= since]
    edges = [before[-1] if before else since, *(time for time in times if time > since)]
    for left, right in pairwise(edges):
        if any(left < time < right for time in failed):
            yield Gap(left, right)
    if failed and failed[-1] > max(*edges, since):
        yield Gap(edges[-1], None, (Part("no success until the end", end - edges[-1]),))


def _longest(gaps: Iterable[Gap], begun: float) -> Gap:
    """One without an end, or else the longest as configured; without any, one of no length at the beginning."""
    found = list(gaps)
    lasting = [gap for gap in found if not gap.recovered]
    return lasting[0] if lasting else max(found, key=lambda gap: gap.configured, default=Gap(begun, begun))


def _ingest(record: Record, begun: float) -> Gap:
    """Of the webhook: payments accepted."""
    gaps = interruptions(
        (attempt.answered for attempt in record.attempts if attempt.accepted),
        (attempt.answered for attempt in record.attempts if not attempt.accepted),
        begun,
        record.ended,
    )
    return _longest((_ingest_parts(record, gap, begun) for gap in gaps), begun)


def _ingest_parts(record: Record, gap: Gap, begun: float) -> Gap:
    if gap.until is None:
        return gap
    lost = _lost(record, gap.since, gap.until, begun)
    redirected = _after(record, REDIRECTED, lost)
    elsewhere = _elsewhere(record, lost, redirected)
    factor = record.pace.factor
    marks = (
        (_OLD, lost, 1.0, False),
        ("detection by the health checks", redirected, factor, False),
        ("DNS answers that are still kept", elsewhere, factor, False),
        ("until a payment is accepted again", gap.until, 1.0, False),
    )
    return Gap(gap.since, gap.until, tuple(_parts(gap.since, gap.until, marks)))


def _settlement(record: Record, begun: float) -> Gap:
    """Of the ledger: payments settled. Every second without a settlement counts, as long as payments were sent."""
    times = sorted(settled.at for settled in record.settled)
    before = [time for time in times if time <= begun]
    after = [time for time in times if time > begun]
    last_sent = max((attempt.sent for attempt in record.attempts if attempt.number == 1), default=record.ended)
    # Once nothing is sent any more, that nothing is settled says nothing.
    edges = [before[-1] if before else begun, *after[:1], *(time for time in after[1:] if time <= last_sent)]
    execution = _decisive(record)
    if execution is None:
        return Gap(begun, begun)
    if len(edges) == 1:
        return Gap(edges[0], None, (Part("no settlement until the end", record.ended - edges[0]),))
    return _longest((_settlement_parts(record, execution, *gap, begun) for gap in pairwise(edges)), begun)


def _settlement_parts(record: Record, execution: Execution, since: float, until: float, begun: float) -> Gap:
    lost = _lost(record, since, until, begun)
    redirected = _after(record, REDIRECTED, lost)
    seen = redirected if redirected is not None and redirected <= execution.asked else None
    marks = [
        (_OLD, begun, 1.0, False),
        ("a planned move until the loss", lost, 1.0, False),
        ("detection by the health checks", seen, record.pace.factor, False),
        ("decision of the engineer on call", min(each.asked for each in record.executions), 1.0, True),
        ("runs of the workflow that came to nothing", execution.asked, 1.0, False),
        *((name, at, 1.0, False) for name, at in _phases(execution)),
        ("until a payment is settled again", until, 1.0, False),
    ]
    return Gap(since, until, tuple(_parts(since, until, marks)))


def _decisive(record: Record) -> Execution | None:
    """The workflow run that moved the platform: the first that succeeded, else the last one."""
    done = [execution for execution in record.executions if execution.status == "SUCCEEDED"]
    return done[0] if done else (record.executions[-1] if record.executions else None)


def _phases(execution: Execution) -> Iterator[tuple[str, float]]:
    """Each phase that was reached, and its end: the beginning of the next one, or that of the execution."""
    first: dict[str, float] = {}
    for state in execution.states:
        if state.name in PHASES:
            first.setdefault(PHASES[state.name], state.entered)
    ends = [*list(first.values())[1:], execution.ended]
    yield from zip(first, ends, strict=False)  # without a phase there is none to end


def _parts(since: float, until: float, marks: Sequence[tuple[str, float | None, float, bool]]) -> Iterator[Part]:
    """What lies between the marks, each of which ends its part; none reaches beyond the whole."""
    position = since
    for name, mark, factor, outside in marks:
        if mark is None:
            continue
        end = min(max(mark, position), until)
        if end > position:
            yield Part(name, end - position, factor, outside)
        position = end


def _lost(record: Record, since: float, until: float, otherwise: float) -> float:
    """The last loss within an interruption: what came before it was a planned move."""
    return max((e.at for e in record.events if e.kind == LOST and since <= e.at <= until), default=otherwise)


def _after(record: Record, kind: str, since: float) -> float | None:
    return next((event.at for event in record.events if event.kind == kind and event.at >= since), None)


def _elsewhere(record: Record, begun: float, redirected: float | None) -> float | None:
    """The first request that went to another region than the last one before."""
    if redirected is None:
        return None
    before = [attempt.region for attempt in record.attempts if attempt.sent <= begun]
    return next((a.sent for a in record.attempts if a.sent >= redirected and before and a.region != before[-1]), None)


def _reaches_back(record: Record, count: Count, lost: float) -> float:
    """The age, at the loss, of the oldest payment that is missing: what the budget of a recovery point limits."""
    missing = set(count.missing)
    times = [a.answered for a in record.attempts if a.accepted and a.payment in missing and a.answered <= lost]
    return max((lost - time for time in times), default=0.0)


def _answer(status: int) -> str:
    return str(status) if status else "no answer"


def _verdicts(
    record: Record, ingest: Gap, settlement: Gap, losses: Sequence[Loss], unanswered: Sequence[str]
) -> Iterator[Verdict]:
    if record.stopped:
        yield Verdict("the drill goes on to its end", record.stopped, met=False)
    for promise in record.judged:
        if promise in ("ingest_rto", "settlement_rto"):
            gap = ingest if promise == "ingest_rto" else settlement
            yield _time(promise, gap, record.budgets[promise])
        elif promise.endswith("_rpo"):
            store = promise.removesuffix("_rpo")
            yield from (_point(loss, record.budgets[promise]) for loss in losses if loss.count.store == store)
        elif promise == NO_LOSS:
            final = sum(len(loss.count.missing) for loss in losses if loss.count.moment == AT_THE_END)
            yield Verdict("no accepted payment is lost in the end", f"{final} missing", final == 0)
        elif promise == NO_FAILED_PAYMENT:
            yield Verdict(
                "every payment is accepted, after retries at the latest",
                f"{len(unanswered)} never were",
                not unanswered,
            )
        elif promise == KEPT:
            yield _kept(record)
        elif promise.startswith(REFUSED):
            yield _refusal(record, promise.removeprefix(REFUSED).strip())
    doubles = sum(record.doubles.values())
    yield Verdict("nothing is done twice", f"{doubles} doubles", doubles == 0)


def _time(promise: str, gap: Gap, budget: float) -> Verdict:
    name = promise.removesuffix("_rto")
    if not gap.recovered:
        return Verdict(f"{name} recovers within {budget:g} s", "it did not recover", met=False)
    found = f"{gap.configured:.1f} s as configured"
    found += f" ({gap.measured:.1f} s in the drill)" if gap.configured != gap.measured else ""
    return Verdict(f"{name} recovers within {budget:g} s", found, gap.configured <= budget)


def _point(loss: Loss, budget: float) -> Verdict:
    count = loss.count
    found = f"{len(count.missing)} of {count.accepted} missing, {loss.seconds:.2f} s back"
    return Verdict(f"{count.store} {count.moment}: at most {budget:g} s lost", found, loss.seconds <= budget)


def _kept(record: Record) -> Verdict:
    changed = [stack for stack, changes in record.plans.items() if changes]
    found = "it was not asked" if not record.plans else f"it would change {', '.join(changed) or 'nothing'}"
    return Verdict("Terraform would not undo the move", found, bool(record.plans) and not changed)


def _refusal(record: Record, error: str) -> Verdict:
    last = record.executions[-1] if record.executions else None
    found = "it was never started" if last is None else f"{last.status} {last.error}".strip()
    return Verdict(f"the workflow refuses: {error}", found, last is not None and last.error == error)
