"""Payments looked up by customer and by status, in both regions, through the public API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.integration import payments
from tests.integration.platform import Platform, Region, eventually

REPLICATION_SECONDS = 60
SETTLED_SECONDS = 60


def accepted(platform: Platform, region: Region, customer: str) -> str:
    payment = payments.content(customer={"reference": customer})
    answer = platform.send(region, json.dumps(payment))
    assert answer.status == 202, answer.body
    return str(payment["id"])


def pages(platform: Platform, region: Region, **query: str) -> Iterator[list[str]]:
    """The ids of each page in turn."""
    cursor: dict[str, str] = {}
    while True:
        answer = platform.look_up(region, **query, **cursor)
        assert answer.status == 200, answer.body
        yield [each["id"] for each in answer.content["payments"]]
        if "next" not in answer.content:
            return
        cursor = {"cursor": answer.content["next"]}


def listed(platform: Platform, region: Region, **query: str) -> list[str]:
    return [payment_id for page in pages(platform, region, **query) for payment_id in page]


def new_customer() -> str:
    return f"customer-{uuid.uuid4()}"


def test_a_customers_payments_are_listed_in_both_regions_the_newest_first(
    platform: Platform, region: Region, peer: Region
) -> None:
    customer = new_customer()
    sent = [accepted(platform, region, customer) for _ in range(3)]

    for reader in (region, peer):
        found = eventually(
            lambda reader=reader: listed(platform, reader, customer=customer),  # type: ignore[misc]
            lambda seen: len(seen) == len(sent),
            within=REPLICATION_SECONDS,
        )
        assert found == sent[::-1]


def test_pages_follow_each_other_and_no_payment_is_on_two(platform: Platform, region: Region) -> None:
    customer = new_customer()
    sent = [accepted(platform, region, customer) for _ in range(5)]
    eventually(
        lambda: listed(platform, region, customer=customer), lambda seen: len(seen) == 5, within=REPLICATION_SECONDS
    )

    found = list(pages(platform, region, customer=customer, limit="2"))

    assert [len(page) for page in found if page] == [2, 2, 1]
    assert sorted(sum(found, [])) == sorted(sent)  # noqa: RUF017 - five


def test_a_payment_is_listed_under_its_status_and_changes_the_list_when_it_is_settled(platform: Platform) -> None:
    """What the standby accepts waits for a minute at least."""
    waiting = accepted(platform, platform.standby, new_customer())
    done = accepted(platform, platform.primary, new_customer())

    for status, payment_id, region in (
        ("accepted", waiting, platform.standby),
        ("settled", done, platform.primary),
        ("settled", done, platform.standby),
    ):
        found = eventually(
            lambda status=status, region=region: listed(platform, region, status=status, limit="100"),  # type: ignore[misc]
            lambda seen, payment_id=payment_id: payment_id in seen,  # type: ignore[misc]
            within=SETTLED_SECONDS + REPLICATION_SECONDS,
        )
        assert found.count(payment_id) == 1
    assert done not in listed(platform, platform.primary, status="accepted", limit="100")


def test_nothing_about_the_customer_is_told(platform: Platform, region: Region) -> None:
    customer = new_customer()
    accepted(platform, region, customer)

    answer = eventually(
        lambda: platform.look_up(region, customer=customer),
        lambda seen: seen.content["payments"],
        within=REPLICATION_SECONDS,
    )

    assert set(answer.content["payments"][0]) == {"id", "status", "amount", "currency", "accepted_at", "region"}
    assert customer not in answer.body


@pytest.mark.parametrize(
    "query", [{}, {"status": "lost"}, {"status": "settled", "customer": "c"}, {"status": "settled", "cursor": "x"}]
)
def test_a_lookup_that_is_not_as_described_is_refused(
    platform: Platform, region: Region, query: dict[str, str]
) -> None:
    path = "/v1/payments" if not query else None
    answer = (
        platform.request(region.host, "GET", path, headers=platform.sign(f"GET {path}"))
        if path
        else platform.look_up(region, **query)
    )

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_signature_for_one_customer_reads_no_other(platform: Platform, region: Region) -> None:
    signed = platform.sign("GET /v1/payments?customer=customer-7")

    answer = platform.request(region.host, "GET", "/v1/payments?customer=customer-8", headers=signed)

    assert answer.status == 401
