"""Whatever the two regions do in between each other, late and in pieces: no old epoch writes, no payment is lost.

A state machine of hypothesis drives the functions' code in both regions through failovers, switchovers and partitions.
Processors are overtaken, or killed, between any two of their steps; tables and ledger arrive when the machine says so.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pg8000.native import Connection

from domain.settlement import Settlement
from tests.unit.functions.support import APPLICATION, FAILOVER, MASTER, Cloud, Database, new_table
from tests.unit.functions.two_regions import EAST, REGIONS, WEST, LedgerCopy, Table, TwoRegions, Work, other

NAMES = [f"order-{number}" for number in range(4)]
EFFORT = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # each step is a call of AWS: shrinking would take hours
    suppress_health_check=list(HealthCheck),
)

regions = st.sampled_from(REGIONS)
names = st.sampled_from(NAMES)


class Interleavings(RuleBasedStateMachine):
    """One deployment, driven at random."""

    def __init__(self, platform: TwoRegions) -> None:
        super().__init__()
        self.it = platform
        self.hands: list[Work] = []
        self.transition: tuple[str, int, bool] | None = None
        self.promoted = False

    @initialize()
    def deploy(self) -> None:
        self.it.parted, self.it.zombie, self.it.writer, self.it.clock = False, None, EAST, 0
        self.it.commits, self.it.accepted = [], {}
        self.it.begin()

    @rule(region=regions, name=names)
    def a_sender_sends(self, region: str, name: str) -> None:
        self.it.accept(region, name)

    @rule(region=regions, steps=st.integers(1, 3))
    def a_processor_takes_what_waits(self, region: str, steps: int) -> None:
        """It takes, settles and closes; ``steps`` of these before somebody else gets his turn."""
        for name in self.it.unsettled(region):
            work = self.it.take(region, name)
            if work is not None:
                self.hands.append(work)
                for _ in range(steps - 1):
                    self.step(work)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def a_processor_goes_on(self, data: st.DataObject) -> None:
        self.step(data.draw(st.sampled_from(self.hands), label="work"))

    def step(self, work: Work) -> None:
        """The next of a processor's steps; what is done, or refused, leaves its hands."""
        if work not in self.hands:
            return
        if work.settled:
            self.it.close(work)
            self.hands.remove(work)
        elif not self.it.settle(work):
            self.hands.remove(work)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def a_processor_is_killed(self, data: st.DataObject) -> None:
        self.hands.remove(data.draw(st.sampled_from(self.hands), label="work"))

    @rule(region=regions)
    def a_reconciler_compares(self, region: str) -> None:
        self.it.compare(region)

    @rule(region=regions, data=st.data())
    def an_item_arrives(self, region: str, data: st.DataObject) -> None:
        waiting = self.it.under_way(region)
        if waiting:
            self.it.replicate(region, data.draw(st.sampled_from(waiting), label="item"))

    @rule()
    def all_items_arrive(self) -> None:
        self.it.replicate_all()

    @rule(most=st.integers(1, 3))
    def commits_arrive(self, most: int) -> None:
        self.it.replicate_ledger(most)

    @rule()
    def the_regions_are_parted(self) -> None:
        self.it.part()

    @precondition(lambda self: self.it.parted)
    @rule()
    def they_reach_each_other_again(self) -> None:
        self.it.heal()

    @precondition(lambda self: self.transition is None)
    @rule(planned=st.booleans())
    def a_promotion_begins(self, planned: bool) -> None:
        """Of the region that does not write. One at a time: what the last one wrote to the control item has arrived."""
        region = other(self.it.writer)
        if region == self.it.zombie or (planned and self.it.parted):
            return
        for each in REGIONS:
            while "control" in self.it.under_way(each):
                self.it.replicate(each, "control")
        epoch = self.it.fence(region, planned=planned)
        if epoch is not None:
            self.transition, self.promoted = (region, epoch, planned), False

    @precondition(lambda self: self.transition is not None)
    @rule()
    def the_promotion_goes_on(self) -> None:
        assert self.transition
        region, epoch, planned = self.transition
        if not self.promoted:
            if planned and self.it.parted:
                return  # Aurora refuses it until both are there
            self.it.promote(region, epoch, planned=planned)
            self.promoted = True
        else:
            self.it.activate(region, epoch)
            self.transition = None

    @invariant()
    def what_is_in_the_ledger_was_promised(self) -> None:
        for name, (sha, _) in self.it.ledgers[self.it.writer].rows().items():
            assert self.it.accepted.get(name) == sha

    def teardown(self) -> None:
        """Everything is whole again: then every payment that was promised is in the ledger, once, and told so."""
        if not self.it.tables[EAST].seen:
            return  # it was not even deployed
        self.it.heal()
        while self.transition is not None:
            self.the_promotion_goes_on()
        self.it.replicate_all()
        active = self.it.writer
        for _ in range(3):
            while not self.it.compare(active, full=True):
                pass
            for name in self.it.unsettled(active):
                work = self.it.take(active, name)
                if work is not None and self.it.settle(work):
                    self.it.close(work)
        assert set(self.it.ledgers[active].rows()) == set(self.it.accepted), "a promised payment is not in the ledger"
        assert self.it.unsettled(active) == []


@pytest.fixture(scope="module")
def platform(cloud: Cloud, database: Database, ledger_variables: dict[str, str]) -> Iterator[TwoRegions]:
    """Two tables, and two databases with the migrated schema."""
    opened: list[Connection] = []

    def connect(user: dict[str, str], name: str) -> Connection:
        opened.append(database.connect(user, name=name))
        return opened[-1]

    master = connect(MASTER, database.name)
    copies = {region: f"interleavings_{region[3:7]}" for region in REGIONS}
    for name in copies.values():
        master.run(f"CREATE DATABASE {name} TEMPLATE {database.name}")
        for user in (APPLICATION, FAILOVER):
            master.run(f"GRANT CONNECT ON DATABASE {name} TO {user['username']}")
    dynamodb = cloud.client("dynamodb")
    yield TwoRegions(
        tables={region: Table(dynamodb, new_table(cloud)) for region in REGIONS},
        ledgers={
            region: LedgerCopy(connect(MASTER, name), connect(APPLICATION, name), connect(FAILOVER, name))
            for region, name in copies.items()
        },
    )
    for connection in reversed(opened[1:]):
        connection.close()
    for name in copies.values():
        master.run(f"DROP DATABASE {name}")
    master.close()


def test_no_interleaving_lets_an_old_epoch_write_or_loses_a_payment(platform: TwoRegions) -> None:
    machine = type("Driven", (Interleavings,), {"__init__": lambda self: Interleavings.__init__(self, platform)})
    run_state_machine_as_test(machine, settings=EFFORT)


def test_what_was_settled_in_the_table_and_not_in_the_surviving_ledger_is_settled_again(platform: TwoRegions) -> None:
    machine = Interleavings(platform)
    machine.deploy()
    machine.a_sender_sends(EAST, "order-0")
    machine.a_processor_takes_what_waits(EAST, steps=3)
    platform.replicate_all()
    platform.part()
    epoch = platform.fence(WEST, planned=False)
    assert epoch == 2
    platform.promote(WEST, epoch, planned=False)
    platform.activate(WEST, epoch)
    assert platform.store(WEST).find("order-0").status == "settled"  # type: ignore[union-attr]
    assert platform.ledgers[WEST].rows() == {}

    assert platform.compare(WEST)
    again = platform.take(WEST, "order-0")
    assert again is not None
    assert platform.settle(again)
    assert platform.ledgers[WEST].rows() == {"order-0": (again.payment.body_sha256, 2)}


class TestTheMachineFails:
    """What it would find, given the steps that lead there."""

    def test_without_the_comparison(self, platform: TwoRegions) -> None:
        class Forgetful(TwoRegions):
            def compare(self, region: str, *, full: bool = False) -> bool:
                return True

        machine = deployed(platform, Forgetful)
        machine.a_processor_takes_what_waits(EAST, steps=3)
        machine.all_items_arrive()
        machine.the_regions_are_parted()
        machine.a_promotion_begins(planned=False)
        with pytest.raises(AssertionError, match="a promised payment is not in the ledger"):
            machine.teardown()

    def test_when_a_payment_is_closed_before_it_is_settled(self, platform: TwoRegions) -> None:
        class Hasty(TwoRegions):
            def settle(self, work: Work) -> bool:
                super().close(work)
                work.settled = True
                return True

            def close(self, work: Work) -> None:
                super().settle(work)

        machine = deployed(platform, Hasty)
        machine.a_processor_takes_what_waits(EAST, steps=2)
        machine.hands.clear()  # killed
        with pytest.raises(AssertionError, match="a promised payment is not in the ledger"):
            machine.teardown()

    def test_when_a_processor_takes_the_ledgers_word_for_its_epoch(self, platform: TwoRegions) -> None:
        class Credulous(TwoRegions):
            def write(self, work: Work, ledger: LedgerCopy) -> None:
                Settlement(ledger.application, ledger.epoch).settle(work.payment)

        machine = deployed(platform, Credulous)
        machine.a_processor_takes_what_waits(EAST, steps=1)
        machine.a_promotion_begins(planned=True)
        machine.the_promotion_goes_on()
        with pytest.raises(AssertionError, match="a row of an older epoch"):
            machine.step(machine.hands[0])


def deployed(platform: TwoRegions, kind: type[TwoRegions]) -> Interleavings:
    """The same tables and ledgers under other code, with one payment accepted in the primary."""
    machine = Interleavings(kind(tables=platform.tables, ledgers=platform.ledgers))
    machine.deploy()
    machine.a_sender_sends(EAST, NAMES[0])
    return machine
