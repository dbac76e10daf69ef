"""After a failover, payments that the ledger has lost are settled again; nothing else is touched.

The failover is played: a payment's row is taken out of the ledger, and an epoch begins in ledger and control item.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration import payments, settlement
from tests.integration.epochs import master, next_epoch
from tests.integration.platform import Platform, Region
from tests.integration.test_settlement import accepted, settled, status

SETTLED_AGAIN_SECONDS = 120
"""The message that an earlier try left in the queue may come first."""


def lose(platform: Platform, payment_id: str) -> None:
    """The row is gone, as it is when it had not reached the region that took over."""
    with master(platform) as ledger:
        ledger.run("DELETE FROM ledger.payments WHERE payment_id = :id", id=payment_id)


def compared(platform: Platform, region: Region, event: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers of runs until one has found the end."""
    answers = [settlement.invoke(platform, region, "reconciler", event)]
    while not answers[-1]["finished"] and len(answers) < 50:
        answers.append(settlement.invoke(platform, region, "reconciler", {"limit": event.get("limit", 1_000)}))
    return answers


@pytest.mark.embedded_only
@pytest.mark.disruptive
class TestAFailover:
    """What the active region makes of a ledger that has lost a row."""

    def test_a_payment_whose_row_was_lost_is_settled_again_and_one_that_was_not_is_left_alone(
        self, platform: Platform
    ) -> None:
        region = platform.primary
        kept, lost = (accepted(platform, region, amount=amount)["id"] for amount in (11, 22))
        for each in (kept, lost):
            settled(platform, region, each)
        lose(platform, lost)

        with next_epoch(platform) as epoch:
            answers = compared(platform, region, {"full": True})
            assert answers[-1]["finished"]
            settled(platform, region, lost, within=SETTLED_AGAIN_SECONDS)
            assert settlement.rows(platform, region, lost) == [[22, "EUR", "settled", region.name, epoch]]
            assert settlement.rows(platform, region, kept) == [[11, "EUR", "settled", region.name, epoch - 1]]
            again = compared(platform, region, {"full": True})
            assert sum(answer["reopened"] for answer in again) == 0

    def test_bounded_runs_at_once_reopen_it_once(self, platform: Platform) -> None:
        region = platform.primary
        lost = [accepted(platform, region)["id"] for _ in range(3)]
        for each in lost:
            settled(platform, region, each)
            lose(platform, each)

        with next_epoch(platform):
            settlement.invoke(platform, region, "reconciler", {"full": True, "limit": 1})
            with ThreadPoolExecutor(2) as pool:
                runs = list(pool.map(lambda _: compared(platform, region, {"limit": 200}), range(2)))
            assert all(run[-1]["finished"] for run in runs)
            for each in lost:
                settled(platform, region, each, within=SETTLED_AGAIN_SECONDS)
                assert len(settlement.rows(platform, region, each)) == 1

    def test_what_is_settled_in_the_new_epoch_is_not_compared(self, platform: Platform) -> None:
        region = platform.primary
        with next_epoch(platform):
            payment = accepted(platform, region)
            settled(platform, region, payment["id"])
            lose(platform, payment["id"])
            compared(platform, region, {"full": True})
            assert status(platform, region, payment["id"]) == "settled"
            platform.client("dynamodb", region).delete_item(
                TableName=platform.shared["sessions_table"], Key={"pk": {"S": f"payment#{payment['id']}"}}
            )


def test_in_the_standby_the_comparison_finds_the_way_into_its_own_copy_of_the_ledger(platform: Platform) -> None:
    answer = settlement.invoke(platform, platform.standby, "reconciler", {"limit": 100})

    assert answer["state"] == "standby"
    assert answer["reopened"] == 0
    assert answer["finished"]


def test_what_the_reconciler_cannot_do_it_refuses(platform: Platform, region: Region) -> None:
    answer = platform.client("lambda", region).invoke(
        FunctionName=region.outputs["functions"]["reconciler"], Payload=json.dumps({"limit": 0})
    )

    assert answer["FunctionError"]


def test_a_new_payment_is_not_settled_by_a_comparison(platform: Platform) -> None:
    """The standby compares; it neither settles nor enqueues."""
    payment = payments.content()
    platform.send(platform.standby, json.dumps(payment))
    settlement.invoke(platform, platform.standby, "reconciler", {"full": True})

    assert status(platform, platform.standby, payment["id"]) == "accepted"
