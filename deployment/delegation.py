"""Asks the machine's own resolver for a domain's name servers: the one DNS question Python's library cannot put."""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path

_NS, _INTERNET = 2, 1
_SECONDS = 5.0


def name_servers(domain: str, *, resolver: tuple[str, int] | None = None) -> set[str]:
    """The published name servers of ``domain``, in lower case; empty if it has none.

    Raises:
        OSError: no resolver answered in time, or not as DNS (RFC 1035) does.
    """
    address = resolver or (_system_resolver(), 53)
    number = secrets.randbelow(65536)
    question = b"".join(bytes([len(label)]) + label.encode("ascii") for label in domain.rstrip(".").split(".")) + b"\0"
    recursion_desired = 0x0100
    query = struct.pack("!6H", number, recursion_desired, 1, 0, 0, 0) + question + struct.pack("!2H", _NS, _INTERNET)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.settimeout(_SECONDS)
        channel.connect(address)
        channel.send(query)
        answer = channel.recv(4096)
    try:
        return _names(answer, number, 12 + len(question) + 4)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise OSError(f"the resolver {address[0]} gave an answer that is no DNS") from None


def _system_resolver() -> str:
    for line in Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            return words[1]
    raise OSError("/etc/resolv.conf names no resolver")


def _names(answer: bytes, number: int, offset: int) -> set[str]:
    got, _flags, _questions, count, _, _ = struct.unpack_from("!6H", answer)
    if got != number:
        raise OSError("the resolver answered another question")
    names = set()
    for _ in range(count):
        _, offset = _name(answer, offset)
        kind, _class, _ttl, length = struct.unpack_from("!HHIH", answer, offset)
        offset += 10
        if kind == _NS:
            names.add(_name(answer, offset)[0].lower())
        offset += length
    return names


def _name(answer: bytes, offset: int) -> tuple[str, int]:
    """A name and the offset behind it; names may end in a pointer to an earlier one, which is followed."""
    labels: list[str] = []
    behind = None
    for _ in range(len(answer)):
        length = answer[offset]
        if length == 0:
            return ".".join(labels), behind or offset + 1
        if length >= 0xC0:
            behind = behind or offset + 2
            offset = struct.unpack_from("!H", answer, offset)[0] & 0x3FFF
            continue
        labels.append(answer[offset + 1 : offset + 1 + length].decode("ascii"))
        offset += 1 + length
    raise IndexError("a name without an end")
