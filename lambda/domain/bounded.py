"""A bound on the time of work that has no bound of its own, such as a name's resolution."""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class TimeUp(Exception):
    """The work was not done in time; it may still be running."""


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, or raise what it raises; raise TimeUp after ``seconds``.

    The thread that is left behind is a daemon: it ends by the timeouts of its own sockets, and holds no exit up.
    """
    outcome: queue.Queue[tuple[bool, Result | BaseException]] = queue.Queue(1)

    def run() -> None:
        try:
            outcome.put((True, work()))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
            outcome.put((False, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        done, value = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeUp(f"not done within {seconds} s") from None
    if not done:
        assert isinstance(value, BaseException)
        raise value
    return value  # type: ignore[return-value]  # the flag tells which of the two it is
