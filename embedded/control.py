"""What an embedded AWS can be told beside AWS's API: to lose a region, to be late, to check and to resolve.

Small functions for tests, the drill and people; each speaks to one route below ``/_embedded/``. They raise
``ControlError`` if the emulator refuses, with what it said.
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Literal

Answer = Literal["reset", "hang", "error"]
"""How a lost region answers: not at all, not until the client gives up, or with 503."""

Store = Literal["dynamodb", "s3", "aurora"]

ADDRESSED = "x-embedded-region"
"""The header that says where a name that several regions share was resolved to; on AWS the address does."""

SECONDS = 60.0
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Check:
    """A health check: its status, what it is configured to do (seconds, and times in a row), and what was seen."""

    healthy: bool
    type: str
    name: str | None
    path: str | None
    interval: int | None
    threshold: int | None
    observations: int
    reason: str | None


@dataclass(frozen=True)
class Resolution:
    """An answer to a name query: where it leads, for how many seconds, and to which region if the target tells."""

    targets: tuple[str, ...]
    ttl: int
    region: str | None


class ControlError(Exception):
    """The embedded AWS refused; the message carries what it said."""


def kill(endpoint: str, region: str, *, answer: Answer = "reset") -> None:
    """Take a region away: nothing in it runs, and nothing answers for it."""
    call(endpoint, "POST", f"regions/{region}/dead/{answer}")


def lose_control_planes(endpoint: str, region: str = "us-east-1", *, answer: Answer = "error") -> None:
    """Let Route 53's and IAM's control planes fail, which live in us-east-1 for every region."""
    call(endpoint, "POST", f"regions/{region}/control-plane/{answer}")


def slow_down(endpoint: str, region: str, seconds: float) -> None:
    """Let a region's public endpoints and functions answer that much later."""
    call(endpoint, "POST", f"regions/{region}/slow/{seconds}")


def fail_functions(endpoint: str, region: str) -> None:
    """Let every invocation of a region's functions fail; all else there goes on."""
    call(endpoint, "POST", f"regions/{region}/functions")


def cut_off(endpoint: str, region: str) -> None:
    """Let nothing pass between a region and all others; each goes on by itself."""
    call(endpoint, "POST", f"regions/{region}/partition")


def restore(endpoint: str, region: str) -> None:
    """Give a region back, whatever it was taken by; raises ControlError if a part of it did not come back."""
    call(endpoint, "POST", f"regions/{region}/restore")


def kill_function(endpoint: str, region: str, name: str, *, busy_only: bool = False) -> int:
    """Let a function's processes die, in the middle of their work; how many of them were at work."""
    return int(call(endpoint, "POST", f"functions/{region}/{name}/kill{'-busy' if busy_only else ''}")["busy"])


def stop_database(endpoint: str, region: str) -> None:
    """Stop a region's PostgreSQL."""
    call(endpoint, "POST", f"postgres/{region}/stop")


def start_database(endpoint: str, region: str) -> None:
    """Start a region's PostgreSQL again."""
    call(endpoint, "POST", f"postgres/{region}/start")


def mode(endpoint: str, region: str) -> str:
    """What a region is like: running, dead, control-plane, slow, functions or partition."""
    return str(call(endpoint, "GET", f"regions/{region}")["mode"])


def lag(endpoint: str, store: Store, *, least: int, most: int) -> None:
    """Let a store's replication between regions take that many milliseconds from now on; never none."""
    call(endpoint, "POST", f"replication/{store}/{least}-{most}")


def under_way(endpoint: str) -> dict[str, int]:
    """How many writes of each store have not arrived in the other region."""
    found: dict[str, int] = call(endpoint, "GET", "replication")["under_way"]
    return found


def lags(endpoint: str) -> dict[str, str]:
    """Each store's range of lags in milliseconds, as ``50-500``."""
    found: dict[str, str] = call(endpoint, "GET", "replication")["milliseconds"]
    return found


def start_checks(endpoint: str, factor: float) -> None:
    """Begin to probe what the deployed health checks name, with every interval divided by ``factor`` (1 to 100)."""
    call(endpoint, "POST", f"checks/start/{factor}")


def stop_checks(endpoint: str) -> None:
    """End it; every check keeps its last status."""
    call(endpoint, "POST", "checks/stop")


def checks(endpoint: str) -> dict[str, Check]:
    """The status of every deployed health check by its id."""
    found = call(endpoint, "GET", "checks")["checks"]
    return {id_: Check(**each) for id_, each in found.items()}


def resolve(endpoint: str, name: str, kind: str = "A") -> Resolution:
    """Where a name leads now, as Route 53 would answer. Raises ControlError if it has no answer."""
    found = call(endpoint, "GET", f"dns/{name}/{kind}")
    return Resolution(tuple(found["targets"]), found["ttl"], found["region"])


def call(endpoint: str, method: str, path: str) -> dict[str, Any]:
    """Call a control route. Raises ControlError."""
    request = urllib.request.Request(f"{endpoint}/_embedded/{path}", method=method)  # noqa: S310 - our own endpoint
    try:
        with _NO_PROXY.open(request, timeout=SECONDS) as response:
            found: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as refusal:
        raise ControlError(f"{method} {path}: {refusal.read().decode(errors='replace')}") from None
    except OSError as error:
        raise ControlError(f"{method} {path}: {error}") from None
    return found
