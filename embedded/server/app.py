"""The ASGI app: MiniStack, with resent requests answered from memory and control routes of its own.

Control routes live under ``/_embedded/``. Health is served here; a part of the server adds its own with ``route``.
"""

import asyncio
import json
from collections.abc import Callable
from importlib import metadata
from typing import Any

from embedded.server.config import ServerConfig
from embedded.server.replay import AsgiApp, Receive, Replay, Scope, Send

ControlHandler = Callable[[str, str], tuple[int, Any]]
"""Takes the method and the rest of the path; returns a status and what becomes the JSON body."""

CONTROL_PREFIX = "/_embedded/"


class EmbeddedAws:
    """MiniStack's app with this project's additions around it."""

    def __init__(self, ministack_app: AsgiApp, config: ServerConfig) -> None:
        self._ministack = ministack_app
        self._replay = Replay(ministack_app)
        self._served: AsgiApp = self._replay
        self._config = config
        self._routes: dict[str, ControlHandler] = {}

    def route(self, first_segment: str, handler: ControlHandler) -> None:
        """Serve ``/_embedded/<first_segment>`` and all below it with ``handler``, in a worker thread."""
        self._routes[first_segment] = handler

    def wrap(self, wrapper: Callable[[AsgiApp], AsgiApp]) -> None:
        """Let ``wrapper`` stand before all that is served, but the control routes."""
        self._served = wrapper(self._served)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != "http":
            await self._ministack(scope, receive, send)
        elif scope["path"].startswith(CONTROL_PREFIX):
            await self._control(scope, send)
        else:
            await self._served(scope, receive, send)

    async def _control(self, scope: Scope, send: Send) -> None:
        segment, _, rest = scope["path"].removeprefix(CONTROL_PREFIX).partition("/")
        handler = self._routes.get(segment)
        status: int
        body: Any
        if segment == "health":  # not in a worker thread: it must answer when all of them are busy
            status, body = 200, self._health()
        elif handler is None:
            status, body = 404, {"message": f"no such control route; there are {sorted(['health', *self._routes])}"}
        else:
            status, body = await asyncio.to_thread(handler, scope["method"], rest)
        content = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _health(self) -> dict[str, object]:
        return {
            "instance": self._config.instance,
            "ministack": metadata.version("ministack"),
            "replayed": self._replay.replayed,
        }
