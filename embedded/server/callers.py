"""From which region a connection to this machine comes: whether its other end is a function of one."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def can_tell() -> bool:
    """Whether this machine's kernel says whose a connection is."""
    return sys.platform == "linux" and (_PROC / "net" / "tcp").exists()


def region_of(address: str, port: int) -> str | None:
    """The region of the function that holds this end of a connection; None for anybody else, who is in no region."""
    inode = _inode(address, port)
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


def _inode(address: str, port: int) -> str | None:
    """The kernel's number of the socket at this end; its table has addresses in the machine's byte order."""
    octets = bytes(int(part) for part in address.split("."))
    end = f"{int.from_bytes(octets, sys.byteorder):08X}:{port:04X}"
    for line in (_PROC / "net" / "tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == end:
            return fields[9]
    return None


def _holds(pid: int, inode: str) -> bool:
    try:
        return any(each.readlink().name == f"socket:[{inode}]" for each in (_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return False  # it has ended
