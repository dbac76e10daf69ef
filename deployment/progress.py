"""Follows Terraform's machine-readable output: https://developer.hashicorp.com/terraform/internals/machine-readable-ui"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deployment.console import clock

SHOWN_SLOW = 3
"""How many of the resources that take longest a line names."""


@dataclass(frozen=True)
class Failure:
    """An error as Terraform reported it."""

    summary: str
    detail: str
    address: str


@dataclass
class Progress:
    """What one Terraform run has done so far. ``now`` is a monotonic clock in seconds."""

    now: Callable[[], float]
    total: int | None = None
    done: int = 0
    failures: list[Failure] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    _running: dict[str, float] = field(default_factory=dict)

    def feed(self, line: str) -> None:
        """Take in one line of output; what is not JSON (a crash, a plugin's cry) is kept in ``unread``."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "type" not in event:
            if line.strip():
                self.unread.append(line.rstrip())
            return
        handler = getattr(self, f"_on_{event['type']}", None)
        if handler:
            handler(event)

    def line(self) -> str:
        """The state in a few words: done of total, and what is being waited for."""
        if self.total is None:
            return "planning"
        if self.total == 0:
            return "nothing to change so far"
        slow = sorted(self._running.items(), key=lambda item: item[1])[:SHOWN_SLOW]
        waiting = ", ".join(f"{address} {clock(self.now() - since)}" for address, since in slow)
        more = len(self._running) - len(slow)
        tail = f" and {more} more" if more > 0 else ""
        return f"{self.done:>3}/{self.total}" + (f"  waiting for {waiting}{tail}" if waiting else "")

    def _on_change_summary(self, event: dict[str, Any]) -> None:
        changes = event["changes"]
        if changes.get("operation") == "plan":
            self.total = sum(int(changes.get(kind, 0)) for kind in ("add", "change", "remove"))

    def _on_apply_start(self, event: dict[str, Any]) -> None:
        self._running[event["hook"]["resource"]["addr"]] = self.now()

    def _on_apply_complete(self, event: dict[str, Any]) -> None:
        if self._running.pop(event["hook"]["resource"]["addr"], None) is not None and _is_managed(event):
            self.done += 1

    def _on_apply_errored(self, event: dict[str, Any]) -> None:
        self._running.pop(event["hook"]["resource"]["addr"], None)

    def _on_diagnostic(self, event: dict[str, Any]) -> None:
        diagnostic = event["diagnostic"]
        if diagnostic["severity"] == "error":
            self.failures.append(
                Failure(diagnostic["summary"], diagnostic.get("detail", ""), diagnostic.get("address", ""))
            )


def _is_managed(event: dict[str, Any]) -> bool:
    """Reads of data sources during an apply are no part of the plan's sum."""
    return bool(event["hook"].get("action") != "read")
