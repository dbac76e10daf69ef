"""What both regions refuse: unsigned and badly signed requests, and bodies that are no payment."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.integration import entrance, payments
from tests.integration.platform import Answer, Platform, Region

WEBHOOK = "/v1/webhooks/payments"


PROBLEM = "application/problem+json"


def assert_problem(answer: Answer, status: int, content_type: str = PROBLEM) -> None:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == content_type
    assert answer.content["status"] == status
    assert answer.content["title"]


def post(platform: Platform, region: Region, body: str | bytes, headers: dict[str, str]) -> Answer:
    headers = {"Content-Type": "application/json", **headers}
    return platform.request(region.host, "POST", WEBHOOK, body=body, headers=headers)


class TestSignature:
    """A webhook is taken only from who holds the signing secret, and only for 300 s."""

    def test_an_unsigned_webhook_is_refused(self, platform: Platform, region: Region) -> None:
        assert_problem(post(platform, region, payments.body(), {}), 401)

    @pytest.mark.parametrize(
        "header",
        ["", "nonsense", "t=1,v1=", f"t=now,v1={'a' * 64}", f"v1={'a' * 64}", f"t=1700000000,v1={'A' * 64}"],
    )
    def test_a_malformed_signature_is_refused(self, platform: Platform, region: Region, header: str) -> None:
        assert_problem(post(platform, region, payments.body(), {"Tap-Signature": header}), 401)

    def test_a_signature_with_another_key_is_refused(self, platform: Platform, region: Region) -> None:
        assert_problem(platform.send(region, payments.body(), key="not-the-key"), 401)

    def test_a_signature_of_another_body_is_refused(self, platform: Platform, region: Region) -> None:
        payment = payments.content()
        signed_for_less = platform.sign(json.dumps({**payment, "amount": 1}))

        assert_problem(post(platform, region, json.dumps(payment), signed_for_less), 401)

    @pytest.mark.parametrize("seconds", [-330, 330], ids=["old", "from the future"])
    def test_a_signature_out_of_time_is_refused(self, platform: Platform, region: Region, seconds: int) -> None:
        assert_problem(platform.send(region, payments.body(), now=int(time.time()) + seconds), 401)

    def test_a_signature_that_took_four_minutes_is_accepted(self, platform: Platform, region: Region) -> None:
        assert platform.send(region, payments.body(), now=int(time.time()) - 240).status == 202

    def test_a_refused_payment_is_not_stored(self, platform: Platform, region: Region) -> None:
        payment = payments.content()
        platform.send(region, json.dumps(payment), key="not-the-key")

        assert platform.read(region, payment["id"]).status == 404

    def test_an_unsigned_read_is_refused(self, platform: Platform, region: Region) -> None:
        payment = payments.content()
        platform.send(region, json.dumps(payment))

        assert_problem(platform.get(region, f"/v1/payments/{payment['id']}"), 401)

    def test_a_signature_for_one_payment_does_not_read_another(self, platform: Platform, region: Region) -> None:
        payment = payments.content()
        platform.send(region, json.dumps(payment))
        signed_for_another = platform.sign("GET /v1/payments/another")

        answer = platform.request(region.host, "GET", f"/v1/payments/{payment['id']}", headers=signed_for_another)

        assert_problem(answer, 401)


def without(field: str) -> str:
    return json.dumps({name: value for name, value in payments.content().items() if name != field})


def raw(template: str) -> str:
    """A body that no JSON library writes, with a fresh id in the place of %."""
    return template.replace("%", payments.new_id())


NOT_PAYMENTS: dict[str, str] = {
    "empty": "",
    "not JSON": "amount=5",
    "cut off": payments.body()[:-1],
    "a list": "[]",
    "a string": '"payment"',
    "null": "null",
    "nothing in it": "{}",
    **{f"no {field}": without(field) for field in ("id", "amount", "currency", "customer")},
    "an unknown field": payments.body(card_number="4111111111111111"),
    "an id that is a number": payments.body(id=7),
    "an empty id": payments.body(id=""),
    "an id with a slash": payments.body(id="a/b"),
    "an id too long": payments.body(id="a" * 65),
    "an amount as text": payments.body(amount="4200"),
    "an amount of nothing": payments.body(amount=0),
    "a negative amount": payments.body(amount=-1),
    "an amount beyond the limit": payments.body(amount=100_000_000_000),
    "a fraction": payments.body(amount=42.5),
    "a boolean amount": payments.body(amount=True),
    "a currency in lower case": payments.body(currency="eur"),
    "a currency that does not exist": payments.body(currency="XXX"),
    "a customer without reference": payments.body(customer={}),
    "a customer as text": payments.body(customer="customer-7"),
    "an unknown field of the customer": payments.body(customer={"reference": "c", "iban": "DE02"}),
    "an e-mail address without @": payments.body(customer={"reference": "c", "email": "nobody"}),
    "a line break in the description": payments.body(description="a\nb"),
    "a description too long": payments.body(description="x" * 141),
    "the same key twice": raw('{"id":"%","amount":1,"amount":2,"currency":"EUR","customer":{"reference":"c"}}'),
    "a number in exponents": raw('{"id":"%","amount":1e3,"currency":"EUR","customer":{"reference":"c"}}'),
    "not a number": raw('{"id":"%","amount":NaN,"currency":"EUR","customer":{"reference":"c"}}'),
    "a number of 5000 digits": raw(
        '{"id":"%","amount":' + "9" * 5000 + ',"currency":"EUR","customer":{"reference":"c"}}'
    ),
    "nested a thousand deep": "[" * 1000 + "]" * 1000,
}


class TestBody:
    """A correctly signed body that is not a payment as the API's document describes it."""

    @pytest.mark.parametrize("body", NOT_PAYMENTS.values(), ids=NOT_PAYMENTS.keys())
    def test_what_is_not_a_payment_is_a_bad_request(self, platform: Platform, region: Region, body: str) -> None:
        assert_problem(platform.send(region, body), 400)

    def test_a_body_of_17_kilobytes_is_too_large(self, platform: Platform, region: Region) -> None:
        body = payments.body(description="x" * 17_000)

        # API Gateway's validation may see the description before the function sees the size.
        assert platform.send(region, body).status in (400, 413)

    def test_the_refusal_repeats_nothing_of_what_was_sent(self, platform: Platform, region: Region) -> None:
        answer = platform.send(region, payments.body(card_number="4111111111111111"))

        assert "4111" not in answer.body


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("PUT", "/v1/payments"), ("GET", "/v1/webhooks/payments"), ("DELETE", "/v1/payments/x")],
)
def test_there_is_nothing_else_under_the_names(platform: Platform, region: Region, method: str, path: str) -> None:
    headers: dict[str, Any] = platform.sign(f"{method} {path}")

    answer = platform.request(region.host, method, path, headers=headers)

    # API Gateway calls an unknown route a missing token; its answer is mapped to what it means. A load balancer's own
    # answers have the one type of JSON that it knows.
    assert_problem(answer, 404, PROBLEM if entrance.is_api(platform) else "application/json")
