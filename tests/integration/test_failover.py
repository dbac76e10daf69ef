"""The failover, as deployed: a region promotes itself, the other one stops, and no payment is lost or doubled.

These tests move the platform from one region to the other. They run last, and leave it as they found it, in a later
epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from deployment import session, terraform
from deployment.interrupt import Interrupts
from deployment.stacks import PLAN_IS_EMPTY
from tests.integration import databases, failover
from tests.integration.platform import Platform, Region, eventually
from tests.integration.settlement import consumer, invoke

pytestmark = [pytest.mark.failover, pytest.mark.disruptive, pytest.mark.embedded_only]

REPLICATED_SECONDS = 30
SWITCHED_SECONDS = 60
"""Lambda takes a while to switch a consumer."""


def is_active(platform: Platform, region: Region) -> None:
    """Everything says that this region settles payments, and that the other one does not.

    The other one's guard is called instead of waited for: test_region_state waits for its schedule.
    """
    peer = platform.peer(region)
    for each in (region, peer):
        _, states = eventually(
            lambda each=each: failover.control(platform, each),  # type: ignore[misc]
            lambda seen: seen[1] == {region.name: "active", peer.name: "standby"},
            within=REPLICATED_SECONDS,
        )
        assert states == {region.name: "active", peer.name: "standby"}
    epoch, _ = failover.control(platform, region)
    assert failover.writer(platform) == region.name
    assert failover.ledger_epoch(platform)[0] == epoch
    assert platform.get(region, "/health/active").status == 200
    assert platform.get(peer, "/health/active").status == 503
    assert invoke(platform, peer, "guard", {})["state"] == "standby"
    for each, wanted in ((region, "Enabled"), (peer, "Disabled")):
        state = eventually(
            lambda each=each: str(consumer(platform, each)["State"]),  # type: ignore[misc]
            lambda seen, wanted=wanted: seen == wanted,  # type: ignore[misc]
            within=SWITCHED_SECONDS,
        )
        assert state == wanted, each


def all_settled_once(platform: Platform, ids: list[str]) -> None:
    counted = eventually(
        lambda: failover.settled_once(platform, ids),
        lambda seen: set(seen.values()) == {1},
        within=failover.SETTLED_SECONDS,
    )
    assert {name: count for name, count in counted.items() if count != 1} == {}


@contextmanager
def known_to_be_down(platform: Platform, region: Region) -> Iterator[None]:
    """The region's database is stopped, and its health says so, while the block runs."""
    with databases.stopped(platform, region):
        answer = eventually(
            lambda: platform.get(region, "/health/database"), lambda seen: seen.status == 503, within=30
        )
        assert answer.status == 503
        yield


@pytest.fixture(autouse=True)
def _back_where_it_was(platform: Platform) -> Iterator[None]:
    """Whatever a test ends in, the next one finds the primary active."""
    yield
    if failover.control(platform, platform.primary)[1][platform.primary.name] == "fenced":
        failover.run(platform, platform.primary, "rejoin")
    if failover.control(platform, platform.primary)[1][platform.primary.name] != "active":
        failover.run(platform, platform.primary, "switchover")
    is_active(platform, platform.primary)
    for region in platform.regions.values():
        eventually(partial(platform.get, region, "/health/database"), lambda seen: seen.status == 200, within=30)


def test_a_switchover_under_load_loses_and_doubles_no_payment_and_terraform_would_not_undo_it(
    platform: Platform,
) -> None:
    epoch, _ = failover.control(platform, platform.primary)

    with failover.traffic(platform) as sent:
        outcome = failover.run(platform, platform.standby, "switchover")
        assert outcome.status == "SUCCEEDED", outcome
        is_active(platform, platform.standby)

    assert failover.ledger_epoch(platform) == [epoch + 1, platform.standby.name]
    assert len(sent.accepted) > 10
    all_settled_once(platform, sent.accepted)
    with session.alone():
        work = session.open_session(
            terraform.find(), platform.place, platform.settings, platform.stacks(), Interrupts()
        )
        work.connect()
        assert {stack.name: work.runner.plan(stack) for stack in work.stacks} == {
            stack.name: PLAN_IS_EMPTY for stack in work.stacks
        }


def test_a_failover_after_the_loss_of_the_primarys_database_settles_all_that_was_accepted(platform: Platform) -> None:
    primary, standby = platform.primary, platform.standby
    with failover.traffic(platform) as sent:
        with known_to_be_down(platform, primary):
            outcome = failover.run(platform, standby, "failover")
            assert outcome.status == "SUCCEEDED", outcome
            assert failover.writer(platform) == standby.name
            assert failover.control(platform, standby)[1] == {primary.name: "fenced", standby.name: "active"}
        assert failover.run(platform, primary, "rejoin").status == "SUCCEEDED"
        is_active(platform, standby)

    all_settled_once(platform, sent.accepted)


def test_a_failover_away_from_a_healthy_region_is_refused_and_changes_nothing(platform: Platform) -> None:
    before = failover.control(platform, platform.standby)

    outcome = failover.run(platform, platform.standby, "failover")

    assert (outcome.status, outcome.error) == ("FAILED", "PeerIsHealthy")
    assert "switchover" in str(outcome.cause)
    assert failover.control(platform, platform.standby) == before
    assert failover.writer(platform) == platform.primary.name


def test_a_switchover_away_from_a_dead_region_is_refused(platform: Platform) -> None:
    with known_to_be_down(platform, platform.primary):
        outcome = failover.run(platform, platform.standby, "switchover")

    assert (outcome.status, outcome.error) == ("FAILED", "PeerIsDown")


def test_a_broken_standby_is_not_promoted(platform: Platform) -> None:
    with known_to_be_down(platform, platform.standby):
        outcome = failover.run(platform, platform.standby, "failover")

    assert (outcome.status, outcome.error) == ("FAILED", "StandbyIsBroken")
    assert failover.writer(platform) == platform.primary.name


@pytest.mark.parametrize("given", [{"mode": "restart"}, {"mode": "failover", "reason": "  "}])
def test_an_input_that_says_too_little_is_refused(platform: Platform, given: dict[str, str]) -> None:
    outcome = failover.run(platform, platform.standby, **given)

    assert (outcome.status, outcome.error) == ("FAILED", "InputRefused")


def test_an_execution_that_is_killed_half_way_is_finished_by_the_next_in_the_same_epoch(platform: Platform) -> None:
    """After the promotion and before the ledger knows; tests/unit kills it before and after each step."""
    epoch, _ = failover.control(platform, platform.standby)
    client = platform.client("stepfunctions", platform.standby)
    killed = failover.start(platform, platform.standby, "switchover")
    eventually(
        lambda: failover.entered(platform, platform.standby, killed), lambda seen: "BeforeNextLook" in seen, within=120
    )
    client.stop_execution(executionArn=killed, error="Killed", cause="integration test")

    assert failover.run(platform, platform.standby, "switchover").status == "SUCCEEDED"

    is_active(platform, platform.standby)
    assert failover.ledger_epoch(platform) == [epoch + 1, platform.standby.name]


def test_the_active_region_has_nothing_to_do(platform: Platform) -> None:
    outcome = failover.run(platform, platform.primary, "switchover")

    assert (outcome.status, outcome.states[-1]) == ("SUCCEEDED", "AlreadyDone")
