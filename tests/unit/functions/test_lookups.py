"""GET /v1/payments, as it is deployed: payments by status and by customer, page by page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from urllib.parse import quote, urlencode

import pytest

from domain.payment import parse_payment
from domain.payment_store import ClosedStatus, PaymentStore
from tests.unit.functions.support import (
    REGION,
    Answer,
    Cloud,
    Deploy,
    Function,
    new_table,
    payment_json,
    request,
    signature,
    unique,
)

Put = Callable[..., str]
PATH = "/v1/payments"


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> str:
    """A table of its own, so that every payment in it is this module's."""
    return new_table(cloud)


@pytest.fixture(scope="module")
def payments(deploy: Deploy, table: str, signing_secret: str) -> Function:
    return deploy("payments", SESSIONS_TABLE=table, SIGNING_SECRET_ARN=signing_secret)


@pytest.fixture(scope="module")
def put(cloud: Cloud, table: str) -> Put:
    """Writes a payment as webhook and processor do; its id."""
    store = PaymentStore(cloud.client("dynamodb"), table)

    def write(customer: str, *, closed: ClosedStatus | None = None, minutes_ago: float = 0) -> str:
        body = payment_json(unique("pay"), customer={"reference": customer, "email": "jo@shop.example"})
        then = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        stored, _ = store.accept(parse_payment(body.encode()), region=REGION, epoch=1, now=then)
        if closed:
            store.close(stored, closed, epoch=1, now=then)
        return stored.id

    return write


def look_up(payments: Function, *, signed: str | None = None, **query: str) -> Answer:
    """A lookup, signed as the document says, or as ``signed`` says."""
    text = f"GET {PATH}?{urlencode(sorted(query.items()), quote_via=quote)}" if signed is None else signed
    parameters = {name: [value] for name, value in query.items()}
    return payments(request("GET", PATH, headers=signature(text), query=parameters))


def pages(payments: Function, **query: str) -> Iterator[list[str]]:
    """The ids of each page in turn."""
    answer = look_up(payments, **query)
    while True:
        assert answer.status == 200, answer.payload
        yield [each["id"] for each in answer.body["payments"]]
        if "next" not in answer.body:
            return
        answer = look_up(payments, **{**query, "cursor": answer.body["next"]})


class TestByCustomer:
    def test_the_newest_comes_first_and_nothing_of_other_customers(self, payments: Function, put: Put) -> None:
        customer = unique("customer")
        old, new = put(customer, closed="settled", minutes_ago=60), put(customer)
        put(unique("customer"))
        assert list(pages(payments, customer=customer)) == [[new, old]]

    def test_every_payment_is_on_one_page(self, payments: Function, put: Put) -> None:
        customer = unique("customer")
        sent = [put(customer, minutes_ago=10 - number) for number in range(5)]
        read = list(pages(payments, customer=customer, limit="2"))
        assert [len(page) for page in read] == [2, 2, 1]
        assert list(chain(*read)) == sent[::-1]

    def test_a_customer_whom_nobody_knows_has_none(self, payments: Function) -> None:
        assert list(pages(payments, customer=unique("customer"))) == [[]]

    def test_nothing_about_the_customer_is_told(self, payments: Function, put: Put) -> None:
        customer = unique("customer")
        put(customer)
        answer = look_up(payments, customer=customer)
        (told,) = answer.body["payments"]
        assert set(told) == {"id", "status", "amount", "currency", "region", "accepted_at"}
        assert customer not in answer.log
        assert "jo@shop.example" not in answer.log


class TestByStatus:
    def test_each_payment_is_listed_under_what_has_become_of_it(self, payments: Function, put: Put) -> None:
        sent = {
            "accepted": {put("c") for _ in range(3)},
            "settled": {put("c", closed="settled") for _ in range(3)},
            "conflict": {put("c", closed="conflict")},
        }
        listed = {status: set(chain(*pages(payments, status=status))) for status in sent}
        for status, ids in sent.items():
            assert ids <= listed[status]
            for other in set(sent) - {status}:
                assert not ids & listed[other]

    def test_every_payment_is_on_one_page(self, payments: Function, put: Put) -> None:
        sent = {put("c", closed="settled") for _ in range(20)}
        read = list(pages(payments, status="settled", limit="3"))
        assert all(len(page) <= 3 for page in read)
        everything = list(chain(*read))
        assert sent <= set(everything)
        assert len(everything) == len(set(everything))


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"status": "accepted", "customer": "c"},
            {"status": "unknown"},
            {"customer": "-c"},
            {"customer": ""},
            {"customer": "c", "limit": "0"},
            {"customer": "c", "limit": "101"},
            {"customer": "c", "limit": "ten"},
            {"customer": "c", "limit": "1.0"},
            {"customer": "c", "limit": "٣"},
            {"customer": "c", "order": "newest"},
            {"customer": "c", "cursor": "not a cursor"},
            {"customer": "c", "cursor": "AAAA"},
            {"status": "settled", "cursor": base64.urlsafe_b64encode(b"16|").decode().rstrip("=")},
            {"status": "settled", "cursor": base64.urlsafe_b64encode(b"1|x|-").decode().rstrip("=")},
        ],
        ids=str,
    )
    def test_what_is_not_as_described_is_refused(self, payments: Function, query: dict[str, str]) -> None:
        answer = look_up(payments, signed=None if query else f"GET {PATH}", **query)
        assert answer.status == 400, answer.payload
        assert answer.is_problem

    def test_a_parameter_that_is_there_twice_is_refused(self, payments: Function) -> None:
        headers = signature(f"GET {PATH}?customer=a&customer=b")
        answer = payments(request("GET", PATH, headers=headers, query={"customer": ["b", "a"]}))
        assert answer.status == 400
        assert answer.body["type"] == "urn:tap:problem:repeated-parameter"

    @pytest.mark.parametrize(
        "signed", ["GET /v1/payments", "GET /v1/payments?customer=b", "GET /v1/payments?customer=a&limit=1", ""]
    )
    def test_a_signature_covers_path_and_query(self, payments: Function, signed: str) -> None:
        assert look_up(payments, signed=signed, customer="a").status == 401

    def test_the_order_in_which_parameters_were_sent_does_not_matter(self, payments: Function) -> None:
        headers = signature(f"GET {PATH}?customer=a&limit=7")
        answer = payments(request("GET", PATH, headers=headers, query={"limit": ["7"], "customer": ["a"]}))
        assert answer.status == 200

    def test_what_is_encoded_is_signed_encoded(self, payments: Function) -> None:
        answer = look_up(payments, signed=f"GET {PATH}?customer=a%20b%2F~", customer="a b/~")
        assert answer.status == 400, "it is signed, and no customer's reference"
