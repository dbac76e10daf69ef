"""The event of a settled payment: whose id, how much and when, and nothing of the customer."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

TYPE: Final = "payment.settled"
VERSION: Final = 1
"""Fields may be added to a version; who takes one away or changes its meaning begins the next."""


class EventError(Exception):
    """The topic does not take events now, or a message is no event; the text holds nothing of the payment."""


@dataclass(frozen=True)
class PaymentSettled:
    """What the ledger says of a payment, so that the event is the same however often it is published.

    ``amount`` in minor units, ``region`` where it was accepted, ``epoch`` in which it was settled; times in UTC.
    """

    payment_id: str
    amount: int
    currency: str
    region: str
    epoch: int
    accepted_at: str
    settled_at: str

    def text(self) -> str:
        """The event as the topic gets it."""
        return json.dumps({"type": TYPE, "version": VERSION, **asdict(self)})

    @classmethod
    def read(cls, text: str) -> Self:
        """The event in a message; fields that nobody here knows are passed over. Raises EventError."""
        try:
            content: dict[str, Any] = json.loads(text)
            if (content["type"], content["version"]) != (TYPE, VERSION):
                raise EventError("the message is an event of another type or version")
            return cls(**{name: content[name] for name in cls.__dataclass_fields__})
        except (ValueError, TypeError, KeyError):
            raise EventError("the message is no event of a settled payment") from None


class EventTopic:
    """This region's topic of settled payments."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client, self._arn = client, arn

    def publish(self, event: PaymentSettled) -> None:
        """Tell everybody who has subscribed, at least once. Raises EventError."""
        try:
            self._client.publish(TopicArn=self._arn, Message=event.text())
        except ClientError as error:
            raise EventError(f"SNS: {error.response['Error']['Code']}") from None
        except BotoCoreError as error:
            raise EventError(f"SNS: {type(error).__name__}") from None
