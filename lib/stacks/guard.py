"""The guard: in each region, the queue's consumer and the mirror of the active region are as the control item says."""

from __future__ import annotations

from lib.constructs.functions import Function
from lib.constructs.parameters import STATUS
from lib.constructs.queue import Consumer
from lib.settings import WATCHER_CONCURRENCY
from lib.stacks.foundation import Foundation


class Guard:
    """The function that compares the consumer with the control item every minute, and its alarm."""

    def __init__(self, foundation: Foundation, *, consumer: Consumer) -> None:
        self.functions = {"guard": self._guard(foundation, consumer)}

    def _guard(self, here: Foundation, consumer: Consumer) -> Function:
        # Its first run says better; equal in both regions, so that neither is told of the other before there is a need.
        active_region = here.parameters.start("active-region", "none", reader=STATUS)
        guard = here.function(
            "guard",
            "Switches the queue's consumer and keeps the mirror of the active region as the control item says",
            {
                **here.sessions,
                "CONSUMER_MAPPING": consumer.id,
                "ACTIVE_REGION_PARAMETER": active_region.name,
            },
            concurrency=WATCHER_CONCURRENCY,
            timeout_seconds=30,
        )
        here.shared.sessions.grant_read_control(guard, at=here.at)
        consumer.grant_switch(guard)
        here.network.allow_functions(
            "lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping", on=[consumer.arn]
        )
        active_region.grant_mirror(guard)
        here.network.allow_parameters("ssm:GetParameter", "ssm:PutParameter", on=[active_region.arn])
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
