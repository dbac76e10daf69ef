"""Every payment that got a 202 is in the ledger exactly once in the end, as it was sent; nothing else is.

The deployed platform through its public endpoints, its queue and its crashes. ``make soak`` runs it for longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial

import pytest
from hypothesis.stateful import run_state_machine_as_test

from embedded import control
from tests.integration import settlement
from tests.integration.campaign import Row, on
from tests.integration.effort import campaign
from tests.integration.platform import Platform, eventually
from tests.integration.test_settlement import status

CONVERGED_SECONDS = 120
RECONCILE_SECONDS = 3
KILL_SECONDS = 3
REPLICATED_SECONDS = 60


class Deployed:
    """The deployed platform as the campaign's world."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._regions = {"primary": platform.primary, "standby": platform.standby}
        self._endpoint = platform.emulator.endpoint
        self.killed = 0

    def send(self, region: str, body: str) -> int:
        return self._platform.send(self._regions[region], body).status

    def wait_for(self, region: str, payment_id: str) -> None:
        seen = partial(status, self._platform, self._regions[region], payment_id)
        assert eventually(seen, lambda told: told != "404", within=REPLICATED_SECONDS) != "404"

    def enqueue(self, payment_ids: list[str]) -> None:
        settlement.enqueue(self._platform, self._platform.primary, *payment_ids)

    def kill(self) -> None:
        region, deadline = self._platform.primary, time.monotonic() + KILL_SECONDS
        name = region.outputs["functions"]["processor"]
        while time.monotonic() < deadline:
            if died := control.kill_function(self._endpoint, region.name, name, busy_only=True):
                self.killed += died
                return

    def stop_ledger(self) -> None:
        control.stop_database(self._endpoint, self._platform.primary.name)

    def start_ledger(self) -> None:
        control.start_database(self._endpoint, self._platform.primary.name)

    def reconcile(self, region: str) -> None:
        settlement.invoke(self._platform, self._regions[region], "reconciler", {"full": True})

    def converge(self, payment_ids: Iterable[str]) -> None:
        waiting, deadline = set(payment_ids), time.monotonic() + CONVERGED_SECONDS
        while waiting and time.monotonic() < deadline:
            self.reconcile("primary")
            waiting = eventually(partial(self._unsettled, waiting), lambda left: not left, within=RECONCILE_SECONDS)

    def _unsettled(self, payment_ids: set[str]) -> set[str]:
        """Those that not both regions call settled."""
        return {
            payment_id
            for payment_id in payment_ids
            if any(status(self._platform, region, payment_id) != "settled" for region in self._regions.values())
        }

    def rows(self, prefix: str) -> list[Row]:
        host = self._platform.primary.outputs["writer_endpoint"]
        with settlement.connection(self._platform, host, "database_secret_arns") as ledger:
            found = ledger.run(
                "SELECT payment_id, amount, currency FROM ledger.payments WHERE payment_id LIKE :prefix",
                prefix=f"{prefix}%",
            )
        return [Row(*row) for row in found]


@pytest.mark.soak
@pytest.mark.embedded_only
@pytest.mark.disruptive
def test_every_accepted_payment_is_in_the_ledger_once_whatever_happens(platform: Platform) -> None:
    world = Deployed(platform)
    try:
        run_state_machine_as_test(on(lambda: world), settings=campaign(examples=4, steps=12))
    finally:
        # Forged messages would go on failing until they are given up.
        settlement.forget(platform, platform.primary)
        platform.client("sqs", platform.primary).purge_queue(QueueUrl=platform.primary.outputs["queue_url"])
    assert world.killed, "no processor was caught at work"
