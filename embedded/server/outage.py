"""Which regions are lost, and how: the one place that everything else asks.

``POST /_embedded/regions/<region>/<mode>`` takes a region, ``.../restore`` gives it back, ``GET /_embedded/regions``
and ``GET /_embedded/regions/<region>`` tell. A region is in one mode at a time:

``dead[/reset|hang|error]``
    No request that is signed for it or addressed to it is answered: its connection is reset (default), left hanging
    until the client gives up, or answered 503. Nothing in it runs, and nothing leaves or enters it.
``control-plane[/error|reset|hang]``
    The services of the whole account that live in us-east-1 (``GLOBAL_SERVICES``) refuse every call; all else goes on.
``slow/<seconds>``
    Its public endpoints and its functions answer that much later (a grey failure).
``functions``
    Every invocation of its functions fails, whoever makes it; all else goes on.
``partition``
    It runs, and the world reaches it, but nothing passes between it and any other region.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from embedded.server import callers

logger = logging.getLogger("embedded.outage")

RUNNING, DEAD, CONTROL_PLANE, SLOW, PARTITION = "running", "dead", "control-plane", "slow", "partition"
FUNCTIONS = "functions"
RESET, HANG, ERROR = "reset", "hang", "error"
_ANSWERS = (RESET, HANG, ERROR)

HOME_OF_GLOBAL_SERVICES = "us-east-1"
GLOBAL_SERVICES = frozenset({"iam", "route53", "cloudfront"})
"""By the name that requests are signed for. ACM's certificates for CloudFront are refused as ``acm`` of us-east-1.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
"""

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class Condition:
    """What a region is like: its mode, how it refuses, and the seconds by which it is late."""

    mode: str = RUNNING
    answer: str = RESET
    delay: float = 0.0


class BadRequestError(ValueError):
    """A control call that makes no sense; the message says what would."""


Listener = Callable[[str, Condition, Condition], None]
"""Is told region, condition before and condition now, after the change and outside of any lock."""


class Outage:
    """The regions' conditions. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._conditions: dict[str, Condition] = {}
        self._changed = threading.Condition()
        self._one_at_a_time = threading.Lock()
        self._listeners: list[Listener] = []

    def condition(self, region: str) -> Condition:
        """A region's condition; one that nobody took is running."""
        return self._conditions.get(region, Condition())

    def lives(self, region: str) -> bool:
        """Whether anything in the region runs."""
        return self.condition(region).mode != DEAD

    def delay(self, region: str) -> float:
        """The seconds by which the region's endpoints and functions are late."""
        return self.condition(region).delay

    def connected(self, here: str, there: str) -> bool:
        """Whether anything passes from one region to another now."""
        if here == there:
            return self.lives(here)
        return not {self.condition(here).mode, self.condition(there).mode} & {DEAD, PARTITION}

    def partitioned(self) -> bool:
        """Whether it matters at the moment where a call comes from."""
        return any(condition.mode == PARTITION for condition in self._conditions.values())

    def refusal(self, region: str | None, service: str | None) -> Condition | None:
        """How a call is refused that is signed for, or addressed to, this region and service; None if it is not."""
        home = HOME_OF_GLOBAL_SERVICES
        if service in GLOBAL_SERVICES:
            region = home  # wherever the caller is and whatever region it names
        condition = self.condition(region or "")
        if condition.mode == DEAD:
            return condition
        of_all_regions = service in GLOBAL_SERVICES or (service == "acm" and region == home)
        return condition if condition.mode == CONTROL_PLANE and of_all_regions else None

    def wait_until_it_lives(self, region: str) -> None:
        """Return at once for a region that lives; otherwise when it is given back, however long that takes."""
        with self._changed:
            self._changed.wait_for(lambda: self.lives(region))

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of every change, in the order in which listeners were added."""
        self._listeners.append(listener)

    def take(self, region: str, condition: Condition) -> list[str]:
        """Put a region into a condition; what went wrong on the way, which leaves it in that condition all the same."""
        with self._one_at_a_time:
            with self._changed:
                before = self.condition(region)
                self._conditions[region] = condition
                self._changed.notify_all()
            logger.warning("%s: %s, was %s", region, condition.mode, before.mode)
            return [problem for listener in self._listeners for problem in _told(listener, region, before, condition)]

    def control(self, method: str, rest: str) -> tuple[int, object]:
        """The route ``/_embedded/regions``."""
        region, _, order = rest.partition("/")
        try:
            if method == "GET" and not order:
                return 200, self._tell(region) if region else {each: self._tell(each) for each in self._conditions}
            if method != "POST":
                raise BadRequestError("GET /_embedded/regions[/<region>] or POST /_embedded/regions/<region>/<mode>")
            problems = self.take(region, _parsed(region, order))
        except BadRequestError as error:
            return 400, {"message": str(error)}
        return (409 if problems else 200), {**self._tell(region), "problems": problems}

    def _tell(self, region: str) -> dict[str, object]:
        return {"region": region, **asdict(self.condition(region))}


def _told(listener: Listener, region: str, before: Condition, now: Condition) -> Iterator[str]:
    try:
        listener(region, before, now)
    except Exception as error:  # the others must hear of it all the same
        logger.exception("%s: not everything followed", region)
        yield f"{type(error).__name__}: {error}"


def _parsed(region: str, order: str) -> Condition:
    """What a control call asks for. Raises BadRequestError."""
    mode, _, argument = order.partition("/")
    if not _REGION.fullmatch(region):
        raise BadRequestError(f"{region!r} is no region's name")
    if mode == CONTROL_PLANE and region != HOME_OF_GLOBAL_SERVICES:
        raise BadRequestError(f"the global services live in {HOME_OF_GLOBAL_SERVICES}, not in {region}")
    if mode in (DEAD, CONTROL_PLANE):
        answer = argument or (RESET if mode == DEAD else ERROR)
        if answer not in _ANSWERS:
            raise BadRequestError(f"{answer!r}: a {mode} region's answer is one of {', '.join(_ANSWERS)}")
        return Condition(mode, answer)
    if mode == SLOW:
        return Condition(SLOW, delay=_seconds(argument))
    if mode == PARTITION and not callers.can_tell():
        raise BadRequestError("a partition needs Linux, whose kernel tells which region's function a call comes from")
    if mode in ("restore", PARTITION, FUNCTIONS) and not argument:
        return Condition(RUNNING if mode == "restore" else mode)
    raise BadRequestError(
        f"{order!r}: a region can be dead, control-plane, slow/<seconds>, functions, partition, or restore"
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 900:
        raise BadRequestError(f"slow/{text}: say by how many seconds, more than 0 and at most 900")
    return seconds
