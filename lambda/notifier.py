"""Tells the customer by e-mail that a payment is settled: once, however often the event comes.

Reads SESSIONS_TABLE, SENDER, NOTIFICATIONS_PARAMETER. The last one is a flag: while its value is not ``on`` nobody is
told anything, and the events end in the dead-letter queue, from which they can be sent on later. Takes an event of the
topic. What was done is kept beside the payment for as long: an attempt that crashed is made again when its lease (the
function's own time) is over, and a failed one at once.
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SNSEvent
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.events import PaymentSettled
from domain.log import logger
from domain.observability import count, instrumented
from domain.payment_store import KEPT_SECONDS, PaymentStore

SUBJECT = "Your payment has been settled"
TEXT = "Your payment {payment_id} has been settled.\n\nNobody reads answers to this message.\n"

FLAG_SECONDS = 30
"""How long an old value of the flag may count; Parameter Store takes 40 requests a second.

https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

_dynamodb = aws.client("dynamodb")
_parameters = SSMProvider(boto3_client=aws.client("ssm"))
_flag = environment.required("NOTIFICATIONS_PARAMETER")
_mail = aws.client("sesv2", once=True)
_sender = environment.required("SENDER")
_store = PaymentStore(_dynamodb, environment.required("SESSIONS_TABLE"))


class WithheldError(Exception):
    """Somebody has switched notifications off."""


def _repeated(response: Any, idempotent_data: DataRecord) -> Any:  # noqa: ARG001 - the library names it
    count("NotificationRepeated")
    return response


_idempotency = IdempotencyConfig(
    expires_after_seconds=KEPT_SECONDS,
    hash_function="sha256",
    response_hook=_repeated,
    raise_on_no_idempotency_key=True,
)
_notifications = DynamoDBPersistenceLayer(
    environment.required("SESSIONS_TABLE"), key_attr="pk", expiry_attr="expires_at", boto3_client=_dynamodb
)


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point. What it raises brings the event back, and in the end to the dead-letter queue."""
    _idempotency.register_lambda_context(context)
    if _parameters.get(_flag, max_age=FLAG_SECONDS) != "on":
        count("NotificationWithheld")
        raise WithheldError(f"{_flag} is not on")
    settled = [PaymentSettled.read(record.sns.message) for record in SNSEvent(event).records]
    return {each.payment_id: _notify(payment_id=each.payment_id) for each in settled}


def _write_to_customer(*, payment_id: str) -> str:
    """Return ``sent``, or ``nobody`` when the sender has named no address."""
    address = _store.customer_email(payment_id)
    if address is None:
        count("NobodyToNotify")
        logger.info("nobody to notify", payment_id=payment_id)
        return "nobody"
    _mail.send_email(
        FromEmailAddress=_sender,
        Destination={"ToAddresses": [address]},
        Content={
            "Simple": {"Subject": {"Data": SUBJECT}, "Body": {"Text": {"Data": TEXT.format(payment_id=payment_id)}}}
        },
    )
    count("CustomerNotified")
    logger.info("customer notified", payment_id=payment_id)
    return "sent"


_notify: Callable[..., str] = idempotent_function(
    _write_to_customer,
    data_keyword_argument="payment_id",
    persistence_store=_notifications,
    config=_idempotency,
    key_prefix="notification",
)
