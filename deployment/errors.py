"""Errors for the person at the terminal."""

from __future__ import annotations


class DeploymentError(Exception):
    """Something that stops a command: what, where, and what to do next.

    ``code`` is the process's exit code: 2 for what the person must provide, 1 for what failed, 130 for an interruption.
    """

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class MissingError(DeploymentError):
    """Something that the person must provide before anything is done."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


class StoppedError(DeploymentError):
    """The person asked to stop, and everything has stopped in order."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=130)
