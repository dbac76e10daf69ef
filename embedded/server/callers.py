"""From which region a connection to this machine comes: whether its other end is a function of one."""

import importlib
import itertools
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from embedded.server.proxy import Ends, origin

_PROC = Path("/proc")
# Linux, netlink(7) and sock_diag(7): asked for one connection by both of its ends, the kernel tells its socket.
_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST = 4, 20, 1
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_QUESTION = struct.Struct("=BBBBI")  # family, protocol, extensions, padding, states
_ENDS = struct.Struct("!HH4s12x4s12x")  # local and remote port, local and remote address
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, and no cookie
_INODE_AT = _HEADER.size + 4 + _ENDS.size + len(_ANY) + 16  # behind state, ends, timers, queues and owner
_SECONDS = 2.0
_numbers = itertools.count(1)


def can_tell() -> bool:
    """Whether this machine's kernel says whose a connection is."""
    if sys.platform != "linux":
        return False
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        ends = (client.getsockname(), client.getpeername())
        return _inode(ends) == (_PROC / "self" / "fd" / str(client.fileno())).readlink().name[8:-1]


def region_of(ends: Ends) -> str | None:
    """The region of the function that has opened a connection, given the client's end and the server's.

    None for anybody else, who is in no region.
    """
    inode = _inode(origin(ends))
    if inode is None:
        return None
    return next((region for region, pid in _functions() if _holds(pid, inode)), None)


def _functions() -> Iterator[tuple[str, int]]:
    """Region and process of every function that runs."""
    runtime = importlib.import_module("ministack.core.lambda_runtime")
    with runtime._lock:
        workers = [(key.split(":")[1], each) for key, pool in runtime._workers.items() for each in pool]
    for region, worker in workers:
        process = worker._proc
        if process is not None:
            yield region, process.pid


def _inode(ends: Ends) -> str | None:
    """The kernel's number of the socket at the first end; None if there is none."""
    (host, port), (far_host, far_port) = ends
    question = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    named = _ENDS.pack(port, far_port, socket.inet_aton(host), socket.inet_aton(far_host))
    body = question + named + _ANY
    header = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, next(_numbers), 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(_SECONDS)
            kernel.send(header + body)
            answer = kernel.recv(8192)
    except OSError:
        return None
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None  # an error: there is no such connection
    inode: int = struct.unpack_from("=I", answer, _INODE_AT)[0]
    return str(inode)


def _holds(pid: int, inode: str) -> bool:
    try:
        descriptors = list((_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return False  # it has ended
    return any(_leads_to(each, f"socket:[{inode}]") for each in descriptors)


def _leads_to(descriptor: Path, what: str) -> bool:
    try:
        return descriptor.readlink().name == what
    except OSError:
        return False  # it was closed meanwhile
