"""What runs inside a region stands still while the region is lost: MiniStack's own paths, which pass no gate.

Functions are killed and not started; queues, streams, schedules and topics call nobody. Alarms are judged when data
comes in by the API, before which the gate stands. Executions of Step Functions stop where they are and go on from there
when the region is given back, as AWS keeps their state: a task that was under way has failed, and its retries and
catches follow.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from embedded.server.gate import delayed
from embedded.server.outage import DEAD, FUNCTIONS, Condition, Outage
from embedded.server.patching import Gap, Service, around, around_method, close_gaps

FAILING = {
    "body": {"errorMessage": "No function works here now.", "errorType": "Functions.Failing"},
    "error": True,
    "log": "",
}
LOST = {"body": {"errorMessage": "The region is gone.", "errorType": "Region.Lost"}, "error": True, "log": ""}


class Guards:
    """Holds what MiniStack does by itself against the outage."""

    def __init__(self, outage: Outage) -> None:
        self._outage = outage
        self._runtime: Any = None

    def install(self) -> None:
        """Raises MissingNameError from another MiniStack."""
        close_gaps(
            [
                Gap(
                    "core.lambda_runtime",
                    ("_lock", "_workers", "Worker", "_account_region_from_function_config"),
                    self._start,
                ),
                Gap("services.lambda_svc", ("_execute_function", "_account_region_from_function_config"), self._invoke),
                Gap("services.lambda_svc", ("_iter_all_esms",), self._poll),
                Gap("services.eventbridge", ("_invoke_target", "get_region"), self._deliver),
                Gap("services.sns", ("_deliver_to_sqs", "_deliver_to_lambda", "get_region"), self._fan_out),
                Gap(
                    "services.stepfunctions",
                    ("_add_event", "_invoke_resource", "_ExecutionError", "get_region"),
                    self._step,
                ),
            ]
        )
        self._outage.listen(self._kill)

    def _start(self, runtime: Service) -> None:
        self._runtime = runtime

        @around_method(runtime.Worker, "_spawn")
        def spawn(original: Any, worker: Any) -> None:
            original(worker)
            if not self._outage.lives(runtime._account_region_from_function_config(worker.config)[1]):
                worker._proc.kill()  # it was being started while all others were killed

    def _kill(self, region: str, _before: Condition, now: Condition) -> None:
        if now.mode != DEAD:
            return
        for process in self._processes(region):
            with contextlib.suppress(OSError):
                process.kill()

    def _processes(self, region: str) -> Iterator[Any]:
        with self._runtime._lock:
            pools = [pool for key, pool in self._runtime._workers.items() if key.split(":")[1] == region]
            workers = [worker for pool in pools for worker in pool]
        return (worker._proc for worker in workers if worker._proc is not None)

    def _invoke(self, functions: Service) -> None:
        @around(functions, "_execute_function")
        def execute(original: Any, function: dict[str, Any], event: Any) -> Any:
            region = functions._account_region_from_function_config(function.get("config") or function)[1]
            delay = self._outage.delay(region)
            if delay and not delayed.get():
                delayed.set(True)
                time.sleep(delay)
            if not self._outage.lives(region):
                return LOST
            if self._outage.condition(region).mode == FUNCTIONS:
                return dict(FAILING)
            answer = original(function, event)
            return answer if self._outage.lives(region) else LOST

    def _poll(self, functions: Service) -> None:
        @around(functions, "_iter_all_esms")
        def mappings(original: Any) -> Iterator[Any]:
            return ((account, region, each) for account, region, each in original() if self._outage.lives(region))

    def _deliver(self, events: Service) -> None:
        @around(events, "_invoke_target")
        def invoke(original: Any, target: dict[str, Any], *rest: Any, **named: Any) -> None:
            if self._outage.connected(here := events.get_region(), _region(target.get("Arn", ""), here)):
                original(target, *rest, **named)

    def _fan_out(self, topics: Service) -> None:
        for name in ("_deliver_to_sqs", "_deliver_to_lambda"):

            @around(topics, name)
            def deliver(original: Any, endpoint: str, *rest: Any, **named: Any) -> None:
                here = topics.get_region()
                if self._outage.connected(here, _region(endpoint, here)):
                    original(endpoint, *rest, **named)

    def _step(self, workflows: Service) -> None:
        @around(workflows, "_add_event")
        def add_event(original: Any, *arguments: Any, **named: Any) -> Any:
            self._outage.wait_until_it_lives(workflows.get_region())
            return original(*arguments, **named)

        @around(workflows, "_invoke_resource")
        def invoke(original: Any, *arguments: Any, **named: Any) -> Any:
            region = workflows.get_region()
            answer = original(*arguments, **named) if self._outage.lives(region) else None
            if not self._outage.lives(region):  # whatever it did, nobody here hears of it
                raise workflows._ExecutionError("States.TaskFailed", f"{region} was lost while the task ran.")
            return answer


def _region(arn: str, here: str) -> str:
    """The region that an ARN names, or this one."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[3] else here
