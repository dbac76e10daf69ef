"""The notifier, as it is deployed: a customer is told once that a payment is settled."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from domain.events import EventError, PaymentSettled
from domain.payment import parse_payment
from domain.payment_store import KEPT_SECONDS, PaymentStore
from tests.unit.functions.support import REGION, Answer, Cloud, Deploy, Function, payment_json, unique

DOMAIN = f"{unique('mail')}.tap.example"
SENDER = f"payments@{DOMAIN}"


@pytest.fixture(scope="module")
def flag(cloud: Cloud) -> Iterator[str]:
    name = unique("notifications")
    cloud.client("ssm").put_parameter(Name=name, Value="on", Type="String")
    yield name
    cloud.client("ssm").delete_parameter(Name=name)


@pytest.fixture(scope="module")
def variables(sessions_table: str, flag: str) -> dict[str, str]:
    return {"SESSIONS_TABLE": sessions_table, "SENDER": SENDER, "NOTIFICATIONS_PARAMETER": flag}


@pytest.fixture(scope="module")
def notifier(cloud: Cloud, deploy: Deploy, variables: dict[str, str]) -> Iterator[Function]:
    ses = cloud.client("sesv2")
    ses.create_email_identity(EmailIdentity=DOMAIN)
    yield deploy("notifier", **variables)
    ses.delete_email_identity(EmailIdentity=DOMAIN)


@pytest.fixture
def address() -> str:
    return f"{unique('ada')}@customer.example"


@pytest.fixture
def store(cloud: Cloud, sessions_table: str) -> PaymentStore:
    return PaymentStore(cloud.client("dynamodb"), sessions_table)


def settled(payment_id: str) -> PaymentSettled:
    now = "2026-01-02T03:04:05.678Z"
    return PaymentSettled(payment_id, 1250, "EUR", REGION, 1, accepted_at=now, settled_at=now)


def written(store: PaymentStore, address: str | None) -> str:
    """A payment in the table, whose customer is written to at an address; its id."""
    customer = {"reference": "customer-7", **({"email": address} if address else {})}
    payment = parse_payment(payment_json(unique("pay"), customer=customer).encode())
    store.accept(payment, region=REGION, epoch=1, now=datetime.now(UTC))
    return payment.id


def delivery(*messages: str) -> dict[str, Any]:
    """An event as SNS makes it for Lambda."""
    common = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn"}
    return {"Records": [{**common, "Sns": {"MessageId": "m", "Message": message}} for message in messages]}


def told(notifier: Function, payment_id: str) -> Answer:
    answer = notifier(delivery(settled(payment_id).text()))
    assert answer.error is None, answer.log
    return answer


def mails(cloud: Cloud, address: str) -> list[dict[str, Any]]:
    """What was sent to an address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{cloud.endpoint}/_ministack/ses/messages", timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    return [mail for sent in accounts.values() for mail in sent if mail["To"] == [address]]


def kept(cloud: Cloud, table: str, payment_id: str) -> dict[str, Any]:
    """What the notifier remembers of a payment."""
    return dict(cloud.client("dynamodb").get_item(TableName=table, Key=key(payment_id)).get("Item", {}))


def key(payment_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"notification#{sha256(json.dumps(payment_id).encode()).hexdigest()}"}}


def test_the_customer_is_told_from_the_environments_own_address(
    notifier: Function, store: PaymentStore, cloud: Cloud, address: str
) -> None:
    payment_id = written(store, address)
    answer = told(notifier, payment_id)
    assert answer.payload == {payment_id: "sent"}
    (mail,) = mails(cloud, address)
    assert mail["Source"] == SENDER
    assert payment_id in mail["BodyText"]
    assert "CustomerNotified" in answer.log
    assert address not in answer.log


def test_an_event_that_comes_again_tells_nobody(
    notifier: Function, store: PaymentStore, cloud: Cloud, address: str
) -> None:
    payment_id = written(store, address)
    told(notifier, payment_id)
    answer = told(notifier, payment_id)
    assert answer.payload == {payment_id: "sent"}
    assert "NotificationRepeated" in answer.log
    assert len(mails(cloud, address)) == 1


def test_of_several_at_once_one_tells(notifier: Function, store: PaymentStore, cloud: Cloud, address: str) -> None:
    event = delivery(settled(written(store, address)).text())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: notifier(event), range(4)))
    assert len(mails(cloud, address)) == 1
    # Who came while another one was at it fails, and comes back when that one is done.
    assert all(answer.error is None or "IdempotencyAlreadyInProgress" in answer.log for answer in answers)


def test_that_there_is_nobody_to_tell_is_remembered_too(
    notifier: Function, store: PaymentStore, cloud: Cloud, sessions_table: str
) -> None:
    payment_id = written(store, None)
    assert told(notifier, payment_id).payload == {payment_id: "nobody"}
    assert kept(cloud, sessions_table, payment_id)["status"]["S"] == "COMPLETED"
    assert "NotificationRepeated" in told(notifier, payment_id).log


def test_what_is_remembered_holds_nothing_of_the_customer_and_ends_with_the_payment(
    notifier: Function, store: PaymentStore, cloud: Cloud, sessions_table: str, address: str
) -> None:
    payment_id = written(store, address)
    told(notifier, payment_id)
    item = kept(cloud, sessions_table, payment_id)
    assert address not in json.dumps(item)
    assert abs(int(item["expires_at"]["N"]) - time.time() - KEPT_SECONDS) < 60


@pytest.mark.parametrize(("seconds", "sent"), [(-1, 1), (600, 0)], ids=["its lease is over", "its lease still runs"])
def test_an_attempt_that_crashed_is_made_again_once(
    notifier: Function,
    store: PaymentStore,
    cloud: Cloud,
    sessions_table: str,
    address: str,
    seconds: int,
    sent: int,
) -> None:
    payment_id = written(store, address)
    now = time.time()
    cloud.client("dynamodb").put_item(
        TableName=sessions_table,
        Item={
            **key(payment_id),
            "status": {"S": "INPROGRESS"},
            "in_progress_expiration": {"N": str(int((now + seconds) * 1000))},
            "expires_at": {"N": str(int(now) + KEPT_SECONDS)},
        },
    )
    answer = notifier(delivery(settled(payment_id).text()))
    assert (answer.error is None) is bool(sent)
    assert len(mails(cloud, address)) == sent


def test_what_cannot_be_sent_is_an_error_and_not_remembered(
    deploy: Deploy,
    store: PaymentStore,
    cloud: Cloud,
    sessions_table: str,
    variables: dict[str, str],
    address: str,
) -> None:
    stranger = deploy("notifier", **{**variables, "SENDER": "payments@nobody.example"})
    payment_id = written(store, address)
    answer = stranger(delivery(settled(payment_id).text()))
    assert answer.error is not None
    assert address not in answer.log
    assert kept(cloud, sessions_table, payment_id) == {}


def test_while_the_flag_is_not_on_nobody_is_told_and_the_event_is_not_done(
    deploy: Deploy, store: PaymentStore, cloud: Cloud, sessions_table: str, variables: dict[str, str], address: str
) -> None:
    name, ssm = unique("withheld"), cloud.client("ssm")
    ssm.put_parameter(Name=name, Value="off", Type="String")
    silent = deploy("notifier", **{**variables, "NOTIFICATIONS_PARAMETER": name})
    payment_id = written(store, address)
    answer = silent(delivery(settled(payment_id).text()))
    assert answer.error is not None
    assert "NotificationWithheld" in answer.log
    assert mails(cloud, address) == []
    assert kept(cloud, sessions_table, payment_id) == {}


def test_a_flag_that_cannot_be_read_tells_nobody_anything(
    deploy: Deploy, store: PaymentStore, cloud: Cloud, variables: dict[str, str], address: str
) -> None:
    blind = deploy("notifier", **{**variables, "NOTIFICATIONS_PARAMETER": "no-such-parameter"})
    assert blind(delivery(settled(written(store, address)).text())).error is not None
    assert mails(cloud, address) == []


def test_a_payment_that_the_table_does_not_hold_is_an_error(notifier: Function) -> None:
    assert notifier(delivery(settled(unique("nobody")).text())).error is not None


@pytest.mark.parametrize(
    "message",
    ["", "{}", "[]", '"text"', json.dumps({"type": "payment.settled", "version": 2}), json.dumps({"version": 1})],
)
def test_what_is_no_event_of_this_version_is_an_error(notifier: Function, message: str) -> None:
    assert notifier(delivery(message)).error is not None
    with pytest.raises(EventError):
        PaymentSettled.read(message)


def test_an_event_is_read_as_it_was_written_whatever_was_added_to_it() -> None:
    event = replace(settled("p"), amount=7)
    assert PaymentSettled.read(json.dumps({**json.loads(event.text()), "new": 1})) == event
