"""What is kept of a payment beside the ledger: a receipt without personal data, and the document as it was reported.

Both are written once under a key that follows from the payment, so that doing it again changes nothing.
"""

import json
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from domain.payment_store import StoredPayment
from domain.settlement import Entry

# The functions may write under this prefix and nowhere else.
PREFIX = "payments/"


class ArchiveError(Exception):
    """S3 takes nothing now; the message holds nothing of the payment."""


class Archive:
    """This region's buckets, for one batch: once S3 has failed, the rest of the batch does not wait for it again."""

    def __init__(self, client: Any, *, receipts: str, documents: str) -> None:
        self._client, self._receipts, self._documents = client, receipts, documents
        self._failure: str | None = None

    def keep_document(self, payment: StoredPayment) -> None:
        """Keep what the sender reported: the table's item expires, and the other region may overwrite it.

        Raises ArchiveError.
        """
        self._put(self._documents, f"{PREFIX}{payment.id}/{payment.body_sha256}.json", document(payment))

    def keep_receipt(self, payment: StoredPayment, entry: Entry) -> None:
        """Keep the proof that the ledger has ``payment``. Raises ArchiveError."""
        day = entry.accepted_at.astimezone(UTC)
        self._put(self._receipts, f"{PREFIX}{day:%Y/%m/%d}/{payment.id}.json", receipt(payment, entry))

    def _put(self, bucket: str, key: str, content: dict[str, Any]) -> None:
        if self._failure is not None:
            raise ArchiveError(self._failure)
        try:
            self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=_canonical(content),
                ContentType="application/json",
                # What is there already has the same content, and nobody may replace it by way of this function.
                IfNoneMatch="*",
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code != "PreconditionFailed":
                raise self._failed(code) from None
        except BotoCoreError as error:
            raise self._failed(type(error).__name__) from None

    def _failed(self, reason: str) -> ArchiveError:
        self._failure = f"S3: {reason}"
        return ArchiveError(self._failure)


def receipt(payment: StoredPayment, entry: Entry) -> dict[str, Any]:
    """What the ledger's row says, and nothing of the customer."""
    return {
        "payment_id": payment.id,
        "body_sha256": payment.body_sha256,
        "amount": payment.amount,
        "currency": payment.currency,
        "region": entry.region,
        "epoch": entry.epoch,
        "accepted_at": _timestamp(entry.accepted_at),
        "settled_at": _timestamp(entry.settled_at),
    }


def document(payment: StoredPayment) -> dict[str, Any]:
    """The payment as the sender's body had it: as JSON it has the sha-256 that the receipt names."""
    customer = {"reference": payment.customer_reference}
    if payment.customer_email is not None:
        customer["email"] = payment.customer_email
    content: dict[str, Any] = {
        "id": payment.id,
        "amount": payment.amount,
        "currency": payment.currency,
        "customer": customer,
    }
    if payment.description is not None:
        content["description"] = payment.description
    return content


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
