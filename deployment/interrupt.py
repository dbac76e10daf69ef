"""Ctrl-C, passed on once.

Child processes run in sessions of their own, so the terminal's Ctrl-C reaches this process only. Terraform takes one
interrupt as "finish what is under way, save the state, release the lock" and a second one as "die": it gets exactly one
from us, and is killed only when the person insists.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The interruptions of one command and the child processes that must hear of them."""

    def __init__(self) -> None:
        self.count = 0
        self._children: set[subprocess.Popen[str]] = set()
        self._starting = False
        self._lock = threading.RLock()

    @property
    def requested(self) -> bool:
        """Whether the person asked to stop."""
        return self.count > 0

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Handle signals ourselves until the block ends."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Start a child in a session of its own, which hears of every interruption from its first moment on.

        ``options`` are Popen's. Who starts a child watches it, or waits for it.
        """
        self._starting = True
        try:
            child: subprocess.Popen[str] = subprocess.Popen(command, text=True, start_new_session=True, **options)
            with self._lock:
                self._children.add(child)
                if self.requested:
                    _send(child, signal.SIGINT)
        finally:
            self._starting = False
        return child

    @contextlib.contextmanager
    def watching(self, child: subprocess.Popen[str]) -> Iterator[None]:
        """Pass interruptions on to a started child while the block runs; no child outlives it."""
        try:
            yield
        except BaseException:
            _send(child, signal.SIGINT)
            raise
        finally:
            child.wait()
            with self._lock:
                self._children.discard(child)

    def wait(self, child: subprocess.Popen[str]) -> int:
        """Wait for this child, watching it; its exit code. Raises KeyboardInterrupt if the person asked to stop."""
        with self.watching(child):
            code = child.wait()
        if self.requested:
            raise KeyboardInterrupt
        return code

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        with self._lock:
            self.count += 1
            running = [child for child in self._children if child.poll() is None]
            if not running and not self._starting:
                raise KeyboardInterrupt
            if self.count == 1:
                _tell("Interrupted: letting what is under way finish and save its state. Ctrl-C again kills it.")
            else:
                _tell("Interrupted again: killing.")
            for child in running:
                _send(child, signal.SIGINT if self.count == 1 else signal.SIGKILL)


def _tell(text: str) -> None:
    """Write past Python's buffers: a signal may come in the middle of a print."""
    os.write(2, f"\n{text}\n".encode())


def _send(child: subprocess.Popen[str], number: signal.Signals) -> None:
    """Signal a child; a kill goes to its whole session, because Terraform's plugins would survive it."""
    if child.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(child.pid, number)
        else:
            child.send_signal(number)
