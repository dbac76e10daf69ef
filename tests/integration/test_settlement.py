"""Accepted payments reach the ledger once, in the active region only, and both regions say so."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.integration import payments, settlement
from tests.integration.platform import Platform, Region, eventually
from tests.integration.states import epoch_of

SETTLED_SECONDS = 60
RECONCILED_SECONDS = 240
"""A minute's patience, up to a minute until the next run, and a slow machine."""

REPLICATION_SECONDS = 60


def status(platform: Platform, region: Region, payment_id: str) -> str:
    answer = platform.read(region, payment_id)
    return str(answer.content["status"]) if answer.status == 200 else f"{answer.status}"


def accepted(platform: Platform, region: Region, **changes: Any) -> dict[str, Any]:
    payment = payments.content(**changes)
    answer = platform.send(region, json.dumps(payment))
    assert answer.status == 202, answer.body
    return payment


def settled(platform: Platform, region: Region, payment_id: str, *, within: float = SETTLED_SECONDS) -> None:
    found = eventually(lambda: status(platform, region, payment_id), lambda seen: seen == "settled", within=within)
    assert found == "settled", f"{region} says {found}"


def test_a_payment_of_the_active_region_is_settled_and_both_regions_say_so(platform: Platform) -> None:
    payment = accepted(platform, platform.primary)

    for region in (platform.primary, platform.standby):
        settled(platform, region, payment["id"])
        assert platform.read(region, payment["id"]).content["amount"] == payment["amount"]


def test_a_settled_payment_has_left_the_index_of_the_unsettled_and_will_expire(platform: Platform) -> None:
    payment = accepted(platform, platform.primary)
    settled(platform, platform.primary, payment["id"])

    item = platform.client("dynamodb", platform.primary).get_item(
        TableName=platform.shared["sessions_table"], Key={"pk": {"S": f"payment#{payment['id']}"}}, ConsistentRead=True
    )["Item"]

    assert "unsettled_shard" not in item
    assert int(item["expires_at"]["N"]) > time.time() + 80 * 86_400


def test_a_payment_of_the_standby_is_found_by_the_active_region_and_settled_there(platform: Platform) -> None:
    """Through the global table: the schedule of the active region's reconciler, and nothing else, makes it happen."""
    payment = accepted(platform, platform.standby)
    assert settlement.taken(platform, platform.standby, platform.standby.outputs["queue_url"]) == []

    for region in (platform.primary, platform.standby):
        settled(platform, region, payment["id"], within=RECONCILED_SECONDS)
    assert platform.read(platform.primary, payment["id"]).content["region"] == platform.standby.name


def test_only_the_active_regions_consumer_is_on(platform: Platform) -> None:
    states = {region.name: settlement.consumer(platform, region)["State"] for region in platform.regions.values()}

    assert states == {platform.primary.name: "Enabled", platform.standby.name: "Disabled"}


def test_the_standby_settles_nothing_even_if_a_message_reaches_it(platform: Platform) -> None:
    payment = accepted(platform, platform.standby)

    answer = settlement.invoke(
        platform, platform.standby, "processor", settlement.delivery(platform.standby, payment["id"])
    )

    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["m-0"]
    assert status(platform, platform.standby, payment["id"]) == "accepted"


def test_on_demand_the_active_regions_reconciler_works_and_the_standbys_does_not(platform: Platform) -> None:
    answers = {
        region.name: settlement.invoke(platform, region, "reconciler", {}) for region in platform.regions.values()
    }

    assert answers[platform.primary.name]["state"] == "active"
    assert answers[platform.standby.name]["state"] == "standby"
    assert answers[platform.standby.name]["enqueued"] == 0
    assert answers[platform.standby.name]["finished"], "it could not compare the table with its copy of the ledger"


def test_the_queue_is_encrypted_refuses_plain_connections_and_gives_up_after_five_tries(
    platform: Platform, region: Region
) -> None:
    sqs = platform.client("sqs", region)
    for url in (region.outputs["queue_url"], settlement.dead_letters(platform, region)):
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        (refusal,) = json.loads(told["Policy"])["Statement"]

        assert told["KmsMasterKeyId"] == platform.shared["key_arns"][region.name]
        assert told["MessageRetentionPeriod"] == str(14 * 86_400)
        assert (refusal["Effect"], refusal["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    told = sqs.get_queue_attributes(QueueUrl=region.outputs["queue_url"], AttributeNames=["All"])["Attributes"]
    timeout = platform.client("lambda", region).get_function_configuration(
        FunctionName=region.outputs["functions"]["processor"]
    )["Timeout"]
    assert json.loads(told["RedrivePolicy"])["maxReceiveCount"] == 5
    assert int(told["VisibilityTimeout"]) >= 6 * timeout


def test_the_reconciler_runs_every_minute(platform: Platform, region: Region) -> None:
    events, function = platform.client("events", region), region.outputs["functions"]["reconciler"]
    rules = [
        rule
        for page in events.get_paginator("list_rules").paginate()
        for rule in page["Rules"]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if target["Arn"].endswith(f":function:{function}")
    ]

    assert [(rule["ScheduleExpression"], rule["State"]) for rule in rules] == [("rate(1 minute)", "ENABLED")]


@contextmanager
def visible_again_after(platform: Platform, region: Region, seconds: int) -> Iterator[None]:
    """What fails comes back this soon, instead of after minutes, while the block runs."""
    sqs, url = platform.client("sqs", region), region.outputs["queue_url"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@pytest.mark.embedded_only
class TestTheLedger:
    """What PostgreSQL holds in the end."""

    def test_has_the_senders_amount_once_and_replicates_it(self, platform: Platform) -> None:
        payment = accepted(platform, platform.primary, amount=4711, currency="JPY")
        settled(platform, platform.primary, payment["id"])

        for region in (platform.primary, platform.standby):
            ask = partial(settlement.rows, platform, region, payment["id"])
            found = eventually(ask, bool, within=REPLICATION_SECONDS)
            assert found == [[4711, "JPY", "settled", platform.primary.name, epoch_of(platform, platform.primary)]]

    def test_has_a_payment_once_however_often_its_message_is_delivered(self, platform: Platform) -> None:
        payment = accepted(platform, platform.primary)
        settlement.enqueue(platform, platform.primary, *[payment["id"]] * 5)
        settled(platform, platform.primary, payment["id"])
        settlement.enqueue(platform, platform.primary, payment["id"])
        event = settlement.delivery(platform.primary, payment["id"], payment["id"])
        assert settlement.invoke(platform, platform.primary, "processor", event) == {"batchItemFailures": []}

        assert len(settlement.rows(platform, platform.primary, payment["id"])) == 1

    def test_has_nothing_of_what_the_standby_was_asked_to_settle(self, platform: Platform) -> None:
        payment = accepted(platform, platform.standby)
        event = settlement.delivery(platform.standby, payment["id"])
        settlement.invoke(platform, platform.standby, "processor", event)

        assert settlement.rows(platform, platform.primary, payment["id"]) == []

    def test_a_message_that_names_no_payment_ends_among_the_dead_letters_and_holds_nothing_up(
        self, platform: Platform
    ) -> None:
        region, nobody = platform.primary, payments.new_id()
        url = settlement.dead_letters(platform, region)
        with visible_again_after(platform, region, 1):
            settlement.enqueue(platform, region, nobody)
            payment = accepted(platform, region)
            settled(platform, region, payment["id"])
            dead: list[str] = []

            def gathered() -> list[str]:
                dead.extend(settlement.taken(platform, region, url))
                return dead

            eventually(gathered, lambda seen: nobody in seen, within=SETTLED_SECONDS)
        assert dead == [nobody]
