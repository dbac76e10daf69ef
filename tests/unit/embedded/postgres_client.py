"""What a client of the database does: connect with TLS and look."""

import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pg8000.native

PATIENCE = 20.0


def trusting(trust_bundle: Path) -> ssl.SSLContext:
    """Trust this authority alone and check the server's address: libpq's `verify-full`."""
    context = ssl.create_default_context(cafile=trust_bundle)
    assert context.check_hostname
    return context


def connect(
    address: str, port: int, password: str, tls: ssl.SSLContext | bool, user: str = "ledger_admin"
) -> pg8000.native.Connection:
    """A connection to the database `ledger`. `tls=False` does not even ask for encryption."""
    return pg8000.native.Connection(
        user, host=address, port=port, database="ledger", password=password, ssl_context=tls, timeout=10
    )


def eventually(question: Callable[[], Any], answer: Any) -> None:
    """Ask until the answer is the expected one."""
    deadline = time.monotonic() + PATIENCE
    while (got := question()) != answer:
        assert time.monotonic() < deadline, f"still {got!r} after {PATIENCE:.0f} s, expected {answer!r}"
        time.sleep(0.02)


def command_lines() -> str:
    """The command lines of every process on the machine."""
    return subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True).stdout


def contents(folder: Path) -> bytes:
    """Every file under a folder, one after the other."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
