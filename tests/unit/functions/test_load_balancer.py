"""The functions behind a load balancer: its events look otherwise than API Gateway's, and the answers are the same.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.functions.support import Answer, Deploy, Function, payment_json, signature, unique

pytestmark = pytest.mark.usefixtures("control_item")
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/tap-webhook-use1-dev/0123456789abcdef"


def handed_over(
    method: str, path: str, *, headers: Mapping[str, str] | None = None, body: str = "", base64_encoded: bool = False
) -> dict[str, Any]:
    """An event of a target group with multi-value headers: names in lower case, and no ``headers`` beside them."""
    sent = {"host": "use1.dev.tap.example", "x-forwarded-proto": "https", **(headers or {})}
    return {
        "requestContext": {"elb": {"targetGroupArn": GROUP}},
        "httpMethod": method,
        "path": path,
        "multiValueQueryStringParameters": {},
        "multiValueHeaders": {name.lower(): [value] for name, value in sent.items()},
        "body": body,
        "isBase64Encoded": base64_encoded,
    }


def send(webhook: Function, body: str, /, **changes: Any) -> Answer:
    return webhook({**handed_over("POST", "/v1/webhooks/payments", headers=signature(body), body=body), **changes})


class TestAWebhook:
    def test_is_accepted(self, webhook: Function) -> None:
        payment_id = unique("order")
        answer = send(webhook, payment_json(payment_id))
        assert (answer.status, answer.body["id"]) == (202, payment_id)

    def test_may_come_base64_encoded(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        encoded = base64.b64encode(body.encode()).decode()
        assert send(webhook, body, body=encoded, isBase64Encoded=True).status == 202

    def test_is_refused_without_a_signature(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        answer = webhook(handed_over("POST", "/v1/webhooks/payments", body=body))
        assert answer.status == 401
        assert answer.is_problem

    def test_is_refused_with_two_signatures(self, webhook: Function) -> None:
        body = payment_json(unique("order"))
        event = handed_over("POST", "/v1/webhooks/payments", headers=signature(body), body=body)
        event["multiValueHeaders"]["tap-signature"] *= 2
        assert webhook(event).status == 401

    @pytest.mark.parametrize("body", ["", "null", "[]", '{"id": "x"}'])
    def test_that_is_no_payment_is_refused_though_nobody_validated_it_before(
        self, webhook: Function, body: str
    ) -> None:
        answer = send(webhook, body)
        assert answer.status == 400
        assert answer.is_problem

    def test_that_is_huge_is_refused(self, webhook: Function) -> None:
        answer = send(webhook, " " * 20_000)
        assert answer.status == 413
        assert answer.is_problem


def test_an_answer_has_its_headers_where_a_load_balancer_looks_for_them(webhook: Function) -> None:
    answer = send(webhook, payment_json(unique("order")))
    assert answer.payload["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert answer.payload["multiValueHeaders"]["Cache-Control"] == ["no-store"]
    assert isinstance(answer.payload["isBase64Encoded"], bool)


def test_a_query_is_read_though_it_comes_as_it_was_sent(
    deploy: Deploy, signing_secret: str, sessions_table: str
) -> None:
    payments = deploy("payments", SESSIONS_TABLE=sessions_table, SIGNING_SECRET_ARN=signing_secret)
    signed = "GET /v1/payments?customer=no%20such%20one"
    event = handed_over("GET", "/v1/payments", headers=signature(signed))
    event["multiValueQueryStringParameters"] = {"customer": ["no%20such%20one"]}
    answer = payments(event)
    # The signature holds for what was sent; a customer of that form there is not.
    assert answer.status == 400
    assert answer.is_problem


def test_a_payment_is_read_by_the_id_in_its_path(
    deploy: Deploy, webhook: Function, signing_secret: str, sessions_table: str
) -> None:
    payments = deploy("payments", SESSIONS_TABLE=sessions_table, SIGNING_SECRET_ARN=signing_secret)
    payment_id = unique("order")
    send(webhook, payment_json(payment_id))
    path = f"/v1/payments/{payment_id}"
    answer = payments(handed_over("GET", path, headers=signature(f"GET {path}")))
    assert (answer.status, answer.body["id"], answer.body["status"]) == (200, payment_id, "accepted")
    # The pattern of a load balancer's rule lets through what is below such a path, too.
    below = payments(handed_over("GET", f"{path}/more", headers=signature(f"GET {path}/more")))
    assert below.status == 404
    assert below.is_problem
