"""No loss, no double: what senders, queues, crashes and outages may do to payments, in any order.

The machine knows a ``World`` and not which: the deployed platform (``test_no_loss_no_double.py``), or one in memory
that is broken on purpose (``tests/unit/test_campaign.py``).
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, precondition, rule

REGIONS = ("primary", "standby")
regions = st.sampled_from(REGIONS)
amounts = st.integers(1, 99_999_999_999)
currencies = st.sampled_from(["EUR", "USD", "JPY"])


class Row(NamedTuple):
    """A payment in the ledger."""

    payment_id: str
    amount: int
    currency: str


class World(Protocol):
    """Where payments are sent to, and what can be done to it."""

    def send(self, region: str, body: str) -> int:
        """Send a signed webhook; the status of the answer."""

    def wait_for(self, region: str, payment_id: str) -> None:
        """Wait until a region knows a payment."""

    def enqueue(self, payment_ids: list[str]) -> None:
        """Put messages into the active region's queue, in this order."""

    def kill(self) -> None:
        """Let the processor die in the middle of a batch, if it is at work."""

    def stop_ledger(self) -> None:
        """Take the ledger's writer away."""

    def start_ledger(self) -> None:
        """Give it back."""

    def reconcile(self, region: str) -> None:
        """Run a region's reconciler."""

    def converge(self, payment_ids: Iterable[str]) -> None:
        """Wait until nothing is left to do for these payments, or for as long as the platform promises."""

    def rows(self, prefix: str) -> list[Row]:
        """All of the ledger whose id begins with ``prefix``."""


def faults(sent: dict[str, Row], rows: list[Row]) -> list[str]:
    """What is wrong with the ledger, given what got a 202."""
    count = Counter(row.payment_id for row in rows)
    return [
        *(f"lost: {payment_id}" for payment_id in sent if not count[payment_id]),
        *(f"{times} times: {payment_id}" for payment_id, times in count.items() if times > 1),
        *(f"never accepted: {row}" for row in rows if row.payment_id not in sent),
        *(f"not as sent: {row}" for row in rows if sent.get(row.payment_id, row) != row),
    ]


class Campaign(RuleBasedStateMachine):
    """Payments of one prefix, and all that happens to them."""

    payments = Bundle("payments")

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._prefix = f"campaign-{uuid.uuid4().hex[:12]}-"
        self._sent: dict[str, Row] = {}
        self._ledger_runs = True
        self._names = 0

    def _new_id(self) -> str:
        self._names += 1
        return f"{self._prefix}{self._names}"

    def _send(self, region: str, row: Row, **changes: Any) -> int:
        customer = {"reference": "campaign"}
        content = {"id": row.payment_id, "amount": row.amount, "currency": row.currency, "customer": customer}
        return self._world.send(region, json.dumps({**content, **changes}))

    def _at_once(self, *work: Callable[[], Any]) -> list[Any]:
        with ThreadPoolExecutor(len(work)) as pool:
            return [done.result() for done in [pool.submit(each) for each in work]]

    @rule(target=payments, region=regions, amount=amounts, currency=currencies)
    def send(self, region: str, amount: int, currency: str) -> str:
        """A new payment."""
        row = Row(self._new_id(), amount, currency)
        assert self._send(region, row) == 202
        self._sent[row.payment_id] = row
        return row.payment_id

    @rule(target=payments, amount=amounts, currency=currencies)
    def send_to_both_regions_at_once(self, amount: int, currency: str) -> str:
        """The sender hedges; whoever is the second gives the first answer again."""
        row = Row(self._new_id(), amount, currency)
        statuses = self._at_once(*(lambda region=region: self._send(region, row) for region in REGIONS))
        assert statuses == [202, 202]
        self._sent[row.payment_id] = row
        return row.payment_id

    @rule(payment=payments, region=regions)
    def repeat(self, payment: str, region: str) -> None:
        """The sender has not heard of the answer."""
        assert self._send(region, self._sent[payment]) == 202

    @rule(payment=payments, region=regions, more=st.integers(1, 9))
    def contradict(self, payment: str, region: str, more: int) -> None:
        """The same id with other content is refused, by each region that knows the first."""
        known = self._sent[payment]
        self._world.wait_for(region, payment)
        assert self._send(region, known, amount=known.amount % 1_000_000 + 1_000_000 + more) == 409

    @rule(first=payments, second=payments, times=st.integers(1, 3))
    def deliver_again(self, first: str, second: str, times: int) -> None:
        """The queue repeats and reorders."""
        self._world.enqueue([second, first] * times)

    @rule()
    def forge(self) -> None:
        """A message for a payment that nobody has sent."""
        self._world.enqueue([self._new_id()])

    @rule(target=payments, size=st.integers(2, 8), amount=amounts)
    def die_in_mid_batch(self, size: int, amount: int) -> Any:
        """Several payments at once, and the processor dies over them."""
        batch = [Row(self._new_id(), amount, "EUR") for _ in range(size)]
        statuses = self._at_once(*(lambda row=row: self._send("primary", row) for row in batch))
        assert statuses == [202] * size
        self._sent.update({row.payment_id: row for row in batch})
        self._world.enqueue([row.payment_id for row in batch])
        self._world.kill()
        return multiple(*(row.payment_id for row in batch))

    @precondition(lambda self: self._ledger_runs)
    @rule()
    def stop_the_ledger(self) -> None:
        """Payments are accepted on."""
        self._world.stop_ledger()
        self._ledger_runs = False

    @precondition(lambda self: not self._ledger_runs)
    @rule()
    def start_the_ledger(self) -> None:
        """And settled from now on."""
        self._world.start_ledger()
        self._ledger_runs = True

    @rule()
    def reconcile(self) -> None:
        """Several reconcilers at once, in both regions."""
        self._at_once(*(lambda region=region: self._world.reconcile(region) for region in ("primary", *REGIONS)))

    def teardown(self) -> None:
        """In the end every payment that got a 202 is in the ledger once, as it was sent, and nothing else is."""
        if not self._ledger_runs:
            self._world.start_ledger()
        self._world.converge(self._sent)
        assert not (found := faults(self._sent, self._world.rows(self._prefix))), "\n".join(found)


def on(world: Callable[[], World]) -> type[Campaign]:
    """The campaign on a world, which is asked for at the beginning of each example."""

    class OnWorld(Campaign):
        def __init__(self) -> None:
            super().__init__(world())

    return OnWorld
