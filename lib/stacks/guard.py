"""The guard: in each region, the consumer of the queue is on exactly while the region is the active one."""

from __future__ import annotations

from lib.constructs.functions import Function
from lib.constructs.queue import Consumer
from lib.settings import WATCHER_CONCURRENCY
from lib.stacks.foundation import Foundation


class Guard:
    """The function that compares the consumer with the control item every minute, and its alarm."""

    def __init__(self, foundation: Foundation, *, consumer: Consumer) -> None:
        self.functions = {"guard": self._guard(foundation, consumer)}

    def _guard(self, here: Foundation, consumer: Consumer) -> Function:
        guard = here.function(
            "guard",
            "Switches the queue's consumer on and off as the control item says",
            {**here.sessions, "CONSUMER_MAPPING": consumer.id},
            concurrency=WATCHER_CONCURRENCY,
            timeout_seconds=30,
        )
        here.shared.sessions.grant_read_control(guard, at=here.at)
        consumer.grant_switch(guard)
        here.network.allow_functions(
            "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping", on=[consumer.arn]
        )
        here.run_every_minute(guard, "guard-consumer")
        guard.watch_own(
            "consumer-differs",
            "ConsumerDiffers",
            "Maximum",
            # It reports on every run: silence means that nobody guards.
            missing="missing",
            description="The queue's consumer was not as the control item says; the guard switched it, or could not",
        )
        return guard
