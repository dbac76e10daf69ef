"""Answers a request that the SDK sends again with the answer of its first attempt.

A few in a thousand requests lose their answer after they were executed. The SDK then sends the same request again,
and a second subnet is made that nobody knows of. AWS guards against that with client tokens where it matters; here
the SDK's own ``amz-sdk-invocation-id`` serves for every call.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("embedded.replay")

_REMEMBERED = 2000
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass
class _Attempt:
    messages: list[Message] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ended_at: float = 0.0  # seconds of the monotonic clock

    @property
    def succeeded(self) -> bool:
        return bool(self.messages) and self.messages[0].get("status", 500) < 400


class Replay:
    """Wraps an ASGI app; the last 2,000 answers to requests that change something are remembered."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._attempts: OrderedDict[bytes, _Attempt] = OrderedDict()
        self.replayed = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, from memory if it is another attempt at one that succeeded."""
        headers = dict(scope["headers"])
        invocation = headers.get(b"amz-sdk-invocation-id")
        if invocation is None or scope["method"] in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        earlier = self._attempts.get(invocation)
        if earlier is not None:  # whatever the attempt's number: an HTTP library may send again by itself
            await earlier.ended.wait()
            if earlier.succeeded:  # an error must be tried again, or a throttled call would stay throttled
                self.replayed += 1
                waited = time.monotonic() - earlier.ended_at
                logger.info("%s %s was sent again %.3f s after its answer", scope["method"], scope["path"], waited)
                await _drain(receive)
                for message in earlier.messages:
                    await send(message)
                return
        await self._record(invocation, scope, receive, send)

    async def _record(self, invocation: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        attempt = self._attempts[invocation] = _Attempt()
        while len(self._attempts) > _REMEMBERED:
            self._attempts.popitem(last=False)

        async def remember(message: Message) -> None:
            attempt.messages.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                attempt.ended_at = time.monotonic()
                attempt.ended.set()
            await send(message)

        try:
            await self._app(scope, receive, remember)
        except BaseException:
            attempt.messages.clear()
            raise
        finally:
            attempt.ended.set()


async def _drain(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass
