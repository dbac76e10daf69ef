"""Relays: whose connection it is that comes out of one."""

import socket
from collections.abc import Iterator

import pytest

from embedded.server.proxy import WriterProxy, origin
from tests.unit.embedded.postgres_client import eventually

HOST = "127.0.0.1"


@pytest.fixture
def target() -> Iterator[socket.socket]:
    """A server that a relay leads to."""
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(10)
        yield listener


@pytest.fixture
def relay(target: socket.socket) -> Iterator[WriterProxy]:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    proxy = WriterProxy(HOST, port)
    proxy.follow(target.getsockname())
    yield proxy
    proxy.close()


def answer(client: socket.socket) -> bytes:
    """What the other side says; nothing if it closes or resets the connection."""
    try:
        return client.recv(1)
    except ConnectionResetError:
        return b""


def test_a_connection_out_of_a_relay_is_its_clients_while_it_is_open(relay: WriterProxy, target: socket.socket) -> None:
    with socket.create_connection((HOST, relay.port)) as client:
        served, ours = target.accept()
        with served:
            client.sendall(b"x")
            assert served.recv(1) == b"x"
            out = (ours, target.getsockname())
            assert origin(out) == (client.getsockname(), client.getpeername())
    eventually(lambda: origin(out), out)


def test_any_other_connection_is_its_own() -> None:
    ends = ((HOST, 1), (HOST, 2))
    assert origin(ends) == ends


def test_a_client_may_be_led_elsewhere_or_nowhere(target: socket.socket) -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    nowhere = WriterProxy(HOST, port, lambda _client, _target: None)
    nowhere.follow(target.getsockname())
    try:
        with socket.create_connection((HOST, port)) as client:
            assert answer(client) == b""
    finally:
        nowhere.close()
