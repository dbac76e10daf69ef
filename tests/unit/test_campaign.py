"""The campaign against loss and doubling can fail: it finds what is wrong with platforms that are broken on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.campaign import Row, on

EFFORT = settings(
    max_examples=200,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Imagined:
    """The platform's rules in a few lines: one table, one queue, a ledger that may be away."""

    table: dict[str, Row] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    queue: list[str] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    ledger_runs: bool = True
    crashes: bool = False

    def send(self, region: str, body: str) -> int:
        content: dict[str, Any] = json.loads(body)
        row = Row(content["id"], content["amount"], content["currency"])
        if self.table.setdefault(row.payment_id, row) != row:
            return 409
        if row not in self.ledger:
            self.open.add(row.payment_id)
            self.queue.append(row.payment_id)
        return 202

    def wait_for(self, region: str, payment_id: str) -> None:
        """One table is all there is."""

    def enqueue(self, payment_ids: list[str]) -> None:
        self.queue += payment_ids
        self.work()

    def kill(self) -> None:
        self.crashes = True
        self.work()

    def stop_ledger(self) -> None:
        self.ledger_runs = False

    def start_ledger(self) -> None:
        self.ledger_runs = True

    def reconcile(self, region: str) -> None:
        self.queue += sorted(self.open)
        self.work()

    def converge(self, payment_ids: Iterable[str]) -> None:
        self.crashes = False
        for _ in range(3):
            self.reconcile("primary")

    def rows(self, prefix: str) -> list[Row]:
        return [row for row in self.ledger if row.payment_id.startswith(prefix)]

    def work(self) -> None:
        """Deliver what waits once; a crash leaves the rest of it undelivered."""
        waiting, self.queue = self.queue, []
        for number, payment_id in enumerate(waiting):
            if self.crashes and number:
                self.crashes = False
                return
            if payment_id in self.table:
                self.settle(self.table[payment_id])

    def settle(self, row: Row) -> None:
        """As the platform does it: the ledger first, by a unique key, and the table last."""
        if self.ledger_runs and row not in self.ledger:
            self.ledger.append(row)
        if row in self.ledger:
            self.open.discard(row.payment_id)


class ClosesFirst(Imagined):
    """Says that a payment is settled before the ledger has it."""

    def settle(self, row: Row) -> None:
        self.open.discard(row.payment_id)
        super().settle(row)


class InsertsAgain(Imagined):
    """Has no unique key in the ledger."""

    def settle(self, row: Row) -> None:
        if self.ledger_runs:
            self.ledger.append(row)
            self.open.discard(row.payment_id)


class BelievesMessages(Imagined):
    """Settles whatever a message names, whether or not anybody has sent it."""

    def work(self) -> None:
        for payment_id in self.queue:
            self.table.setdefault(payment_id, Row(payment_id, 1, "EUR"))
        super().work()


class TakesTheLatest(Imagined):
    """Lets other content under the same id replace what was accepted, though it refuses it."""

    def send(self, region: str, body: str) -> int:
        status = super().send(region, body)
        content = json.loads(body)
        self.table[content["id"]] = Row(content["id"], content["amount"], content["currency"])
        return status


class NeverReconciles(Imagined):
    """Relies on the queue alone."""

    def reconcile(self, region: str) -> None:
        self.work()


def test_the_platforms_rules_lose_and_double_nothing() -> None:
    run_state_machine_as_test(on(Imagined), settings=EFFORT)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (ClosesFirst, "lost"),
        (NeverReconciles, "lost"),
        (InsertsAgain, "times"),
        (BelievesMessages, "never accepted"),
        (TakesTheLatest, "not as sent"),
    ],
)
def test_what_is_broken_is_found(broken: type[Imagined], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        run_state_machine_as_test(on(broken), settings=EFFORT)
