"""Small TCP relays, and those in front of PostgreSQL: the global writer endpoint, TLS for a server without it."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path

from embedded.server.postgres_home import PostgresError

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Target = tuple[str, int]
Ends = tuple[Target, Target]
"""The two ends of a TCP connection: who opened it, and who took it."""

Detour = Callable[[Ends, Target], Target | None]
"""Where a client's connection leads, instead of to this target; None: nowhere."""
Connect = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Stream]]

CHUNK = 64 * 1024
CONNECT_SECONDS = 5.0
SECONDS = 10.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST, as a vanished server does
# PostgreSQL's protocol, "SSL session encryption" and "GSSAPI session encryption": what a client may ask first.
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)
COPY_BOTH = b"W"  # "CopyBothResponse": what follows is the stream of changes
REFUSAL = b"SFATAL\0VFATAL\0C28000\0Mno encryption: this server takes TLS connections only\0\0"


class Relay:
    """Relays one address and port in a thread of its own; while it has nowhere to lead, connections are refused.

    Port 0 is any free one; ``port`` is the one it has become, from the first ``lead`` on.
    """

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self._connect: Connect | None = None
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"relay-{address}", daemon=True)
        self._thread.start()

    def lead(self, connect: Connect | None) -> None:
        """Use `connect` for new connections and break the open ones. Raises PostgresError if it cannot listen."""
        try:
            self._call(self._lead(connect))
        except OSError as error:
            raise PostgresError(f"{self.address}:{self.port} cannot be listened on: {error}") from None

    def close(self) -> None:
        """Break every connection and stop listening; idempotent."""
        if self._loop.is_closed():
            return
        self.lead(None)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def _call(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def _lead(self, connect: Connect | None) -> None:
        self._connect = connect
        if self._server is not None:
            self._server.close()
            self._server = None
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        if relays:
            await asyncio.wait(relays, timeout=SECONDS)
        if connect is not None:
            self._server = await self._listen()

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._relay, self.address, self.port)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry what the server says to the client."""
        await _copy(source, sink)

    async def _relay(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._connect is None:
            _reset(back)
            return
        self._relays.add(task)
        ends = [back]
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                server, forth = await self._connect(client, back)
            ends.append(forth)
            with _from(back, forth):
                await asyncio.gather(_copy(client, forth), self._carry(server, back))
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            for end in ends:
                _reset(end)
        finally:
            self._relays.discard(task)
            for end in ends:
                end.close()


class WriterProxy(Relay):
    """The global writer endpoint. It relays bytes: the client verifies the database's certificate, not the proxy's."""

    _target: Target | None = None

    def __init__(self, address: str, port: int, detour: Detour = lambda _client, target: target) -> None:
        super().__init__(address, port)
        self._detour = detour

    def follow(self, target: Target | None) -> None:
        """Relay to this server from now on; open connections break, as they do when Aurora's writer moves."""
        if target != self._target:
            self._target = target
            self.lead(None if target is None else partial(self._open, target))

    async def _open(self, target: Target, _client: asyncio.StreamReader, back: asyncio.StreamWriter) -> Stream:
        led = self._detour(ends_of(back), target)
        if led is None:
            raise ConnectionRefusedError
        return await asyncio.open_connection(*led)


class TlsFront(Relay):
    """Ends TLS for a PostgreSQL that was built without it and listens on a Unix socket only."""

    def serve(self, socket_path: Path, certificate: Path, key: Path) -> None:
        """Relay to the socket from now on, for clients that use TLS. Raises PostgresError if it cannot listen."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        self.lead(partial(_encrypt, context, socket_path))


class ReplicationLink(Relay):
    """The way from a writer's server to its standby's, between two Unix sockets: what is sent arrives late.

    What is on its way when the link is cut is lost, as it is between regions; the standby asks for it again.
    """

    def __init__(self, folder: Path, port: int, lag: Callable[[], float], admit: Callable[[Path], None]) -> None:
        super().__init__(str(folder), port)
        self._socket = folder / f".s.PGSQL.{port}"
        self._lag, self._admit = lag, admit
        self._source: Path | None = None

    def join(self, source: Path | None) -> None:
        """Let the standby reach the server whose socket this is, or none. Raises PostgresError."""
        if source != self._source:
            self._source = source
            self.lead(None if source is None else partial(_open_socket, source))

    async def _listen(self) -> asyncio.Server:
        self._socket.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._relay, self._socket)
        self._admit(self._socket)
        return server

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        kind = b""
        while kind != COPY_BOTH:  # until the stream begins they come to terms, which is no replication
            kind, length = await source.readexactly(1), await source.readexactly(4)
            sink.write(kind + length + await source.readexactly(int.from_bytes(length) - 4))
            await sink.drain()
        await self._stream(source, sink)

    async def _stream(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        sent: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await sent.get()
                await asyncio.sleep(due - loop.time())
                if not data:
                    return
                sink.write(data)
                await sink.drain()

        delivering = asyncio.create_task(deliver())
        try:
            due, data = 0.0, b"begin"
            while data:
                data = await source.read(CHUNK)
                due = max(due, loop.time() + self._lag())  # a stream keeps its order
                sent.put_nowait((due, data))
            await delivering
        finally:
            delivering.cancel()
        sink.write_eof()


async def _open_socket(source: Path, _client: asyncio.StreamReader, _back: asyncio.StreamWriter) -> Stream:
    return await asyncio.open_unix_connection(source)


async def _encrypt(
    context: ssl.SSLContext, socket_path: Path, client: asyncio.StreamReader, back: asyncio.StreamWriter
) -> Stream:
    while (request := await client.readexactly(len(SSL_REQUEST))) == GSS_REQUEST:
        back.write(b"N")
    if request != SSL_REQUEST:
        back.write(b"E" + struct.pack("!I", 4 + len(REFUSAL)) + REFUSAL)
        await back.drain()
        back.close()
        raise EOFError
    back.write(b"S")
    await back.start_tls(context)
    return await asyncio.open_unix_connection(socket_path)


_origins: dict[Ends, Ends] = {}


def origin(ends: Ends) -> Ends:
    """Whose connection it is: for one that a relay has opened the client's to the relay, else the same."""
    return _origins.get(ends, ends)


def ends_of(client: asyncio.StreamWriter) -> Ends:
    """The client's end of a TCP connection, and the server's, which is ours."""
    return client.get_extra_info("peername")[:2], client.get_extra_info("sockname")[:2]


@contextlib.contextmanager
def _from(client: asyncio.StreamWriter, forth: asyncio.StreamWriter) -> Iterator[None]:
    """Remember for whom a relay has opened a connection, while it is open."""
    if any(end.get_extra_info("socket").family != socket.AF_INET for end in (forth, client)):
        yield  # a Unix socket has no addresses
        return
    far, ours = ends_of(forth)
    _origins[ours, far] = ends_of(client)
    try:
        yield
    finally:
        _origins.pop((ours, far), None)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
    else:
        sink.close()  # TLS knows no half-closed connection


def _reset(writer: asyncio.StreamWriter) -> None:
    if writer.is_closing():
        return
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
