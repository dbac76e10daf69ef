"""How late each store's replication is: seeded, independent of the others, and never zero.

Each delivery's lag is drawn uniformly from its store's range, by seed, store, what is delivered and how often that was
delivered before: two runs that write the same things have the same lags, in whatever order the stores are used.

``TAP_EMBEDDED_LAG_SEED`` (default 1) and ``TAP_EMBEDDED_LAG_DYNAMODB``, ``_S3``, ``_AURORA`` (milliseconds, ``50-500``)
set them when the server is started. ``GET /_embedded/replication`` tells them and what is under way;
``POST /_embedded/replication/<store>/<from>-<to>`` changes a range.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DYNAMODB, S3, AURORA = "dynamodb", "s3", "aurora"
LONGEST = 900_000  # a quarter of an hour: S3's own promise with replication time control


class LagError(ValueError):
    """A lag that cannot be; the message says what can."""


@dataclass(frozen=True)
class Range:
    """From and to, in milliseconds."""

    least: int
    most: int

    @classmethod
    def of(cls, text: str) -> "Range":
        """Read ``50-500``. Raises LagError."""
        least, _, most = text.partition("-")
        if not (least.isdecimal() and most.isdecimal() and 0 < int(least) <= int(most) <= LONGEST):
            raise LagError(f"{text!r}: a lag is <from>-<to> in milliseconds, from 1 (it is never zero) to {LONGEST}")
        return cls(int(least), int(most))

    def __str__(self) -> str:
        return f"{self.least}-{self.most}"


DEFAULTS: Mapping[str, Range] = {DYNAMODB: Range(50, 500), S3: Range(200, 2_000), AURORA: Range(20, 200)}


class Lags:
    """The stores' lags. Every method may be called from any thread."""

    def __init__(self, seed: str = "1", ranges: Mapping[str, Range] = DEFAULTS) -> None:
        self.seed = seed
        self._ranges = dict(ranges)
        self._drawn: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._under_way: dict[str, Callable[[], int]] = {}

    @classmethod
    def from_environment(cls) -> "Lags":
        """What the server was started with. Raises LagError, with the variable's name."""
        ranges = dict(DEFAULTS)
        for store in ranges:
            name = f"TAP_EMBEDDED_LAG_{store.upper()}"
            if name in os.environ:
                try:
                    ranges[store] = Range.of(os.environ[name])
                except LagError as error:
                    raise LagError(f"{name} = {error}") from None
        return cls(os.environ.get("TAP_EMBEDDED_LAG_SEED", "1"), ranges)

    def draw(self, store: str, what: str) -> float:
        """The seconds that the next delivery of ``what`` takes."""
        with self._lock:
            times = self._drawn[store, what]
            self._drawn[store, what] += 1
            within = self._ranges[store]
        # Not for secrets: it must be the same again with the same seed.
        chance = random.Random(f"{self.seed}/{store}/{what}/{times}")  # noqa: S311
        return chance.uniform(within.least, within.most) / 1000

    def count(self, store: str, under_way: Callable[[], int]) -> None:
        """Let the route tell how many deliveries of a store are under way."""
        self._under_way[store] = under_way

    def control(self, method: str, rest: str) -> tuple[int, object]:
        """The route ``/_embedded/replication``."""
        store, _, text = rest.partition("/")
        if method == "POST" and store in self._ranges:
            try:
                self._ranges[store] = Range.of(text)
            except LagError as error:
                return 400, {"message": str(error)}
        elif method != "GET" or rest:
            stores = "|".join(self._ranges)
            return 404, {
                "message": f"GET /_embedded/replication, or POST /_embedded/replication/<{stores}>/<from>-<to>"
            }
        under_way = {store: count() for store, count in self._under_way.items()}
        lags = {store: str(within) for store, within in self._ranges.items()}
        return 200, {"seed": self.seed, "milliseconds": lags, "under_way": under_way}
