"""Who runs PostgreSQL and where its files live; removes what a killed emulator left. Standard library only."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.postgres_binaries import WHEEL_PACKAGE

RECORD = "postgres.json"
INSIDE = "postgres"
OUTSIDE = "tap-postgres-"
# A Unix socket's path holds 107 characters at most; "/00/.s.PGSQL.65535.lock" follows the folder.
LONGEST = 80
# TMPDIR is often a folder of the caller's own, which the servers' user cannot reach.
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - a private folder is made inside
STOP_SECONDS = 10.0
# Nothing of the emulator's environment (keys, tokens, PG* variables) reaches the server.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class PostgresError(Exception):
    """PostgreSQL refused something; the message carries what it said, never a secret."""


@dataclass(frozen=True)
class Owner:
    """The operating-system user that runs the servers: never root, which PostgreSQL refuses."""

    name: str
    uid: int
    gid: int

    @classmethod
    def find(cls) -> "Owner":
        """The current user; for root, `postgres` if the machine has it, else `nobody`."""
        if os.geteuid() != 0:
            return cls._of(pwd.getpwuid(os.geteuid()))
        for name in ("postgres", "nobody"):
            try:
                return cls._of(pwd.getpwnam(name))
            except KeyError:
                continue
        raise PostgresError("PostgreSQL does not run as root, and this machine has no user postgres or nobody.")

    @classmethod
    def _of(cls, entry: pwd.struct_passwd) -> "Owner":
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def run(
        self, command: Sequence[str | Path], folder: Path, text: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user with `text` as its input; secrets go there, never into `command`."""
        drop = os.geteuid() == 0
        return subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            input=text,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            timeout=timeout,
            check=False,
            user=self.uid if drop else None,
            group=self.gid if drop else None,
            extra_groups=[] if drop else None,
        )

    def reaches(self, path: Path) -> bool:
        """Whether this user may enter the folder or execute the file."""
        return self.run(["test", "-x", path], Path("/")).returncode == 0

    def write(self, path: Path, content: str) -> None:
        """Write a file that only this user can read."""
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        self.take(path)

    def take(self, path: Path) -> None:
        """Make this user the owner of a file or folder."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def open_home(state_dir: Path, owner: Owner) -> Path:
    """A private folder for the servers, noted in the state folder so that `remove_orphans` finds it.

    It lies in the state folder where the owner can reach that, else in a temporary folder of its own.
    """
    remove_orphans(state_dir)
    inside = state_dir.resolve() / INSIDE
    if len(str(inside)) <= LONGEST and owner.reaches(state_dir):
        _record(state_dir, inside)
        inside.mkdir(mode=0o700)
        home = inside
    else:
        home = _temporary_folder(owner)
        _record(state_dir, home)
    owner.take(home)
    return home


def _temporary_folder(owner: Owner) -> Path:
    places = [place for place in TEMPORARY if Path(place).is_dir() and owner.reaches(Path(place))]
    if not places:
        raise PostgresError(f"The user {owner.name}, who runs PostgreSQL, can reach none of {', '.join(TEMPORARY)}.")
    return Path(tempfile.mkdtemp(prefix=OUTSIDE, dir=places[0]))


def _record(state_dir: Path, home: Path) -> None:
    (state_dir / RECORD).write_text(json.dumps({"folder": str(home)}) + "\n", encoding="utf-8")


def reachable_binaries(binaries: Path, home: Path, owner: Owner) -> Path:
    """The folder of programs, or a copy of the wheel in `home` where the owner cannot enter the virtual environment.

    Raises PostgresError for other programs out of the owner's reach.
    """
    if owner.reaches(binaries / "postgres"):
        return binaries
    package = binaries.parents[1]
    if package.name != WHEEL_PACKAGE:
        raise PostgresError(f"The user {owner.name}, who runs PostgreSQL, cannot reach {binaries}.")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, home / folder.name, symlinks=True)
    return home / binaries.relative_to(package.parent)


def remove_orphans(state_dir: Path) -> int:
    """Stop the servers that the state folder's last emulator started and remove their files; how many it stopped."""
    record = state_dir / RECORD
    try:
        home = Path(json.loads(record.read_text(encoding="utf-8"))["folder"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError, TypeError):
        record.unlink(missing_ok=True)
        return 0
    stopped = 0
    ours = home.name.startswith(OUTSIDE) or home == state_dir.resolve() / INSIDE
    if ours and home.is_dir():
        stopped = sum(_stop(data) for data in sorted(home.glob("*/data")))
        shutil.rmtree(home, ignore_errors=True)
    record.unlink(missing_ok=True)
    return stopped


def _stop(data: Path) -> bool:
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return False
    if not _serves(pid, data):
        return False
    os.kill(pid, signal.SIGQUIT)  # PostgreSQL's immediate shutdown: it takes its children along
    deadline = time.monotonic() + STOP_SECONDS
    while _serves(pid, data):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    return True


def _serves(pid: int, data: Path) -> bool:
    """Whether the process is the server of this folder: its number alone may belong to a stranger by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return False
        command = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
    return f"-D {data}" in command
