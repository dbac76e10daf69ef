"""The drill in the terminal: a timeline as it happens, and the result in the end."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from deployment.console import say, table
from drill.measure import Gap, Result
from drill.records import NOTE, Attempt, Event, Record

HEARTBEAT_SECONDS = 5.0


class Timeline:
    """Prints what happens with the seconds since the drill began."""

    def __init__(self, began: float) -> None:
        self._began = began

    def tell(self, event: Event) -> None:
        """One line."""
        mark = " " if event.kind == NOTE else "*"
        say(f"{event.at - self._began:>7.1f} s {mark} {event.text}")

    @contextlib.contextmanager
    def following(self, attempts: Sequence[Attempt]) -> Iterator[None]:
        """Say every few seconds what the clients were answered in the meantime."""
        over = threading.Event()

        def follow() -> None:
            told = 0
            while not over.wait(HEARTBEAT_SECONDS):
                some = attempts[told:]
                told += len(some)
                if some:
                    self.tell(Event(some[-1].answered, NOTE, f"  clients: {answers(some)}"))

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def answers(attempts: Sequence[Attempt]) -> str:
    """How often each answer was given, by the region that gave it."""
    counted = Counter(
        f"{attempt.status or 'no answer'} {('from ' + attempt.region) if attempt.region else ''}".strip()
        for attempt in attempts
    )
    return ", ".join(f"{number} x {answer}" for answer, number in counted.most_common())


def result(record: Record, found: Result) -> str:
    """Everything that was measured, and the verdict."""
    lines = ["", f"== {record.title}"]
    for name, gap in (("ingest", found.ingest), ("settlement", found.settlement)):
        lines += [f"\nRTO of {name}: {_gap(gap)}", *_parts(gap)]
    if found.losses:
        rows = [
            (
                loss.count.moment,
                loss.count.store,
                loss.count.region,
                f"{len(loss.count.missing)} of {loss.count.accepted}",
                f"{loss.seconds:.2f} s",
            )
            for loss in found.losses
        ]
        lines += [
            "\nAccepted payments that are missing",
            table(("when", "store", "in", "missing", "reaches back"), rows),
        ]
    for execution in record.executions:
        times = ", ".join(f"{state.name} {state.left - state.entered:.1f}" for state in execution.states)
        lines += [f"\n{execution.mode} in {execution.region}, {execution.ended - execution.asked:.1f} s: {times}"]
    seen = ", ".join(f"{number} x {answer}" for answer, number in found.answers.items())
    lines += [f"\nClients: {found.payments} payments, {found.accepted} accepted; answers {seen}"]
    if record.pace.compressed:
        lines += [f"Compressed {record.pace.factor:g} times: {' and '.join(record.pace.compressed)}; nothing else."]
    lines += [
        "",
        table(("promise", "kept", "found"), [(v.promise, "yes" if v.met else "NO", v.found) for v in found.verdicts]),
    ]
    if not found.counts:
        lines += ["\nThis drill does not count: replication had no lag."]
    lines += ["", "Every promise was kept." if found.met else "NOT EVERY PROMISE WAS KEPT."]
    return "\n".join(lines)


def _gap(gap: Gap) -> str:
    if not gap.recovered:
        return "it did not recover"
    if not gap.parts:
        return "no interruption"
    return f"{gap.configured:.1f} s as configured, {gap.measured:.1f} s in the drill"


def _parts(gap: Gap) -> Iterator[str]:
    for part in gap.parts:
        note = " (outside the sum)" if part.outside else ""
        times = (
            f"{part.configured:>7.1f} s  {part.seconds:>7.1f} s in the drill"
            if part.factor != 1
            else f"{part.seconds:>7.1f} s"
        )
        yield f"  {part.name:<36}{times}{note}"
