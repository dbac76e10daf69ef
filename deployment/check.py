"""``make check``: everything that judges the code without running it; all of it runs, then the verdict."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from deployment.console import say, warn
from deployment.interrupt import Interrupts
from deployment.places import ROOT

_BIN = Path(sys.executable).parent
_CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy", "--no-error-summary")),
    ("imports", ("lint-imports",)),
    ("workflows", ("zizmor", "--offline", "--no-progress", "--quiet", ".github")),
)
_REMEDIES = {"format": "`make format` puts it right", "lint": "`make format` fixes what can be fixed by itself"}


def run(interrupts: Interrupts) -> int:
    """Run all checks; 1 if one of them found something."""
    failed = []
    for name, command in _CHECKS:
        started = time.monotonic()
        child = subprocess.Popen(
            [str(_BIN / command[0]), *command[1:]],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with interrupts.watching(child):
            output, _ = child.communicate()
        if interrupts.requested:
            raise KeyboardInterrupt
        say(f"check: {name:<10} {'FAILED' if child.returncode else 'ok'}  ({time.monotonic() - started:.1f} s)")
        if child.returncode:
            failed.append(name)
            warn(output.rstrip())
    for name in failed:
        warn(f"check: {name} failed" + (f": {_REMEDIES[name]}" if name in _REMEDIES else ""))
    return 1 if failed else 0
