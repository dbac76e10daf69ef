"""Runs a step on every stack, in dependency order, at the same time where the dependencies allow it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from deployment.errors import DeploymentError, StoppedError
from deployment.synthesis import Stack

_POLL_SECONDS = 0.2
"""The main thread wakes this often, so that a signal is handled at once."""


def forwards(stacks: Sequence[Stack]) -> dict[str, set[str]]:
    """Which of the stacks must be finished before each: those it depends on."""
    names = {stack.name for stack in stacks}
    return {stack.name: set(stack.dependencies) & names for stack in stacks}


def backwards(stacks: Sequence[Stack]) -> dict[str, set[str]]:
    """The same for destroying: those that depend on it."""
    return {stack.name: {other.name for other in stacks if stack.name in other.dependencies} for stack in stacks}


def run(stacks: Sequence[Stack], before: dict[str, set[str]], step: Callable[[Stack], None]) -> None:
    """Run ``step`` on all stacks; after a failure nothing new starts, and what runs may finish.

    Raises:
        DeploymentError: of every stack that failed.
    """
    waiting = {stack.name: stack for stack in stacks}
    finished: set[str] = set()
    running: dict[Future[None], str] = {}
    failures: list[DeploymentError] = []
    with ThreadPoolExecutor(max_workers=len(stacks) or 1) as pool:
        while waiting or running:
            if not failures:
                for name in [name for name in waiting if before[name] <= finished]:
                    running[pool.submit(step, waiting.pop(name))] = name
            if not running:
                break
            done, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                error = future.exception()
                if error is None:
                    finished.add(name)
                elif isinstance(error, DeploymentError):
                    failures.append(error)
                else:
                    raise error
    if failures:
        raise _together(failures, list(waiting))


def _together(failures: list[DeploymentError], not_started: list[str]) -> DeploymentError:
    text = "\n\n".join(str(failure) for failure in failures)
    if not_started:
        text += f"\n\nNot started: {', '.join(not_started)}."
    if all(isinstance(failure, StoppedError) for failure in failures):
        return StoppedError(text)
    return DeploymentError(text)
