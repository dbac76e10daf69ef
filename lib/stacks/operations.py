"""What people look at: a region's page of metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lib.constructs.dashboard import Dashboard, Graph, Section
from lib.constructs.events import PaymentEvents
from lib.constructs.functions import Function
from lib.constructs.queue import PaymentQueue
from lib.stacks.edge import Ingress
from lib.stacks.foundation import Foundation

NOTIFIED: Final = ("CustomerNotified", "NotificationRepeated", "NobodyToNotify", "NotificationWithheld")
"""What can have become of the event of a settled payment (``lambda/notifier.py``)."""


class Operations:
    """A region's dashboard: first what a failover depends on, then what the region does."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        ingress: Ingress,
        queue: PaymentQueue,
        events: PaymentEvents,
        functions: Mapping[str, Function],
    ) -> None:
        here, shared = foundation, foundation.shared
        ledger, sessions, every = here.ledger, shared.sessions, list(functions.values())
        processor, reconciler, webhook = functions["processor"], functions["reconciler"], functions["webhook"]
        notifier = functions["notifier"]
        self.dashboard = Dashboard(
            here.scope,
            "dashboard",
            at=here.at,
            alarm_names=here.platform.alerts.alarm_names,
            sections=[
                Section(
                    "Can I fail over now? What is behind would be late, or lost",
                    [
                        Graph("Ledger behind the other region, ms (silent where it writes)", [ledger.lag]),
                        Graph("Table to the other region, ms", [sessions.lag(here.at)]),
                        Graph(
                            "Receipts and documents behind the other region, s",
                            [shared.receipts.lag(here.at), shared.documents.lag(here.at)],
                        ),
                        Graph(
                            "Unsettled payments, and the oldest in s",
                            [
                                reconciler.own("UnsettledPayments", "Maximum"),
                                reconciler.own("OldestUnsettledSeconds", "Maximum"),
                            ],
                        ),
                        Graph("Dead letters: payments, events", [queue.dead, events.dead]),
                        Graph(
                            "The other region answers (1) or not (0)",
                            [functions["probe"].own("PeerHealthy", "Minimum")],
                        ),
                    ],
                ),
                Section(
                    "What becomes of payments",
                    [
                        Graph(
                            "Accepted and refused",
                            [
                                webhook.own(name, "Sum")
                                for name in ("PaymentAccepted", "PaymentRepeated", "PaymentInvalid", "FencedRefused")
                            ],
                        ),
                        Graph("Queue: waiting, and the oldest in s", [queue.depth, queue.age]),
                        Graph(
                            "Settled, and what was not",
                            [
                                processor.own(name, "Sum")
                                for name in ("PaymentSettled", "PaymentConflict", "StaleEpoch", "LedgerUnavailable")
                            ],
                        ),
                        Graph(
                            "Events: published, delivered, and what was not",
                            [
                                *(
                                    events.metric(name)
                                    for name in (
                                        "NumberOfMessagesPublished",
                                        "NumberOfNotificationsDelivered",
                                        "NumberOfNotificationsFailed",
                                        "NumberOfNotificationsRedrivenToDlq",
                                    )
                                ),
                                processor.own("EventNotPublished", "Sum"),
                            ],
                        ),
                        Graph(
                            "Customers told, told before, without an address, and withheld",
                            [notifier.own(name, "Sum") for name in NOTIFIED],
                        ),
                        Graph("Connections to the ledger", [ledger.connections]),
                    ],
                ),
                Section(
                    "What the region does",
                    [
                        *ingress.graphs,
                        Graph(
                            "Table: units used, and throttled requests",
                            [
                                sessions.used(name)
                                for name in (
                                    "ConsumedReadCapacityUnits",
                                    "ConsumedWriteCapacityUnits",
                                    "ReadThrottleEvents",
                                    "WriteThrottleEvents",
                                )
                            ],
                        ),
                    ],
                ),
                Section(
                    "Functions",
                    [
                        Graph("Invocations", [function.metric("Invocations") for function in every]),
                        Graph("Errors", [function.metric("Errors") for function in every]),
                        Graph("Duration, ms", [function.metric("Duration", "Maximum") for function in every]),
                        Graph("At once", [function.metric("ConcurrentExecutions", "Maximum") for function in every]),
                    ],
                ),
            ],
        )
