"""From the queue into the ledger: queue, processor, reconciler, and the alarms on what they find out."""

from __future__ import annotations

from typing import Final

from lib.constructs.events import PaymentEvents
from lib.constructs.functions import Function
from lib.constructs.parameters import STATUS
from lib.constructs.queue import PaymentQueue
from lib.settings import RECONCILER_CONCURRENCY
from lib.stacks.foundation import Foundation

PROCESSOR_TIMEOUT_SECONDS: Final = 60
ARCHIVE_PREFIX: Final = "payments/"
"""Under which the processor writes receipts and documents (``lambda/domain/archive.py``)."""

UNSETTLED_ALARM_SECONDS: Final = 300
"""A third of the time in which a failover must have settled what was accepted."""


class Settlement:
    """What settles payments: equal in both regions, at work in the active one."""

    def __init__(self, foundation: Foundation, *, events: PaymentEvents) -> None:
        self._foundation, self._events = foundation, events
        self.queue = PaymentQueue(
            foundation.scope,
            "queue",
            at=foundation.at,
            key=foundation.key,
            consumer_timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
            alerts=foundation.platform.alerts,
        )
        processor, reconciler = self._processor(), self._reconciler()
        self.functions = {"processor": processor, "reconciler": reconciler}

    def _processor(self) -> Function:
        here, settings = self._foundation, self._foundation.settings
        processor = here.function(
            "processor",
            "Settles payments from the queue",
            {
                **here.sessions,
                **here.writer,
                "RECEIPTS_BUCKET": here.shared.receipts.name_in(here.region),
                "DOCUMENTS_BUCKET": here.shared.documents.name_in(here.region),
                "EVENTS_TOPIC_ARN": self._events.arn,
            },
            concurrency=settings.settlement_concurrency,
            timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
        )
        here.shared.sessions.grant_close(processor, at=here.at)
        here.shared.database_secret.grant_read(processor, region=here.region)
        kept = (here.shared.receipts, here.shared.documents)
        here.parameters.tell("receipts-bucket", here.shared.receipts.name_in(here.region), reader=STATUS)
        here.parameters.tell("documents-bucket", here.shared.documents.name_in(here.region), reader=STATUS)
        for bucket in kept:
            bucket.grant_put(processor, region=here.region, prefix=ARCHIVE_PREFIX)
        here.network.allow_s3("s3:PutObject", on=[bucket.objects_in(here.region, ARCHIVE_PREFIX) for bucket in kept])
        self._events.grant_publish(processor)
        self.consumer = self.queue.feed(
            processor, enabled=here.role.settles_at_first, concurrency=settings.settlement_concurrency
        )
        processor.watch_own(
            "payments-conflict",
            "PaymentConflict",
            "Sum",
            description="A payment contradicts the ledger; it is in ledger.conflicts and is not settled",
        )
        processor.watch_own(
            "payments-stale-epoch",
            "StaleEpoch",
            "Sum",
            description="The ledger is in another epoch than this region; until they agree nothing is settled",
        )
        return processor

    def _reconciler(self) -> Function:
        here = self._foundation
        reconciler = here.function(
            "reconciler",
            "Enqueues payments that were accepted and not settled, or that a failover has lost",
            {
                **here.sessions,
                **here.writer,
                "DATABASE_READER_HOST": here.ledger.reader_endpoint,
                "QUEUE_URL": self.queue.url,
            },
            concurrency=RECONCILER_CONCURRENCY,
            timeout_seconds=50,
        )
        here.shared.sessions.grant_reconcile(reconciler, at=here.at)
        here.shared.database_secret.grant_read(reconciler, region=here.region)
        self.queue.grant_refill(reconciler)
        here.network.allow_queues("sqs:GetQueueAttributes", "sqs:SendMessage", on=[self.queue.arn])
        here.run_every_minute(reconciler, "reconcile")
        reconciler.watch_own(
            "payments-unsettled",
            "OldestUnsettledSeconds",
            "Maximum",
            threshold=UNSETTLED_ALARM_SECONDS,
            description=f"A payment was accepted more than {UNSETTLED_ALARM_SECONDS} s ago and is not settled",
        )
        reconciler.watch_own(
            "payments-reopened",
            "ReopenedPayments",
            "Sum",
            description="Payments that were settled are missing in the ledger after a failover, and are settled again",
        )
        return reconciler
