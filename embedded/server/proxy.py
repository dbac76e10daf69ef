"""The global writer endpoint: a TCP relay on an address of its own that follows the writer."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine

from embedded.server.postgres_home import PostgresError

CHUNK = 64 * 1024
CONNECT_SECONDS = 5.0
SECONDS = 10.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST, as a vanished server does


class WriterProxy:
    """Relays `address`:`port` to the writer; while there is none, connections are refused.

    It relays bytes, TLS included: the client verifies the database's certificate, not one of the proxy's.
    """

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self._target: tuple[str, int] | None = None
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{address}", daemon=True)
        self._thread.start()

    def follow(self, target: tuple[str, int] | None) -> None:
        """Relay to this server from now on; open connections break, as they do when Aurora's writer moves.

        Raises PostgresError if the address cannot be listened on.
        """
        try:
            self._call(self._follow(target))
        except OSError as error:
            raise PostgresError(f"The global writer endpoint {self.address}:{self.port} fails: {error}") from None

    def close(self) -> None:
        """Break every connection and stop listening; idempotent."""
        if self._loop.is_closed():
            return
        self._call(self._follow(None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def _call(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def _follow(self, target: tuple[str, int] | None) -> None:
        if target == self._target:
            return
        self._target = target
        if self._server is not None:
            self._server.close()
            self._server = None
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        if relays:
            await asyncio.wait(relays, timeout=SECONDS)
        if target is not None:
            self._server = await asyncio.start_server(self._relay, self.address, self.port)

    async def _relay(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._target is None:
            _reset(back)
            return
        self._relays.add(task)
        ends = [back]
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                server, forth = await asyncio.open_connection(*self._target)
            ends.append(forth)
            await asyncio.gather(_copy(client, forth), _copy(server, back))
        except (OSError, TimeoutError, asyncio.CancelledError):
            for end in ends:
                _reset(end)
        finally:
            self._relays.discard(task)
            for end in ends:
                end.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
