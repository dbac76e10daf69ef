"""POST /v1/webhooks/payments, as it is deployed: 202 means that the payment is in the table, once."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.functions.support import (
    REGION,
    SIGNING_KEY,
    Answer,
    Cloud,
    ControlItem,
    Deploy,
    Function,
    Queue,
    payment_json,
    request,
    signature,
    unique,
)

PATH = "/v1/webhooks/payments"
pytestmark = pytest.mark.usefixtures("control_item")  # active, unless a test says otherwise


def send(webhook: Function, signed: str, **changes: Any) -> Answer:
    return webhook({**request("POST", PATH, headers=signature(signed), body=signed), **changes})


def stored(cloud: Cloud, table: str, payment_id: str) -> dict[str, Any] | None:
    answer = cloud.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": f"payment#{payment_id}"}})
    item: dict[str, Any] | None = answer.get("Item")
    return item


class TestANewPayment:
    def test_is_in_the_table_when_it_is_accepted(self, webhook: Function, cloud: Cloud, sessions_table: str) -> None:
        payment_id = unique("order")
        body = payment_json(payment_id, customer={"reference": "c-1", "email": "jo@shop.example"}, description="Tea")
        answer = send(webhook, body)
        item = stored(cloud, sessions_table, payment_id)
        assert answer.status == 202
        assert item is not None
        assert answer.body == {
            "id": payment_id,
            "status": "accepted",
            "accepted_at": item["accepted_at"]["S"],
            "region": REGION,
        }
        assert item["payment_id"] == {"S": payment_id}
        assert item["amount"] == {"N": "1250"}
        assert item["currency"] == {"S": "EUR"}
        assert item["customer"] == {"M": {"reference": {"S": "c-1"}, "email": {"S": "jo@shop.example"}}}
        assert item["description"] == {"S": "Tea"}
        assert item["status"] == {"S": "accepted"}
        assert item["epoch"] == {"N": "1"}
        assert item["unsettled_shard"]["S"] in {f"unsettled#{shard:02d}" for shard in range(16)}

    def test_does_not_expire_before_it_is_settled(self, webhook: Function, cloud: Cloud, sessions_table: str) -> None:
        payment_id = unique("order")
        send(webhook, payment_json(payment_id))
        item = stored(cloud, sessions_table, payment_id)
        assert item is not None
        assert "expires_at" not in item

    def test_is_accepted_by_a_standby_too(self, webhook: Function, control_item: ControlItem) -> None:
        control_item.put("standby")
        assert send(webhook, payment_json(unique("order"))).status == 202

    def test_may_come_base64_encoded(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        encoded = base64.b64encode(body.encode()).decode()
        assert send(webhook, body, body=encoded, isBase64Encoded=True).status == 202


class TestARepetition:
    def test_gets_the_first_answer_again(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        first = send(webhook, body)
        assert [send(webhook, body).payload for _ in range(2)] == [first.payload] * 2

    def test_may_be_written_in_another_way(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        first = send(webhook, body)
        again = send(webhook, json.dumps(dict(reversed(json.loads(body).items())), indent=2))
        assert again.payload == first.payload

    def test_with_other_content_is_a_conflict(self, webhook: Function, cloud: Cloud, sessions_table: str) -> None:
        payment_id = unique("order")
        send(webhook, payment_json(payment_id, amount=100))
        answer = send(webhook, payment_json(payment_id, amount=101))
        item = stored(cloud, sessions_table, payment_id)
        assert answer.status == 409
        assert answer.is_problem
        assert item is not None
        assert item["amount"] == {"N": "100"}

    def test_at_the_same_moment_is_stored_once(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        with ThreadPoolExecutor(3) as senders:
            answers = list(senders.map(lambda _: send(webhook, body), range(3)))
        assert {answer.status for answer in answers} == {202}
        assert len({answer.body["accepted_at"] for answer in answers}) == 1


class TestTheQueue:
    @pytest.fixture(autouse=True)
    def _is_empty(self, queue: Queue) -> None:
        queue.drained()

    def test_gets_the_id_of_a_payment_that_the_active_region_accepts(self, webhook: Function, queue: Queue) -> None:
        payment_id = unique("order")
        send(webhook, payment_json(payment_id))
        assert queue.drained() == [payment_id]

    def test_gets_nothing_of_what_a_standby_accepts(
        self, webhook: Function, queue: Queue, control_item: ControlItem
    ) -> None:
        control_item.put("standby")
        assert send(webhook, payment_json(unique("order"))).status == 202
        assert queue.drained() == []

    def test_gets_a_repeated_payment_once(self, webhook: Function, queue: Queue) -> None:
        payment_id = unique("order")
        for _ in range(2):
            send(webhook, payment_json(payment_id))
        assert queue.drained() == [payment_id]

    def test_gets_nothing_of_a_conflict(self, webhook: Function, queue: Queue) -> None:
        payment_id = unique("order")
        for amount in (100, 101):
            send(webhook, payment_json(payment_id, amount=amount))
        assert queue.drained() == [payment_id]

    def test_may_refuse_and_the_payment_is_accepted_all_the_same(
        self, deploy: Deploy, cloud: Cloud, sessions_table: str, signing_secret: str, queue: Queue
    ) -> None:
        webhook = deploy(
            "webhook",
            SESSIONS_TABLE=sessions_table,
            SIGNING_SECRET_ARN=signing_secret,
            QUEUE_URL=f"{queue.url}-that-is-gone",
            CONTROL_CACHE_SECONDS="0",
        )
        payment_id = unique("order")
        answer = send(webhook, payment_json(payment_id))
        item = stored(cloud, sessions_table, payment_id)
        assert answer.status == 202
        assert item is not None
        assert item["unsettled_shard"]["S"].startswith("unsettled#"), "the reconciler would not find it"
        assert "NotEnqueued" in answer.log


class TestAnUnsignedRequest:
    @pytest.mark.parametrize(
        "headers",
        [
            dict,
            lambda: {"Tap-Signature": "nonsense"},
            lambda: signature("something else"),
            lambda: signature(payment_json("order-1"), key="another key"),
            lambda: signature(payment_json("order-1"), seconds_ago=400),
            lambda: signature(payment_json("order-1"), seconds_ago=-400),
        ],
        ids=["none", "malformed", "of-another-body", "with-another-key", "old", "of-the-future"],
    )
    def test_is_refused(self, webhook: Function, headers: Callable[[], dict[str, str]]) -> None:
        # Signed now and not when pytest collects, which may be minutes before.
        answer = webhook(request("POST", PATH, headers=headers(), body=payment_json("order-1")))
        assert answer.status == 401
        assert answer.is_problem

    def test_is_refused_before_its_body_is_looked_at(self, webhook: Function) -> None:
        assert webhook(request("POST", PATH, body="no payment")).status == 401

    def test_with_two_signatures_is_refused(self, webhook: Function) -> None:
        event = request("POST", PATH, headers=signature(payment_json("order-1")), body=payment_json("order-1"))
        event["multiValueHeaders"]["tap-signature"] = ["nonsense"]
        assert webhook(event).status == 401

    def test_the_header_has_any_case(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        headers = {"tap-signature": signature(body)["Tap-Signature"]}
        assert webhook(request("POST", PATH, headers=headers, body=body)).status == 202


class TestABadBody:
    @pytest.mark.parametrize("body", ["", "{", "[]", "{}", payment_json("order-1", amount=0), payment_json("")])
    def test_is_refused_with_the_reason(self, webhook: Function, body: str) -> None:
        answer = send(webhook, body)
        assert answer.status == 400
        assert answer.is_problem

    def test_is_named_by_pointer(self, webhook: Function) -> None:
        errors = send(webhook, payment_json("order-1", currency="ZZZ")).body["errors"]
        assert [error["pointer"] for error in errors] == ["#/currency"]

    def test_that_is_no_base64_is_refused(self, webhook: Function) -> None:
        assert send(webhook, "", body="%%%", isBase64Encoded=True).status == 400

    @pytest.mark.parametrize("length", [16_385, 40_000])
    def test_that_is_huge_is_not_even_verified(self, webhook: Function, length: int) -> None:
        answer = webhook(request("POST", PATH, body=" " * length))
        assert answer.status == 413
        assert answer.is_problem


class TestAFencedRegion:
    def test_refuses_and_says_when_to_come_again(
        self, webhook: Function, control_item: ControlItem, cloud: Cloud, sessions_table: str
    ) -> None:
        control_item.put("fenced")
        payment_id = unique("order")
        answer = send(webhook, payment_json(payment_id))
        assert answer.status == 503
        assert answer.is_problem
        assert int(answer.header("Retry-After") or 0) > 0
        assert stored(cloud, sessions_table, payment_id) is None

    def test_accepts_again_once_it_is_not(self, webhook: Function, control_item: ControlItem) -> None:
        control_item.put("fenced")
        body = payment_json(unique("order"))
        send(webhook, body)
        control_item.put("standby")
        assert send(webhook, body).status == 202


def test_without_its_table_nothing_is_accepted(deploy: Deploy, signing_secret: str, queue: Queue) -> None:
    webhook = deploy(
        "webhook",
        SESSIONS_TABLE="no-such-table",
        SIGNING_SECRET_ARN=signing_secret,
        QUEUE_URL=queue.url,
        CONTROL_CACHE_SECONDS="0",
    )
    answer = send(webhook, payment_json(unique("order")))
    assert answer.status == 503
    assert answer.is_problem


def test_the_log_holds_the_payments_id_and_nothing_private(webhook: Function) -> None:
    payment_id = unique("order")
    private = {"reference": "customer-secret", "email": "secret@shop.example"}
    bodies = [
        payment_json(payment_id, customer=private, amount=amount, description="secret") for amount in (77001, 77002)
    ]
    bodies += [payment_json("secret id", customer=private)]
    log = "".join(send(webhook, body).log for body in bodies)
    assert payment_id in log
    for hidden in ("secret", "77001", "77002", SIGNING_KEY, "v1=", signature(bodies[0])["Tap-Signature"][-64:]):
        assert hidden not in log


def test_every_outcome_is_counted(webhook: Function) -> None:
    body = payment_json(unique("order"))
    assert "PaymentAccepted" in send(webhook, body).log
    assert "PaymentRepeated" in send(webhook, body).log
    assert "PaymentConflict" in send(webhook, body.replace("1250", "1251")).log
    assert "PaymentInvalid" in send(webhook, "{}").log
    assert "SignatureRefused" in webhook(request("POST", PATH, body=body)).log


def test_another_path_is_a_problem_too(webhook: Function) -> None:
    answer = webhook(request("POST", "/v1/elsewhere"))
    assert answer.status == 404
    assert answer.is_problem
