"""The control item: who is active, and what a region does when it is fenced."""

from __future__ import annotations

import json

import pytest

from tests.integration import parameters, payments, settlement
from tests.integration.platform import Answer, Platform, Region, eventually
from tests.integration.states import NOTICED_SECONDS, control_item, declared

SWITCHED_SECONDS = 150
"""Up to a minute until the guard's next run, and a slow machine."""


def test_the_deployment_says_who_is_active_and_both_regions_know(platform: Platform, region: Region) -> None:
    item = control_item(platform, region)

    assert int(item["epoch"]["N"]) >= 1
    assert item["regions"]["M"] == {
        platform.primary.name: {"S": "active"},
        platform.standby.name: {"S": "standby"},
    }


@pytest.mark.disruptive
def test_a_fenced_region_refuses_payments_reports_unhealthy_and_still_tells_a_payments_status(
    platform: Platform, region: Region, peer: Region
) -> None:
    known = payments.content()
    platform.send(region, json.dumps(known))

    def refused() -> Answer:
        return platform.send(region, payments.body())

    with declared(platform, region, "fenced"):
        answer = eventually(refused, lambda seen: seen.status == 503, within=NOTICED_SECONDS)
        assert answer.status == 503, "a fenced region took a payment"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"

        database = eventually(
            lambda: platform.get(region, "/health/database"), lambda seen: seen.status == 503, within=NOTICED_SECONDS
        )
        assert database.status == 503
        assert platform.get(region, "/health/active").status == 503
        assert platform.get(region, "/health/live").status == 200
        assert platform.read(region, known["id"]).status == 200
        assert platform.send(peer, payments.body()).status == 202, "the other region is not fenced"

    assert platform.send(region, payments.body()).status == 202


@pytest.mark.disruptive
def test_the_standby_pulls_the_switch_by_calling_itself_active(platform: Platform) -> None:
    """Route 53's inverted check on this answer is what takes the shared name away from the primary."""
    standby = platform.standby
    assert platform.get(standby, "/health/active").status == 503

    with declared(platform, standby, "active"):
        assert platform.get(standby, "/health/active").status == 200

    assert platform.get(standby, "/health/active").status == 503


@pytest.mark.disruptive
@pytest.mark.parametrize("state", ["active", "standby", "fenced"])
def test_every_function_does_what_the_regions_state_says(platform: Platform, region: Region, state: str) -> None:
    """One region after the other is declared each of the states; what was accepted is settled in the end."""
    active, fenced = state == "active", state == "fenced"
    known = payments.content()
    platform.send(region, json.dumps(known))

    with declared(platform, region, state):
        expected = 503 if fenced else 202
        sent = eventually(
            lambda: platform.send(region, payments.body()),
            lambda seen: seen.status == expected,
            within=NOTICED_SECONDS,
        )
        assert sent.status == expected
        assert platform.get(region, "/health/active").status == (200 if active else 503)
        assert platform.get(region, "/health/live").status == 200
        assert platform.read(region, known["id"]).status == 200

        assert settlement.invoke(platform, region, "guard", {})["state"] == state
        assert _consumer(platform, region, "Enabled" if active else "Disabled"), "the guard has not switched it"
        # Of two regions one is called active here, or none is while the active one is fenced.
        others = [
            name for name, told in control_item(platform, region)["regions"]["M"].items() if told["S"] == "active"
        ]
        assert parameters.read(platform, region, "active-region") == next(iter(others), "none")
        assert settlement.invoke(platform, region, "reconciler", {})["state"] == state
        delivered = settlement.invoke(platform, region, "processor", settlement.delivery(region, settlement.NOBODY))
        # In no state it can be settled; but only the active region looks for it at all.
        assert delivered["batchItemFailures"] == [{"itemIdentifier": "m-0"}]

    assert _consumer(platform, region, "Enabled" if region is platform.primary else "Disabled")


@pytest.mark.disruptive
def test_the_guard_comes_by_itself(platform: Platform) -> None:
    """Nobody invokes it here: its schedule does, every minute."""
    with declared(platform, platform.standby, "active"):
        assert _consumer(platform, platform.standby, "Enabled"), "the guard did not come"


def _consumer(platform: Platform, region: Region, state: str) -> bool:
    seen: str = eventually(
        lambda: settlement.consumer(platform, region)["State"], lambda seen: seen == state, within=SWITCHED_SECONDS
    )
    return seen == state
