"""A payment's way in and its status, in both regions."""

from __future__ import annotations

import json
import uuid

from tests.integration import payments
from tests.integration.platform import Platform, Region, eventually
from tests.integration.states import control_item

REPLICATION_SECONDS = 60
"""The promise for sessions that a lost region takes with it (RPO)."""


def readable(platform: Platform, region: Region, payment_id: str) -> None:
    answer = eventually(
        lambda: platform.read(region, payment_id), lambda seen: seen.status == 200, within=REPLICATION_SECONDS
    )
    assert answer.status == 200, f"{region} does not know the payment: {answer.body}"


def test_a_payment_accepted_in_one_region_is_readable_in_both(platform: Platform, region: Region, peer: Region) -> None:
    payment = payments.content()

    accepted = platform.send(region, json.dumps(payment))

    assert accepted.status == 202, accepted.body
    assert accepted.content["id"] == payment["id"]
    assert accepted.content["region"] == region.name
    for reader in (region, peer):
        readable(platform, reader, payment["id"])
        status = platform.read(reader, payment["id"]).content
        assert status.pop("status") in {"accepted", "settled"}
        assert status == {
            "id": payment["id"],
            "amount": payment["amount"],
            "currency": payment["currency"],
            "accepted_at": accepted.content["accepted_at"],
            "region": region.name,
        }


def test_the_status_holds_nothing_about_the_customer(platform: Platform, region: Region) -> None:
    payment = payments.content(customer={"reference": "customer-8", "email": "customer@example.com"})
    platform.send(region, json.dumps(payment))

    answer = platform.read(region, payment["id"])

    assert answer.status == 200
    assert "customer" not in answer.body


def test_the_same_payment_again_gets_the_first_answer_again(platform: Platform, region: Region) -> None:
    body = payments.body()
    first = platform.send(region, body)

    second = platform.send(region, body)

    assert first.status == second.status == 202
    assert second.content == first.content


def test_another_order_of_fields_and_other_white_space_is_still_the_same_payment(
    platform: Platform, region: Region
) -> None:
    payment = payments.content()
    first = platform.send(region, json.dumps(payment))

    second = platform.send(region, json.dumps(dict(reversed(payment.items())), indent=4))

    assert second.status == 202
    assert second.content == first.content


def test_the_same_payment_sent_to_the_other_region_gets_the_first_answer_again(
    platform: Platform, region: Region, peer: Region
) -> None:
    payment = payments.content()
    first = platform.send(region, json.dumps(payment))
    readable(platform, peer, payment["id"])

    second = platform.send(peer, json.dumps(payment))

    assert second.status == 202
    assert second.content == first.content


def test_the_same_id_with_other_content_is_a_conflict_in_both_regions(
    platform: Platform, region: Region, peer: Region
) -> None:
    payment = payments.content()
    platform.send(region, json.dumps(payment))
    readable(platform, peer, payment["id"])

    for receiver in (region, peer):
        answer = platform.send(receiver, json.dumps({**payment, "amount": payment["amount"] + 1}))

        assert answer.status == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert platform.read(receiver, payment["id"]).content["amount"] == payment["amount"]


def test_an_accepted_payment_is_unsettled_and_never_expires(platform: Platform) -> None:
    """What the standby accepts waits for a minute at least, until the other region finds it."""
    region, payment = platform.standby, payments.content()
    platform.send(region, json.dumps(payment))

    item = platform.client("dynamodb", region).get_item(
        TableName=platform.shared["sessions_table"],
        Key={"pk": {"S": f"payment#{payment['id']}"}},
        ConsistentRead=True,
    )["Item"]

    assert item["unsettled_shard"]["S"].startswith("unsettled#")
    assert item["epoch"] == control_item(platform, region)["epoch"]
    assert "expires_at" not in item, "what is not settled must not expire"


def test_an_accepted_payment_is_found_through_the_index_of_the_unsettled(platform: Platform) -> None:
    region, payment = platform.standby, payments.content()
    platform.send(region, json.dumps(payment))
    table, dynamodb = platform.shared["sessions_table"], platform.client("dynamodb", region)
    key = f"payment#{payment['id']}"
    shard = dynamodb.get_item(TableName=table, Key={"pk": {"S": key}})["Item"]["unsettled_shard"]

    def keys() -> list[str]:
        found = dynamodb.get_paginator("query").paginate(
            TableName=table,
            IndexName="unsettled",
            KeyConditionExpression="unsettled_shard = :shard",
            ExpressionAttributeValues={":shard": shard},
        )
        return [item["pk"]["S"] for page in found for item in page["Items"]]

    assert key in eventually(keys, lambda seen: key in seen, within=30)


def test_an_unknown_payment_is_not_found(platform: Platform, region: Region) -> None:
    answer = platform.read(region, f"never-sent-{uuid.uuid4()}")

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_shared_name_leads_to_a_live_region(platform: Platform) -> None:
    answer = platform.request(platform.shared["failover_name"], "GET", "/health/live")

    assert answer.status == 200
