"""A payment provider's side: a steady stream of signed webhooks, each sent again until it is accepted.

What is sent again is the same payment with the same id and the same body, signed anew; the pauses grow.
"""

from __future__ import annotations

import heapq
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from deployment import payment
from drill.records import Attempt

PATH: Final = "/v1/webhooks/payments"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
"""Seconds before the second attempt, doubled for each further one. Providers wait longer; that would only blur."""

TIMEOUT_SECONDS: Final = 10.0
SENDERS: Final = 8
"""Attempts under way at once: a provider holds back, too, rather than bury a platform that is slow."""

SEED: Final = 1


class Name(Protocol):
    """The platform's name, as a client's resolver knows it."""

    def region(self) -> str:
        """Where it leads now; an empty text if nowhere. Answers are kept as long as their TTL says."""

    def call(self, region: str, body: str, headers: dict[str, str], timeout: float) -> payment.Answer:
        """Send a webhook there. Raises OSError if nobody answered."""


@dataclass(order=True)
class _Due:
    """A payment whose next attempt is due."""

    at: float
    order: int
    number: int = field(compare=False)
    id: str = field(compare=False)
    body: str = field(compare=False)


class Traffic:
    """The stream. Every method may be called from any thread."""

    def __init__(self, name: Name, key: str, *, rate: float, run: str, seen: Callable[[Attempt], None]) -> None:
        """``rate`` payments a second, with ids that begin with ``run``; ``seen`` is told of every attempt."""
        self._name, self._key, self._rate, self._run, self._seen = name, key, rate, run, seen
        self._random = random.Random(SEED)  # noqa: S311 - amounts and pauses, no secrets
        self._changed = threading.Condition()
        self._due: list[_Due] = []
        self._sent = self._under_way = 0
        self._flowing, self._stopped = True, False
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]
        self._threads.append(threading.Thread(target=self._flow, daemon=True))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self, seconds: float) -> bool:
        """Send no new payments, and wait until all that were sent are accepted; whether that came about in time."""
        with self._changed:
            self._flowing = False
            done = self._changed.wait_for(lambda: not self._due and not self._under_way, seconds)
        self.stop()
        return done

    def stop(self) -> None:
        """End at once."""
        with self._changed:
            self._flowing, self._stopped = False, True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(TIMEOUT_SECONDS + 1)

    def _flow(self) -> None:
        started = time.monotonic()
        while True:
            with self._changed:
                if not self._flowing:
                    return
                number, self._sent = self._sent, self._sent + 1
                heapq.heappush(self._due, _Due(time.monotonic(), number, 1, *self._payment(number)))
                self._changed.notify()
            time.sleep(max(0.0, started + (number + 1) / self._rate - time.monotonic()))

    def _payment(self, number: int) -> tuple[str, str]:
        id_ = f"{self._run}-{number:05d}"
        content = {
            "id": id_,
            "amount": self._random.randint(100, 99_999),
            "currency": "EUR",
            "customer": {"reference": "drill"},
        }
        return id_, json.dumps(content)

    def _send(self) -> None:
        while (due := self._next()) is not None:
            attempt = self._attempt(due)
            self._seen(attempt)
            with self._changed:
                self._under_way -= 1
                if not _final(attempt.status):
                    pause = min(FIRST_PAUSE * 2 ** (due.number - 1), LONGEST_PAUSE) * self._random.uniform(0.8, 1.2)
                    again = _Due(time.monotonic() + pause, due.order, due.number + 1, due.id, due.body)
                    heapq.heappush(self._due, again)
                self._changed.notify_all()

    def _next(self) -> _Due | None:
        """Wait for the attempt that is due first; None at the end."""
        with self._changed:
            while not self._stopped:
                wait = self._due[0].at - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    self._under_way += 1
                    return heapq.heappop(self._due)
                self._changed.wait(wait)
            return None

    def _attempt(self, due: _Due) -> Attempt:
        sent, started = time.time(), time.monotonic()
        headers = {
            "Content-Type": "application/json",
            "Tap-Signature": payment.signature(self._key, due.body, now=int(sent)),
        }
        region, status, problem = "", 0, ""
        try:
            region = self._name.region()
            if region:
                status = self._name.call(region, due.body, headers, TIMEOUT_SECONDS).status
            else:
                problem = "the name leads nowhere"
        except OSError as error:
            problem = f"{type(error).__name__}: {error}"
        return Attempt(sent, time.monotonic() - started, due.id, due.number, region, status, problem)


def _final(status: int) -> bool:
    """Whether a provider sends it no more: accepted, or refused for what it says."""
    return status in (200, 202, 400, 401, 409, 413, 415)
