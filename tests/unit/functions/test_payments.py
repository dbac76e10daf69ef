"""GET /v1/payments/{id}, as it is deployed: a payment's status for whoever holds the signing secret."""

import pytest

from tests.unit.functions.support import (
    REGION,
    Answer,
    Cloud,
    ControlItem,
    Deploy,
    Function,
    payment_json,
    request,
    signature,
    unique,
)


@pytest.fixture(scope="module")
def payments(deploy: Deploy, sessions_table: str, signing_secret: str) -> Function:
    return deploy("payments", SESSIONS_TABLE=sessions_table, SIGNING_SECRET_ARN=signing_secret)


@pytest.fixture(scope="module")
def payment_id(webhook: Function) -> str:
    """The id of a payment that was accepted."""
    accepted = unique("order")
    body = payment_json(accepted, customer={"reference": "c-1", "email": "jo@shop.example"})
    answer = webhook(request("POST", "/v1/webhooks/payments", headers=signature(body), body=body))
    assert answer.status == 202
    return accepted


def read(payments: Function, payment_id: str) -> Answer:
    path = f"/v1/payments/{payment_id}"
    return payments(request("GET", path, headers=signature(f"GET {path}")))


def test_an_accepted_payment_is_told(payments: Function, payment_id: str) -> None:
    answer = read(payments, payment_id)
    assert answer.status == 200
    assert answer.body.pop("accepted_at").endswith("Z")
    assert {name: answer.body[name] for name in ("id", "status", "amount", "currency", "region")} == {
        "id": payment_id,
        "status": "accepted",
        "amount": 1250,
        "currency": "EUR",
        "region": REGION,
    }


def test_no_customer_data_leaves_the_table(payments: Function, payment_id: str) -> None:
    answer = read(payments, payment_id)
    assert set(answer.body) == {"id", "status", "amount", "currency", "region", "accepted_at"}
    assert "jo@shop.example" not in answer.log


def test_nothing_may_cache_it(payments: Function, payment_id: str) -> None:
    assert read(payments, payment_id).header("Cache-Control") == "no-store"


def test_a_settled_payment_says_so(payments: Function, payment_id: str, cloud: Cloud, sessions_table: str) -> None:
    item = cloud.client("dynamodb").get_item(TableName=sessions_table, Key={"pk": {"S": f"payment#{payment_id}"}})[
        "Item"
    ]
    settled = unique("order")
    item |= {"pk": {"S": f"payment#{settled}"}, "payment_id": {"S": settled}, "status": {"S": "settled"}}
    cloud.client("dynamodb").put_item(TableName=sessions_table, Item=item)
    assert read(payments, settled).body["status"] == "settled"


def test_an_unknown_payment_is_not_found(payments: Function) -> None:
    answer = read(payments, unique("order"))
    assert answer.status == 404
    assert answer.is_problem


@pytest.mark.parametrize("payment_id", ["a" * 65, "-order", "or~der"])
def test_what_is_no_id_is_refused(payments: Function, payment_id: str) -> None:
    answer = read(payments, payment_id)
    assert answer.status == 400
    assert answer.is_problem


@pytest.mark.parametrize("signed", ["", "GET /v1/payments/another", "POST /v1/payments/order-1"])
def test_a_signature_of_something_else_is_refused(payments: Function, signed: str) -> None:
    answer = payments(request("GET", "/v1/payments/order-1", headers=signature(signed)))
    assert answer.status == 401
    assert answer.is_problem


def test_without_a_signature_not_even_the_existence_is_told(payments: Function, payment_id: str) -> None:
    answers = [payments(request("GET", f"/v1/payments/{known}")) for known in (payment_id, "order-unknown")]
    assert answers[0].status == answers[1].status == 401
    assert answers[0].body == answers[1].body


def test_a_fenced_region_still_tells(payments: Function, payment_id: str, control_item: ControlItem) -> None:
    control_item.put("fenced")
    assert read(payments, payment_id).status == 200
