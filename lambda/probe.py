"""Asks the other region, by its public name and over the internet as everybody does, whether it is healthy.

Runs every minute and on demand, in every region. Takes {}, or {"of": "here"} to ask its own region; returns
{"healthy": true}. Reads PEER_HOST, REGIONAL_HOST. One try each: the next minute is the repetition, and the alarm on
PeerHealthy counts the failures.
"""

import ssl
import urllib.request
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import environment
from domain.bounded import within
from domain.log import logger
from domain.observability import gauge, instrumented

CHECKS = ("/health/live", "/health/database")
# Route 53 gives a region 4 s to connect and 2 s to answer; a cold start, and a new connection each time, come on top.
SECONDS = 8.0

_peer = environment.required("PEER_HOST")
_own = environment.required("REGIONAL_HOST")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A region that sends its callers elsewhere is not healthy."""

    def redirect_request(self, *_args: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()), _NoRedirects)


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    asks_here = event.get("of") == "here"
    host = _own if asks_here else _peer
    faults = {path: fault for path in CHECKS if (fault := _fault(host, path)) is not None}
    healthy = not faults
    if not asks_here:
        gauge("PeerHealthy", int(healthy))
    if faults:
        logger.warning("not healthy", host=host, faults=faults)
    return {"healthy": healthy}


def _fault(host: str, path: str) -> str | None:
    """Return what is wrong with the answer, or None."""
    try:
        # The socket's own timeout bounds neither the name's resolution nor a body that trickles in.
        status = within(SECONDS, lambda: _status(host, path))
    except HTTPError as refusal:
        return f"status {refusal.code}"
    except Exception as error:  # noqa: BLE001 - whatever stands between us and the peer, it has not answered
        return f"{type(error).__name__}: {error}"
    return None if status == HTTPStatus.OK else f"status {status}"


def _status(host: str, path: str) -> int:
    with _opener.open(f"https://{host}{path}", timeout=SECONDS) as answer:
        return int(answer.status)
