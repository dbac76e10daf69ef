"""The state of this region, from the control item of the sessions table.

Three answers that are decided here and nowhere else:

* no control item, or none for this region, or a value that nobody knows: ``standby``. Payments are taken and kept,
  nothing is settled, and no health check takes this region for the active one: the state that can harm nobody.
* the table cannot be read, a state was read before: that one, however old. Nothing can be written then either, so an
  old ``active`` cannot take a payment that a fresh ``fenced`` would have refused.
* the table cannot be read and never was: RegionStateError.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from domain.log import logger

CONTROL_KEY = "control"


class State(StrEnum):
    """``active`` accepts and settles, ``standby`` accepts, ``fenced`` refuses."""

    ACTIVE = "active"
    STANDBY = "standby"
    FENCED = "fenced"


@dataclass(frozen=True)
class Control:
    """A region's state, the epoch that it belongs to (0: nobody has written one yet), and which region is active."""

    state: State
    epoch: int
    active_region: str | None = None


class RegionStateError(Exception):
    """The control item cannot be read, and no earlier reading exists."""


class RegionState:
    """Reads the control item, at most once per ``cache_seconds``."""

    def __init__(
        self,
        client: Any,
        table: str,
        region: str,
        *,
        cache_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._table, self._region = client, table, region
        self._cache_seconds, self._clock = cache_seconds, clock
        self._held: Control | None = None
        self._read_at = 0.0

    def current(self) -> Control:
        """Return the state, cached. Raises RegionStateError."""
        if self._held is not None and self._clock() - self._read_at < self._cache_seconds:
            return self._held
        try:
            return self.fresh()
        except RegionStateError as error:
            if self._held is None:
                raise
            logger.warning("region state is stale", reason=str(error))
            return self._held

    def fresh(self) -> Control:
        """Return the state as it is in this region's table now. Raises RegionStateError."""
        try:
            item = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": CONTROL_KEY}}, ConsistentRead=True
            ).get("Item", {})
        except ClientError as error:
            raise RegionStateError(f"DynamoDB refused: {error.response['Error']['Code']}") from None
        except BotoCoreError as error:
            raise RegionStateError(f"DynamoDB cannot be reached: {type(error).__name__}") from None
        self._held, self._read_at = self._judge(item), self._clock()
        return self._held

    def _judge(self, item: dict[str, Any]) -> Control:
        epoch = item.get("epoch", {}).get("N", "0")
        states = {region: told.get("S", "") for region, told in item.get("regions", {}).get("M", {}).items()}
        state = states.get(self._region, "")
        if state not in set(State):
            logger.error("control item has no state for this region; treated as standby", region=self._region)
            state = State.STANDBY
        active = next((region for region, told in states.items() if told == State.ACTIVE), None)
        return Control(State(state), int(epoch), active)
