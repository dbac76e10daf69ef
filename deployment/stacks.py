"""Runs Terraform on one stack: init, apply, plan, destroy, outputs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.advice import advice
from deployment.console import clock, say
from deployment.errors import DeploymentError, StoppedError
from deployment.interrupt import Interrupts
from deployment.places import shown
from deployment.progress import Failure, Progress
from deployment.synthesis import Stack
from deployment.terraform import Terraform

READER, WORKER = "reader.pid", "terraform.pid"
UNSAVED_STATE = "errored.tfstate"
"""Terraform's own name for it."""

HEARTBEAT_SECONDS = 10.0
FOLLOW_SECONDS = 0.1
LOCK_TIMEOUT = "60s"
_REFRESHING = re.compile(r": (Refreshing state|Reading|Still reading|Read complete|Opening|Closing)[. ]")
PLAN_IS_EMPTY, PLAN_HAS_CHANGES = 0, 2
_PLAN = ("plan", "-detailed-exitcode", "-input=false", "-no-color", "-compact-warnings")


@dataclass(frozen=True)
class Runner:
    """Terraform, with what it needs to run on any stack of one deployment."""

    terraform: Terraform
    environment: Mapping[str, str]
    home: Path
    logs: Path
    interrupts: Interrupts

    def init(self, stack: Stack) -> None:
        """Connect the stack with its backend and provider.

        Raises:
            DeploymentError: with Terraform's own words.
        """
        # Written by init for the provider it found; another machine's mirror may pack the same version differently.
        stack.folder.joinpath(".terraform.lock.hcl").unlink(missing_ok=True)
        log = self._log(stack, "init")
        with log.open("w", encoding="utf-8") as sink:
            child = self._start(stack, ["init", "-reconfigure", "-input=false", "-no-color"], stdout=sink)
            with self.interrupts.watching(child):
                code = child.wait()
        self._stop_if_asked(stack)
        if code:
            text = log.read_text(encoding="utf-8").strip()
            raise DeploymentError(f"{stack.name}: terraform init failed\n{_indented(text)}\n  Next: {advice(text)}")

    def apply(self, stack: Stack) -> None:
        """Make the stack what its configuration says. Raises DeploymentError."""
        self._run(stack, "apply", ["apply", "-auto-approve"])

    def destroy(self, stack: Stack) -> None:
        """Remove everything in the stack's state, refreshed: members leave a global cluster behind Terraform's back.

        Raises DeploymentError.
        """
        self._run(stack, "destroy", ["destroy", "-auto-approve"])

    def plan(self, stack: Stack, *, refresh: bool = True) -> int:
        """Show what an apply would change; 0 is nothing, 2 is something. Without ``refresh`` only the state is asked.

        No plan file is written: it could hold secrets. Raises DeploymentError.
        """
        arguments = [*_PLAN, f"-lock-timeout={LOCK_TIMEOUT}", *([] if refresh else ["-refresh=false"])]
        child = self._start(stack, arguments, stdout=subprocess.PIPE)
        shown: list[str] = []
        with self.interrupts.watching(child):
            try:
                for line in child.stdout or ():
                    if not _REFRESHING.search(line):
                        say(line.rstrip())
                        shown.append(line)
            finally:
                if child.stdout:
                    child.stdout.close()  # if nobody reads ours any more, it must not wait for us to read its own
            code = child.wait()
        self._stop_if_asked(stack)
        if code not in (PLAN_IS_EMPTY, PLAN_HAS_CHANGES):
            # The errors come last; what would change comes before them, and may hold any word.
            errors = "".join(shown).partition("\nError: ")[2]
            raise DeploymentError(f"{stack.name}: the plan failed with the message above\n  Next: {advice(errors)}")
        return code

    def changes(self, stack: Stack) -> bool:
        """Whether an apply would change something, as the log tells.

        It only reads and takes no lock: killed at any time, it leaves nothing; somebody's apply at the same time may
        show up as a change. Raises DeploymentError.
        """
        log = self._log(stack, "plan")
        with log.open("w", encoding="utf-8") as sink:
            child = self._start(stack, [*_PLAN, "-lock=false"], stdout=sink)
        pid_file = self.reader_pid_file(stack)
        pid_file.write_text(str(child.pid))
        try:
            with self.interrupts.watching(child):
                code = child.wait()
        finally:
            pid_file.unlink(missing_ok=True)
        self._stop_if_asked(stack)
        if code not in (PLAN_IS_EMPTY, PLAN_HAS_CHANGES):
            errors = log.read_text(encoding="utf-8").partition("\nError: ")[2]
            raise DeploymentError(
                f"{stack.name}: the plan failed\n{_indented(errors)}\n  Log:  {shown(log)}\n  Next: {advice(errors)}"
            )
        return code == PLAN_HAS_CHANGES

    def outputs(self, stack: Stack) -> dict[str, Any]:
        """The stack's outputs by name. Raises DeploymentError."""
        done = subprocess.run(
            [self.terraform.path, f"-chdir={stack.folder}", "output", "-json"],
            env=self._variables(stack),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DeploymentError(f"{stack.name}: the outputs cannot be read\n{_indented(done.stderr)}")
        return {name: output["value"] for name, output in json.loads(done.stdout).items() if not output["sensitive"]}

    def _run(self, stack: Stack, what: str, arguments: list[str]) -> None:
        """Run to the end while reporting progress."""
        progress = Progress(time.monotonic)
        started = time.monotonic()
        log = self._log(stack, what)
        command = [*arguments, "-json", "-input=false", f"-lock-timeout={LOCK_TIMEOUT}"]
        # To a file and not to a pipe: if this process is killed, Terraform works on and saves its state.
        with log.open("w", encoding="utf-8") as sink:
            child = self._start(stack, command, stdout=sink)
        pid_file = self.pid_file(stack)
        pid_file.write_text(str(child.pid))
        finished = threading.Event()
        reporter = threading.Thread(target=_report, args=(stack.name, progress, started, finished), daemon=True)
        reporter.start()
        try:
            with self.interrupts.watching(child):
                for line in _follow(log, child):
                    progress.feed(line)
                code = child.wait()
        finally:
            finished.set()
            reporter.join()
            pid_file.unlink(missing_ok=True)
        elapsed = clock(time.monotonic() - started)
        unsaved = self._keep_unsaved_state(stack)
        self._stop_if_asked(stack)
        if code:
            head = f"{stack.name}: {what} failed after {elapsed}, {progress.done} of {progress.total or '?'} done"
            kept = f"\n  State: could not be saved; it is kept in {shown(unsaved)}" if unsaved else ""
            raise DeploymentError(f"{head}\n{_explain(stack, progress)}{kept}\n  Log:  {shown(log)}")
        if progress.total:
            say(f"{stack.name:<10} {progress.done:>3}/{progress.total}  done in {elapsed}")
        else:
            say(f"{stack.name:<10} nothing to {'change' if what == 'apply' else 'destroy'} ({elapsed})")

    def unsaved_state(self, stack: Stack) -> Path:
        """Where a state is kept that the backend did not take: without it, what was made would be nobody's."""
        return self._data(stack) / UNSAVED_STATE

    def save_kept_state(self, stack: Stack) -> None:
        """Give the backend the state that it did not take last time. Raises DeploymentError, and keeps the state."""
        kept = self.unsaved_state(stack)
        child = self._start(stack, ["state", "push", str(kept.absolute())], stdout=subprocess.PIPE)
        with self.interrupts.watching(child):
            text = child.stdout.read() if child.stdout else ""
            code = child.wait()
        self._stop_if_asked(stack)
        if code:
            raise DeploymentError(
                f"{stack.name}: the state of an earlier run, kept in {shown(kept)}, cannot be saved\n"
                f"{_indented(text)}\n"
                "  It knows of resources that the saved state may not know: do not delete it before you have compared."
            )
        kept.unlink()
        say(f"{stack.name:<10} saved the state that an earlier run could not save")

    def _keep_unsaved_state(self, stack: Stack) -> Path | None:
        """Move the state that Terraform left beside the configuration to where every command looks for it."""
        left, kept = stack.folder / UNSAVED_STATE, self.unsaved_state(stack)
        if left.exists():
            shutil.move(left, kept)
        return kept if kept.exists() else None

    def pid_file(self, stack: Stack) -> Path:
        """Names the Terraform that works on the stack."""
        return self._data(stack) / WORKER

    def reader_pid_file(self, stack: Stack) -> Path:
        """Names the Terraform that only looks at the stack: whoever finds it left over may kill it."""
        return self._data(stack) / READER

    def unlock_command(self, stack: Stack, lock_id: str) -> str:
        """What a person types to release a state lock."""
        data, folder = shown(self._data(stack)), shown(stack.folder)
        return f'TF_DATA_DIR="$PWD/{data}" {self.terraform.path} -chdir={folder} force-unlock {lock_id}'

    def _start(self, stack: Stack, arguments: list[str], stdout: Any) -> subprocess.Popen[str]:
        if self.interrupts.requested:
            raise StoppedError(f"{stack.name}: not started, because of the interruption")
        return self.interrupts.start(
            [self.terraform.path, f"-chdir={stack.folder}", *arguments],
            env=self._variables(stack),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )

    def _stop_if_asked(self, stack: Stack) -> None:
        if self.interrupts.count > 1:
            raise StoppedError(
                f"{stack.name}: killed. What was under way may be unknown to its state: "
                "`make deploy` goes on from here, `make destroy` removes it, and both name what they stumble over."
            )
        if self.interrupts.requested:
            raise StoppedError(
                f"{stack.name}: interrupted. What was done is in the state: "
                "`make deploy` goes on from here, `make destroy` removes it."
            )

    def _variables(self, stack: Stack) -> dict[str, str]:
        return {**self.environment, "TF_DATA_DIR": str(self._data(stack))}

    def _data(self, stack: Stack) -> Path:
        folder = self.home / stack.name  # outside the synth output, which every synth writes anew
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _log(self, stack: Stack, what: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{stack.name}-{what}.{'log' if what in ('init', 'plan') else 'jsonl'}"


def _report(name: str, progress: Progress, started: float, finished: threading.Event) -> None:
    while not finished.wait(HEARTBEAT_SECONDS):
        say(f"{name:<10} {progress.line()}  [{clock(time.monotonic() - started)}]")


def _follow(log: Path, child: subprocess.Popen[str]) -> Iterator[str]:
    """The lines that the child writes, until it has ended."""
    with log.open(encoding="utf-8", errors="replace") as source:
        line = ""
        while True:
            ended = child.poll() is not None
            while text := source.readline():
                line += text
                if line.endswith("\n"):
                    yield line
                    line = ""
            if ended:
                break
            time.sleep(FOLLOW_SECONDS)
        if line:
            yield line


def _explain(stack: Stack, progress: Progress) -> str:
    """Every error with the resource, the construct that made it, the provider's words and what to do."""
    failures = progress.failures or [
        Failure("Terraform ended without a diagnosis", "\n".join(progress.unread[-20:]), "")
    ]
    parts = []
    for failure in failures:
        lines = []
        if failure.address:
            lines.append(f"  {failure.address}")
            path = stack.construct_path(failure.address)
            lines += [f"  made by the construct {path}"] if path else []
        lines.append(f"  {failure.summary}")
        lines += [f"    {line}" for line in failure.detail.strip().splitlines()]
        lines.append(f"  Next: {advice(failure.summary + ' ' + failure.detail)}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def still_running(pid_file: Path) -> int | None:
    """The process that a pid file names, if it is alive and is a Terraform."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    command = ["ps", "-ww", "-p", str(pid), "-o", "command="]  # COLUMNS would cut it off
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    return pid if "-chdir=" in listing.stdout else None
