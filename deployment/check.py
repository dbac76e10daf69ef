"""``make check``: everything that judges the code without running it; all of it runs, then the verdict.

actionlint is on no index that the lock is installed from: it runs where it is on PATH or Go can install it. Where it
cannot, the check says so and goes on, except on GitHub's runners, which have Go: there it must run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from deployment.console import say, warn
from deployment.interrupt import Interrupts
from deployment.places import ROOT, home

_BIN = Path(sys.executable).parent
_CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy", "--no-error-summary")),
    ("imports", ("lint-imports",)),
    ("workflows", ("zizmor", "--offline", "--no-progress", "--quiet", "--persona=pedantic", ".github")),
)
ACTIONLINT = "1.7.12"
_ACTIONLINT_MODULE = f"github.com/rhysd/actionlint/cmd/actionlint@v{ACTIONLINT}"
"""Go compares what it downloads with its public log of checksums, so the version names the content."""

_REMEDIES = {"format": "`make format` puts it right", "lint": "`make format` fixes what can be fixed by itself"}


def run(interrupts: Interrupts) -> int:
    """Run all checks; 1 if one of them found something."""
    failed = []
    for name, command in _CHECKS:
        if not _passes(interrupts, name, [str(_BIN / command[0]), *command[1:]]):
            failed.append(name)
    program = actionlint()
    if program:
        workflows = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(".github/workflows/*.yml"))
        # Steps call make: there is no shell or Python in them that other linters could read.
        if not _passes(interrupts, "actionlint", [program, "-no-color", "-shellcheck=", "-pyflakes=", *workflows]):
            failed.append("actionlint")
    elif os.environ.get("GITHUB_ACTIONS") == "true":
        failed.append("actionlint")
        warn(f"check: actionlint: not on PATH, and Go could not install {_ACTIONLINT_MODULE}")
    else:
        say(f"check: actionlint not run: it is not on PATH, and there is no Go that can install {ACTIONLINT}")
    for name in failed:
        warn(f"check: {name} failed" + (f": {_REMEDIES[name]}" if name in _REMEDIES else ""))
    return 1 if failed else 0


def actionlint() -> str | None:
    """The program from PATH, else as Go installed it, else None."""
    found = shutil.which("actionlint")
    if found:
        return found
    folder = home() / f"actionlint-{ACTIONLINT}"
    program = folder / "actionlint"
    if not program.exists() and shutil.which("go"):
        folder.mkdir(parents=True, exist_ok=True)
        variables = {**os.environ, "GOBIN": str(folder)}
        subprocess.run(["go", "install", _ACTIONLINT_MODULE], env=variables, capture_output=True, check=False)
    return str(program) if program.exists() else None


def _passes(interrupts: Interrupts, name: str, command: list[str]) -> bool:
    started = time.monotonic()
    child = interrupts.start(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with interrupts.watching(child):
        output, _ = child.communicate()
    if interrupts.requested:
        raise KeyboardInterrupt
    say(f"check: {name:<10} {'FAILED' if child.returncode else 'ok'}  ({time.monotonic() - started:.1f} s)")
    if child.returncode:
        warn(output.rstrip())
    return child.returncode == 0
