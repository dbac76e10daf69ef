"""The HTTP side of every function behind an ingress: routes, answers, refusals.

Powertools has a router that can do more; importing it takes longer than all other modules of a function together, boto
aside, and a new process answers its first payment that much later (``python -m bench.webhook``).
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from domain.http_response import Response
from domain.log import logger
from domain.observability import count
from domain.problem import Problem

Operation = Callable[..., Response]
_PARAMETER = re.compile(r"<(\w+)>")


def answer(status: HTTPStatus, body: dict[str, Any]) -> Response:
    """Return a success."""
    return Response(status, body)


class Router:
    """Leads requests to operations. Every refusal and failure becomes a problem document."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Operation]] = []
        self.event: dict[str, Any] = {}
        """The request that is being answered, as the ingress made it; a process answers one at a time."""

    def get(self, path: str) -> Callable[[Operation], Operation]:
        """Answer GETs of ``path`` with what is decorated; ``<name>`` in it is one segment and becomes an argument."""
        return self._route("GET", path)

    def post(self, path: str) -> Callable[[Operation], Operation]:
        """The same for POSTs."""
        return self._route("POST", path)

    def resolve(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        self.event = event
        try:
            return self._answer(event["httpMethod"], event["path"]).proxied()
        except Problem as problem:
            logger.info("refused", status=problem.status.value, problem=problem.kind)
            return problem.response().proxied()
        except Exception:  # noqa: BLE001 - logged with its traceback, and the sender is told nothing of it
            logger.exception("failed")
            count("UnexpectedError")
            unexpected = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", "An error of this service.")
            return unexpected.response().proxied()

    def _route(self, method: str, path: str) -> Callable[[Operation], Operation]:
        pattern = re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", path))

        def register(operation: Operation) -> Operation:
            self._routes.append((method, pattern, operation))
            return operation

        return register

    def _answer(self, method: str, path: str) -> Response:
        for expected, pattern, operation in self._routes:
            if method == expected and (match := pattern.fullmatch(path)):
                return operation(**match.groupdict())
        return Problem(HTTPStatus.NOT_FOUND, "no-such-route", "There is nothing under this path.").response()
