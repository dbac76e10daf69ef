"""What answers HTTP: webhooks, lookups and health."""

from __future__ import annotations

from typing import Final

from lib.constructs.functions import Function
from lib.constructs.parameters import STATUS
from lib.constructs.queue import PaymentQueue
from lib.stacks.foundation import Foundation

CONTROL_CACHE_SECONDS: Final = 5
"""How long a function may go on with a region's old state; a term of every recovery time."""

VERDICT_CACHE_SECONDS: Final = 5
"""How long a health function may repeat its last verdict on the ledger; a term of every recovery time."""


class Serving:
    """The functions behind the ingress; ``routes`` says which operation of the OpenAPI document is whose."""

    def __init__(self, foundation: Foundation, *, queue: PaymentQueue) -> None:
        self._foundation = foundation
        sessions, at = foundation.shared.sessions, foundation.at
        foundation.network.allow_dynamodb("dynamodb:Query", on=sessions.index_arns(at))
        foundation.network.allow_dynamodb(
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            on=[sessions.arn(at)],
        )
        foundation.parameters.tell("sessions-table", sessions.name, reader=STATUS)
        webhook, payments = self._webhook(queue), self._payments()
        live, database = self._live(), self._database()
        self.functions = {
            "webhook": webhook,
            "payments": payments,
            "health-live": live,
            "health-database": database,
        }
        self.routes = {
            "acceptPayment": webhook,
            "readPayment": payments,
            "listPayments": payments,
            "live": live,
            "active": live,
            "database": database,
        }

    @property
    def _signing(self) -> dict[str, str]:
        return {"SIGNING_SECRET_ARN": self._foundation.shared.signing_secret.arn_in(self._foundation.region)}

    def _webhook(self, queue: PaymentQueue) -> Function:
        here = self._foundation
        webhook = here.function(
            "webhook",
            "Accepts signed payment webhooks",
            {
                **here.sessions,
                **self._signing,
                "CONTROL_CACHE_SECONDS": str(CONTROL_CACHE_SECONDS),
                "QUEUE_URL": queue.url,
            },
            concurrency=here.settings.webhook_concurrency,
            timeout_seconds=10,
        )
        here.shared.sessions.grant_accept(webhook, at=here.at)
        here.shared.signing_secret.grant_read(webhook, region=here.region)
        queue.grant_send(webhook)
        webhook.watch_own(
            "payments-not-enqueued",
            "NotEnqueued",
            "Sum",
            description="An accepted payment could not be enqueued; the reconciler will do it",
        )
        return webhook

    def _payments(self) -> Function:
        here = self._foundation
        payments = here.function(
            "payments",
            "Tells the status of payments",
            {**here.sessions, **self._signing},
            concurrency=here.settings.payments_concurrency,
            timeout_seconds=10,
        )
        here.shared.sessions.grant_look_up(payments, at=here.at)
        here.shared.signing_secret.grant_read(payments, region=here.region)
        return payments

    def _live(self) -> Function:
        here = self._foundation
        live = here.function(
            "health-live",
            "Answers /health/live and /health/active",
            here.sessions,
            concurrency=here.settings.health_concurrency,
            timeout_seconds=3,
        )
        here.shared.sessions.grant_read_control(live, at=here.at)
        return live

    def _database(self) -> Function:
        here = self._foundation
        database = here.function(
            "health-database",
            "Answers /health/database",
            {
                **here.sessions,
                **here.writer,
                "DATABASE_READER_HOST": here.ledger.reader_endpoint,
                "VERDICT_CACHE_SECONDS": str(VERDICT_CACHE_SECONDS),
            },
            concurrency=here.settings.health_concurrency,
            timeout_seconds=5,
        )
        here.shared.sessions.grant_read_control(database, at=here.at)
        here.shared.database_secret.grant_read(database, region=here.region)
        return database
