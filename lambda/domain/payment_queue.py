"""Accepted payments on their way to the ledger. A message names a payment; the content stays in the table."""

import json
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class QueueError(Exception):
    """The queue does not take messages now; the message holds nothing of the payment."""


class PaymentQueue:
    """This region's queue."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def send(self, payment_id: str) -> None:
        """Enqueue a payment. Raises QueueError."""
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps({"payment_id": payment_id}))
        except (ClientError, BotoCoreError) as error:
            raise _refused(error) from None

    def backlog(self) -> int:
        """How many messages wait or are being worked on (or wait for the next try), roughly. Raises QueueError."""
        try:
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(_COUNTS))
        except (ClientError, BotoCoreError) as error:
            raise _refused(error) from None
        return sum(int(answer["Attributes"][name]) for name in _COUNTS)


def _refused(error: ClientError | BotoCoreError) -> QueueError:
    reason = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return QueueError(f"SQS: {reason}")


def payment_id_in(body: str) -> str | None:
    """The payment that a message names; None if it names none."""
    try:
        named = json.loads(body)
    except ValueError:
        return None
    payment_id = named.get("payment_id") if isinstance(named, dict) else None
    return payment_id if isinstance(payment_id, str) and payment_id else None
