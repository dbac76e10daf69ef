"""Settles payments from the queue: each one in the ledger exactly once, however often its message is delivered.

Reads SESSIONS_TABLE, DATABASE_SECRET_ARN, DATABASE_WRITER_HOST, DATABASE_PORT, DATABASE_NAME,
DATABASE_TRUST_BUNDLE_SHA256, RECEIPTS_BUCKET, DOCUMENTS_BUCKET, EVENTS_TOPIC_ARN. A crash between any two steps is
repaired by the next delivery, because the payment is closed in the table last. The event may thereby be published
twice, and never not at all.
"""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.native import Connection

from domain import aws, environment
from domain.archive import Archive, ArchiveError
from domain.database import Ledger, without_data
from domain.events import EventError, EventTopic, PaymentSettled
from domain.log import logger
from domain.observability import count, instrumented
from domain.payment_index import timestamp
from domain.payment_queue import payment_id_in
from domain.payment_store import ACCEPTED, PaymentStore, StoredPayment
from domain.region_state import RegionState, State
from domain.secret_store import CredentialCache
from domain.settlement import Entry, Outcome, Settled, Settlement, StaleEpochError

# One statement's wait, and that for a connection; a batch of ten stays below the function's own time.
DATABASE_SECONDS = 5.0

_dynamodb = aws.client("dynamodb")
_s3 = aws.client("s3")
_receipts = environment.required("RECEIPTS_BUCKET")
_documents = environment.required("DOCUMENTS_BUCKET")
_ledger = Ledger.from_environment()
_writer = environment.required("DATABASE_WRITER_HOST")
_credentials = CredentialCache(aws.client("secretsmanager"), environment.required("DATABASE_SECRET_ARN"))
_store = PaymentStore(_dynamodb, environment.required("SESSIONS_TABLE"))
_events = EventTopic(aws.client("sns"), environment.required("EVENTS_TOPIC_ARN"))
_region_state = RegionState(_dynamodb, environment.required("SESSIONS_TABLE"), environment.region())


class NotSettledError(Exception):
    """The payment stays in the queue; the message says why, without anything of the payment."""


class _Connections(ExitStack):
    """One connection for all payments of a batch, opened when the first one needs it and anew after a failure."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch
        self._settlement: Settlement | None = None

    def settlement(self) -> Settlement:
        """The ledger, ready to settle. Raises what pg8000 and ssl raise."""
        if self._settlement is None:
            self._settlement = Settlement(self.enter_context(self._connect()), self.epoch)
        return self._settlement

    def _connect(self) -> Connection:
        return _ledger.open(_writer, _credentials, seconds=DATABASE_SECONDS, application="tap-processor")

    def forget(self) -> None:
        """Whatever was wrong with the connection, the next payment gets another one."""
        self.close()
        self._settlement = None


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point; the messages that must be delivered again are in the answer."""
    control = _region_state.fresh()
    archive = Archive(_s3, receipts=_receipts, documents=_documents)
    with _Connections(control.epoch) as connections:

        def settle(record: SQSRecord) -> None:
            try:
                if control.state is not State.ACTIVE:
                    count("NotActive")
                    raise NotSettledError(f"this region is {control.state}")
                _settle(record, connections, archive)
            except Exception as error:
                # The batch's answer says which messages stay, and nobody but this line says why.
                logger.warning("not settled", message_id=record.message_id, reason=without_data(error))
                raise

        # A batch of which nothing could be settled is no error of this function: the queue's age tells it.
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        return dict(process_partial_response(event=event, record_handler=settle, processor=processor, context=context))


def _settle(record: SQSRecord, connections: _Connections, archive: Archive) -> None:
    payment = _payment(record)
    if payment.status != ACCEPTED:
        return
    try:
        settled = connections.settlement().settle(payment)
    except StaleEpochError as stale:
        count("StaleEpoch")
        raise NotSettledError(str(stale)) from None
    except Exception as error:  # noqa: BLE001 - whatever stands between us and the ledger, the payment is tried again
        connections.forget()
        count("LedgerUnavailable")
        raise NotSettledError(without_data(error)) from None
    _keep(payment, settled, archive)
    if settled.entry is None:
        count("PaymentConflict")
        logger.error("conflict with the ledger", payment_id=payment.id)
        _store.close(payment, "conflict", epoch=connections.epoch, now=datetime.now(UTC))
        return
    _tell(payment, settled.entry)
    _store.close(payment, "settled", epoch=connections.epoch, now=datetime.now(UTC))
    count("PaymentSettled" if settled.outcome is Outcome.SETTLED else "PaymentSettledBefore")
    logger.info("settled", payment_id=payment.id, outcome=settled.outcome.value)


def _keep(payment: StoredPayment, settled: Settled, archive: Archive) -> None:
    """Keep the document and, of what was settled, the receipt: before the table's item may expire."""
    try:
        archive.keep_document(payment)
        if settled.entry is not None:
            archive.keep_receipt(payment, settled.entry)
    except ArchiveError as error:
        count("ArchiveUnavailable")
        raise NotSettledError(str(error)) from None


def _tell(payment: StoredPayment, entry: Entry) -> None:
    """Publish the event; without it the payment is not closed, so that the next delivery makes up for it."""
    event = PaymentSettled(
        payment_id=payment.id,
        amount=payment.amount,
        currency=payment.currency,
        region=entry.region,
        epoch=entry.epoch,
        accepted_at=timestamp(entry.accepted_at.astimezone(UTC)),
        settled_at=timestamp(entry.settled_at.astimezone(UTC)),
    )
    try:
        _events.publish(event)
    except EventError as reason:
        count("EventNotPublished")
        raise NotSettledError(str(reason)) from None


def _payment(record: SQSRecord) -> StoredPayment:
    payment_id = payment_id_in(record.body)
    if payment_id is None:
        count("MessageUnreadable")
        raise NotSettledError("the message names no payment")
    payment = _store.find(payment_id)
    if payment is None:
        count("PaymentMissing")
        raise NotSettledError("the message names a payment that the table does not hold")
    return payment
