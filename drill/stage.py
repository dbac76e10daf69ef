"""A drill while it runs: traffic, what has happened so far, and what must be given back whatever happens."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

from deployment import payment
from drill import stores
from drill.deployed import POLL_SECONDS, Control, Deployed, EmbeddedName, NotReadyError, PublicName, until
from drill.records import (
    ASKED,
    AT_LOSS,
    AT_THE_END,
    ENDED,
    LOST,
    NOTE,
    RECONCILED,
    REDIRECTED,
    RESTORED,
    Attempt,
    Count,
    Event,
    Execution,
    Settled,
)
from drill.traffic import Traffic
from embedded import control

EXECUTION_SECONDS: Final = 540
"""The workflow ends by itself before that."""

DRAIN_SECONDS: Final = 60
SETTLED_SECONDS: Final = 180
HEALTHY_SECONDS: Final = 120
REDIRECTED_SECONDS: Final = 300


class Stage:
    """What the steps of a scenario work on. ``old`` is the region that is active at first, ``new`` the other one."""

    def __init__(
        self,
        deployed: Deployed,
        name: EmbeddedName | PublicName,
        *,
        run: str,
        rate: float,
        tell: Callable[[Event], None],
    ) -> None:
        self.deployed, self.run = deployed, run
        self._tell = tell
        self._rate = rate
        self.name = name
        self.ledger = stores.ledger(deployed)
        self.old = self.new = self.leads_to = ""
        self.lost: set[str] = set()
        self.attempts: list[Attempt] = []
        self.events: list[Event] = []
        self.counts: list[Count] = []
        self.settled: list[Settled] = []
        self.doubles: dict[str, int] = {}
        self.executions: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        key = payment.signing_key(dict(deployed.shared))
        self.traffic = Traffic(self.name, key, rate=rate, run=run, seen=self._seen)

    # What happens

    def tell(self, kind: str, text: str, region: str = "") -> None:
        """Something has happened: it goes into the record, and to the terminal at once."""
        event = Event(time.time(), kind, text, region)
        with self._lock:
            self.events.append(event)
        self._tell(event)

    def began(self, kind: str) -> bool:
        """Whether something of a kind has happened."""
        with self._lock:
            return any(event.kind == kind for event in self.events)

    def _seen(self, attempt: Attempt) -> None:
        with self._lock:
            self.attempts.append(attempt)

    def _watch(self) -> None:
        """Notice where the name leads, and say so when that changes."""
        while not self._over.wait(POLL_SECONDS):
            try:
                region, _ = self.name.answer()
            except (OSError, control.ControlError):
                continue
            if region and region != self.leads_to:
                self.leads_to = region
                self.tell(REDIRECTED, f"the name leads to {region}", region)

    # The course of a drill

    def open(self, active: str) -> None:
        """Begin with the region that is active, under load."""
        self.old, self.new, self.leads_to = active, self.deployed.peer(active), active
        self.traffic.start()
        self._watcher.start()
        self.tell(NOTE, f"{self._rate:g} payments a second to {self.deployed.shared['failover_name']}", self.old)

    def close(self) -> None:
        """End the traffic at once, and give back what was taken; may be called twice."""
        self._over.set()
        self.traffic.stop()
        self.give_back()

    def give_back(self) -> None:
        """Give back everything that was taken."""
        for region in tuple(self.lost):
            self.restore(region)

    def finish(self) -> None:
        """Send nothing new, wait until all is accepted and settled, and count."""
        if not self.traffic.finish(DRAIN_SECONDS):
            self.tell(NOTE, f"not every payment was accepted within {DRAIN_SECONDS} s of the last one")
        active = self.deployed.control(self._alive()).active or self._alive()
        until(lambda: not self._missing(active)["ledger"], within=SETTLED_SECONDS, pause=1.0)
        self.count(AT_THE_END, active)
        ids = sorted(self._accepted())
        self.settled = self.ledger.settled(active, ids)
        held = stores.receipts(self.deployed, active, self.run)
        self.doubles = {
            "ledger": len(self.settled) - len({settled.payment for settled in self.settled}),
            "conflicts": self.ledger.conflicts(active, self.run),
            "receipts": sum(number - 1 for number in held.values()),
        }

    def count(self, moment: str, region: str) -> None:
        """Which accepted payments each store of a region lacks now."""
        accepted = self._accepted() if moment != RECONCILED else self._accepted(before=self._disturbed())
        for store, missing in self._missing(region, accepted).items():
            self.counts.append(Count(moment, time.time(), store, region, len(accepted), tuple(sorted(missing))))
        found = ", ".join(f"{len(c.missing)} from {c.store}" for c in self.counts if c.moment == moment)
        self.tell(NOTE, f"{moment}, {region} lacks of {len(accepted)} accepted payments: {found}", region)

    def _accepted(self, *, before: float = math.inf) -> set[str]:
        with self._lock:
            return {each.payment for each in self.attempts if each.accepted and each.answered <= before}

    def _disturbed(self) -> float:
        """When the first thing was lost or asked for: payments accepted later are no matter of reconciliation."""
        return next((event.at for event in self.events if event.kind in (LOST, ASKED)), math.inf)

    def _missing(self, region: str, accepted: set[str] | None = None) -> dict[str, set[str]]:
        wanted = self._accepted() if accepted is None else accepted
        ids = sorted(wanted)
        return {
            "sessions": wanted - {item["payment_id"]["S"] for item in stores.items(self.deployed, region, ids)},
            "ledger": wanted - {settled.payment for settled in self.ledger.settled(region, ids)},
            "receipts": wanted - set(stores.receipts(self.deployed, region, self.run)),
        }

    # What can be taken away, and given back

    def take(self, region: str, what: str, take: Callable[[], None]) -> None:
        """Take something of a region away, and count at once what the other one has."""
        self.lost.add(region)
        take()
        self.tell(LOST, what, region)
        self.count(AT_LOSS, self.deployed.peer(region))

    def restore(self, region: str) -> None:
        """Give a region back, whatever was taken of it."""
        control.restore(self.deployed.endpoint, region)
        control.start_database(self.deployed.endpoint, region)
        self.lost.discard(region)
        self.tell(RESTORED, f"{region} is back", region)

    # The workflow

    def start(self, region: str, mode: str, reason: str, *, force: bool = False) -> None:
        """Start a region's workflow."""
        arn = self.deployed.start(region, mode, reason, force=force)
        self.executions.append((region, arn, mode))
        self.tell(ASKED, f"{mode} started in {region}: {reason}", region)

    def wait_for_workflow(self) -> Execution:
        """Follow the last one that was started to its end, state by state."""
        region, arn, mode = self.executions[-1]
        told = 0
        deadline = time.monotonic() + EXECUTION_SECONDS
        while True:
            running = self.deployed.status(region, arn) == "RUNNING"
            entered = self.deployed.states(region, arn)
            for state in entered[told:]:
                self.tell(NOTE, f"  {state}", region)
            told = len(entered)
            if not running or time.monotonic() > deadline:
                break
            time.sleep(1.0)
        execution = self.deployed.execution(region, arn, mode)
        end = f"{execution.status} {execution.error}".strip()
        self.tell(ENDED, f"{mode} in {region}: {end}", region)
        return execution

    def workflow_reaches(self, state: str) -> None:
        """Wait until the last one that was started has entered a state, or ended without it."""
        region, arn, _ = self.executions[-1]
        deployed = self.deployed
        until(
            lambda: state in deployed.states(region, arn) or deployed.status(region, arn) != "RUNNING",
            within=EXECUTION_SECONDS,
        )

    def kill_workflow(self, state: str) -> None:
        """Stop the last one that was started as soon as it has reached a state, or ended without it."""
        region, arn, mode = self.executions[-1]
        deployed = self.deployed
        self.workflow_reaches(state)
        deployed.client("stepfunctions", region).stop_execution(executionArn=arn, error="Drill", cause="killed")
        self.tell(ENDED, f"{mode} in {region} was killed at {state}", region)

    def _alive(self) -> str:
        return next(region for region in (self.new, self.old) if region not in self.lost)


def ready(deployed: Deployed, name: EmbeddedName | PublicName, wanted: str, tell: Callable[[str], None]) -> Control:
    """Bring the platform to where a drill begins: both regions healthy, ``wanted`` active, nothing under way.

    Raises:
        NotReadyError: it could not be brought there.
    """
    for region in deployed.hosts:
        _whole(deployed, region, tell)
        _idle(deployed, region)
    found = deployed.control(wanted)
    if found.transition:
        region, mode = found.transition["region"], found.transition["mode"]
        tell(f"a {mode} to {region} was left unfinished: finishing it")
        _run(deployed, region, mode)
    for region, state in deployed.control(wanted).states.items():
        if state == "fenced":
            tell(f"{region} is fenced: it rejoins")
            _run(deployed, region, "rejoin")
    if deployed.control(wanted).active != wanted:
        tell(f"the drill begins in {wanted}: switchover")
        _run(deployed, wanted, "switchover")
    for region in deployed.hosts:
        _healthy(deployed, region)
    if not until(lambda: name.answer()[0] == wanted, within=REDIRECTED_SECONDS):
        raise NotReadyError(f"The name does not lead to {wanted}; look at the health checks.")
    return deployed.control(wanted)


def _idle(deployed: Deployed, region: str) -> None:
    if not until(lambda: not deployed.running(region), within=EXECUTION_SECONDS, pause=1.0):
        raise NotReadyError(f"A workflow in {region} does not end; look at its executions.")


def _healthy(deployed: Deployed, region: str) -> None:
    if not until(lambda: deployed.healthy(region), within=HEALTHY_SECONDS):
        raise NotReadyError(f"{region} does not answer as healthy; look at /health/live and /health/database there.")


def _whole(deployed: Deployed, region: str, tell: Callable[[str], None]) -> None:
    if deployed.embedded and control.mode(deployed.endpoint, region) != "running":
        tell(f"{region} was left lost: giving it back")
        control.restore(deployed.endpoint, region)
    if deployed.embedded:
        control.start_database(deployed.endpoint, region)


def _run(deployed: Deployed, region: str, mode: str) -> None:
    arn = deployed.start(region, mode, "a drill gets ready", force=False)
    until(lambda: deployed.status(region, arn) != "RUNNING", within=EXECUTION_SECONDS, pause=1.0)
    execution = deployed.execution(region, arn, mode)
    if execution.status != "SUCCEEDED":
        raise NotReadyError(
            f"The {mode} in {region} that brings the platform to where the drill begins ended in "
            f"{execution.error or execution.status}: {execution.cause}"
        )
