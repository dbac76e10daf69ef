"""``make setup``: the virtual environment ``.venv`` from ``Pipfile.lock``, every file checked by hash.

Runs on a bare Python 3.11+ (standard library only) and does nothing when the lock has not changed. pip is used because
it is there and because it honours the machine's own configuration (mirrors, proxies, certificates).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
OLDEST_NODE = 20


class InstallError(Exception):
    """What is missing, and what to do."""


def requirements(lock: dict[str, Any]) -> str:
    """The lock's packages, both sections, in pip's form with hashes."""
    lines = []
    for name, entry in sorted({**lock["develop"], **lock["default"]}.items()):
        extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
        markers = f" ; {entry['markers']}" if entry.get("markers") else ""
        hashes = "".join(f" --hash={value}" for value in entry["hashes"])
        lines.append(f"{name}{extras}{entry['version']}{markers}{hashes}")
    return "\n".join(lines) + "\n"


def stamp(lock: bytes) -> str:
    """What ``.venv`` was made from: the lock and the interpreter."""
    return f"{hashlib.sha256(lock).hexdigest()} {sys.version_info.major}.{sys.version_info.minor}\n"


def check_node() -> None:
    """Refuse a Node that jsii cannot run on.

    Raises:
        InstallError: there is no Node, or it is too old.
    """
    advice = f"Install Node {OLDEST_NODE} or newer (https://nodejs.org/en/download) and run the command again."
    node = shutil.which("node")
    if not node:
        raise InstallError(f"CDKTF needs Node, and there is none on PATH. {advice}")
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", answer)
    if not version or int(version[1]) < OLDEST_NODE:
        raise InstallError(
            f"CDKTF needs Node {OLDEST_NODE}, and PATH has {answer.strip() or 'one that does not run'}. {advice}"
        )


def install(lock: bytes) -> None:
    """Make or renew the environment.

    Raises:
        InstallError: the environment or the packages could not be installed.
    """
    python = ENVIRONMENT / "bin" / "python"
    created = ENVIRONMENT / ".created"  # written last: interrupted before, the interpreter runs and has no pip
    if not (created.exists() and python.exists() and _runs(python)):
        print("setup: creating .venv", flush=True)
        try:
            venv.create(ENVIRONMENT, clear=True, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as error:
            raise InstallError(
                f"Python could not create .venv ({error}). On Debian and Ubuntu: apt install python3-venv."
            ) from error
        created.touch()
    print("setup: installing the locked packages (about a minute, once)", flush=True)
    started = time.monotonic()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write(requirements(json.loads(lock)))
        listing.flush()
        # --no-compile halves the time: most of the bindings' 1,400 modules are never imported.
        options = ["--require-hashes", "--no-deps", "--no-compile", "--disable-pip-version-check", "--quiet"]
        command = [str(python), "-m", "pip", "install", *options, "-r", listing.name]
        done = subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        errors = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("WARNING"))
        raise InstallError(
            f"pip could not install Pipfile.lock:\n{errors}\nCheck the connection or pip's index settings."
        )
    print(f"setup: done in {time.monotonic() - started:.0f} s", flush=True)


def _runs(python: Path) -> bool:
    """Whether the environment's interpreter starts and is the version we run on (a system upgrade breaks old ones)."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([str(python), "-c", question], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> int:
    """Install unless the stamp says that it was done."""
    os.umask(0o022)
    try:
        check_node()
        lock = ROOT.joinpath("Pipfile.lock").read_bytes()
        marker = ENVIRONMENT / ".lock-stamp"
        ROOT.joinpath(".tap").mkdir(exist_ok=True)
        with ROOT.joinpath(".tap", "setup.lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)  # two makes at once must not write one environment
            if marker.exists() and marker.read_text() == stamp(lock):
                return 0
            install(lock)
            marker.write_text(stamp(lock))
    except InstallError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("setup: interrupted; run the command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
