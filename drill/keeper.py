"""Outlives a drill that is killed, and puts in order what it has left: a lost region, an embedded AWS of its own.

A process of its own that does nothing but wait for its standard input to end. The drill says on it what it has made,
and ``done`` when all is in order; if it ends without that, the drill is dead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from deployment import places, target
from deployment.stacks import READER, WORKER, still_running
from embedded import control

DONE: Final = "done"
OWNS: Final = "owns the embedded AWS"


class Keeper:
    """The drill's end of it."""

    def __init__(self, *, enabled: bool) -> None:
        """In an account a drill takes nothing away, so there is nothing to keep."""
        self._enabled = enabled
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        if self._enabled:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "drill.keeper"],
                cwd=places.ROOT,
                stdin=subprocess.PIPE,
                text=True,
                start_new_session=True,  # what ends the drill must not end it
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it: at once if all went well; otherwise it looks whether the drill has put everything in order."""
        if kind is None:
            self._say(DONE)
        if self._child:
            self._child.communicate()

    def owns_embedded_aws(self) -> None:
        """The embedded AWS is the drill's own, and goes with it."""
        self._say(OWNS)

    def _say(self, word: str) -> None:
        if self._child and self._child.stdin:
            self._child.stdin.write(f"{word}\n")
            self._child.stdin.flush()


def keep(lines: Iterable[str]) -> None:
    """Wait for the end of the drill, and clear up after it if it did not itself."""
    said = {line.strip() for line in lines}
    if DONE in said:
        return
    _end_terraform(READER)
    if OWNS in said:
        _end_terraform(WORKER)
        target.leave(target.attach("embedded"))
        return
    _give_back()


def _end_terraform(named: str) -> None:
    """A killed drill leaves its Terraform at work; without its AWS it would only try again and again."""
    for pid_file in (places.home() / "terraform").glob(f"*/*/{named}"):
        pid = still_running(pid_file)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # its plugins too


def _give_back() -> None:
    place = target.attach("embedded")
    if not isinstance(place, target.Embedded):
        return
    endpoint = place.emulator.endpoint
    control.stop_checks(endpoint)
    for region in control.call(endpoint, "GET", "regions"):
        control.restore(endpoint, region)
        control.start_database(endpoint, region)


def main() -> int:
    """Wait on standard input, whatever a terminal or a shutdown signals in the meantime."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    keep(sys.stdin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
