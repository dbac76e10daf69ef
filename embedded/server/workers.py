"""A function's processes die in the middle of their work: ``POST /_embedded/functions/<region>/<name>/kill``.

The answer says how many died (``killed``) and how many of them were at work (``busy``). ``POST .../kill-busy`` spares
those that were not. Lambda starts new ones for the next calls, and whoever had called hears of an error.

A queue's consumer has as many at work at once as this machine has cores for, however many its mapping allows: hundreds
of processes that all start at once would keep everything else from answering, for minutes.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from typing import Any

from embedded.server.patching import Gap, Service, around, close_gaps

GONE_SECONDS = 5.0
BATCHES_AT_ONCE = 2 * (os.cpu_count() or 1)


class Workers:
    """The processes of MiniStack's Lambda."""

    def __init__(self) -> None:
        self._runtime: Any = None

    def install(self) -> None:
        """Raises MissingNameError from another MiniStack."""
        close_gaps(
            [
                Gap("core.lambda_runtime", ("_lock", "_workers", "Worker"), self._attach),
                Gap("services.lambda_svc", ("_sqs_esm_concurrency",), _within_the_machine),
            ]
        )

    def control(self, method: str, rest: str) -> tuple[int, dict[str, object]]:
        """The route ``/_embedded/functions``."""
        region, _, then = rest.partition("/")
        name, _, verb = then.partition("/")
        if method != "POST" or verb not in ("kill", "kill-busy"):
            return 404, {"message": "POST <region>/<function>/kill and .../kill-busy are all there is"}
        busy = idle = 0
        for worker, process in self._processes(region, name):
            if worker.in_use or verb == "kill":
                with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                    process.kill()
                    process.wait(GONE_SECONDS)  # until then it would be given another call
                busy, idle = busy + worker.in_use, idle + (not worker.in_use)
        return 200, {"killed": busy + idle, "busy": busy}

    def _attach(self, runtime: Service) -> None:
        self._runtime = runtime

    def _processes(self, region: str, name: str) -> Iterator[tuple[Any, Any]]:
        """The processes that run, with the worker that each belongs to."""
        with self._runtime._lock:
            pools = [pool for key, pool in self._runtime._workers.items() if key.split(":")[1:3] == [region, name]]
            workers = [worker for pool in pools for worker in pool]
        for worker in workers:
            process = worker._proc
            if process is not None and process.poll() is None:
                yield worker, process


def _within_the_machine(functions: Service) -> None:
    @around(functions, "_sqs_esm_concurrency")
    def concurrency(original: Any, *mapping: Any) -> int:
        return min(int(original(*mapping)), BATCHES_AT_ONCE)
