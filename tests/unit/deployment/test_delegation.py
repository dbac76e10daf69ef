"""The delegation look-up, against a name server of the test's own."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from deployment.delegation import name_servers

Reply = Callable[[bytes], bytes]


@contextmanager
def name_server(reply: Reply) -> Iterator[tuple[str, int]]:
    """Answers one question on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))
        channel.settimeout(10)

        def serve() -> None:
            query, sender = channel.recvfrom(4096)
            channel.sendto(reply(query), sender)

        server = threading.Thread(target=serve)
        server.start()
        yield channel.getsockname()
        server.join()


def delegated(query: bytes) -> bytes:
    """Two NS records; the second one's name ends in a pointer to the first one's, as servers compress."""
    header = query[:2] + struct.pack("!5H", 0x8180, 1, 2, 0, 0)
    question = query[12:]
    owner = struct.pack("!H", 0xC00C)
    fixed = struct.pack("!HHI", 2, 1, 300)
    first = b"\x03ns1\x07EXAMPLE\x03net\x00"
    start = 12 + len(question) + len(owner) + 10
    second = b"\x03ns2" + struct.pack("!H", 0xC000 | (start + 4))
    records = b"".join(owner + fixed + struct.pack("!H", len(data)) + data for data in (first, second))
    return header + question + records


def test_the_published_name_servers_are_read_in_lower_case() -> None:
    with name_server(delegated) as address:
        assert name_servers("pay.example.org", resolver=address) == {"ns1.example.net", "ns2.example.net"}


def test_a_domain_without_delegation_has_none() -> None:
    with name_server(lambda query: query[:2] + struct.pack("!5H", 0x8183, 1, 0, 0, 0) + query[12:]) as address:
        assert name_servers("pay.example.org", resolver=address) == set()


@pytest.mark.parametrize(
    "reply", [lambda query: query[:5], lambda query: b"\0\0" + delegated(query)[2:]], ids=["cut", "other"]
)
def test_an_answer_that_is_none_is_an_error_with_the_reason(reply: Reply) -> None:
    with name_server(reply) as address, pytest.raises(OSError, match=r"no DNS|another question"):
        name_servers("pay.example.org", resolver=address)
