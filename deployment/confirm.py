"""Asks before money is spent or a real deployment is removed; silence is no consent."""

from __future__ import annotations

import os
import sys

from deployment.errors import MissingError
from lib.settings import Settings


def spending(settings: Settings, *, yes: bool) -> None:
    """Ask before a deployment that costs money. Raises MissingError without consent."""
    _ask(f"This creates resources that cost money in account {settings.account_id}.", settings, yes=yes)


def removal(settings: Settings, *, yes: bool) -> None:
    """Ask before a deployment in an account is removed. Raises MissingError without consent."""
    what = f"This removes the deployment {settings.environment_suffix!r} with all its data from account"
    _ask(f"{what} {settings.account_id}.", settings, yes=yes)


def drill(settings: Settings, *, yes: bool) -> None:
    """Ask before a deployment in an account is moved to its other region. Raises MissingError without consent."""
    what = (
        f"This sends payments of its own to {settings.environment_suffix!r} and makes its other region the active one"
    )
    _ask(f"{what}, in account {settings.account_id}.", settings, yes=yes)


def _ask(what: str, settings: Settings, *, yes: bool) -> None:
    if yes or os.environ.get("TAP_ASSUME_YES", "") in ("1", "true", "yes"):
        return
    if not sys.stdin.isatty():
        raise MissingError(
            f"{what}\n  Nobody is here to be asked: set TAP_ASSUME_YES=1 if it is meant. Nothing was done."
        )
    print(what, flush=True)
    answer = input(f"Type the environment suffix ({settings.environment_suffix}) to go on: ")
    if answer.strip() != settings.environment_suffix:
        raise MissingError("That is not the suffix; nothing was done.")
