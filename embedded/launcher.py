"""Starts, finds and stops the embedded AWS of one deployment.

A deployment's emulator is described by ``embedded.json`` in its state folder, written as soon as the process exists:
whatever interrupts a start, the next one finds what it left. A process counts as ours only if it answers with our
instance id, or at least carries it on its command line; a number alone could belong to anybody by now.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from embedded.environment import HOST, client_environment, server_environment
from embedded.errors import EmbeddedError
from embedded.installation import CHECKOUT, ensure_installed, exclusive
from embedded.server.postgres_home import remove_orphans

DEFAULT_STATE_DIR = CHECKOUT / ".tap" / "embedded"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
PATIENCE_SECONDS = 20.0
"""A busy machine may keep a server from answering at once; what is deployed must not be lost to that."""

_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Emulator:
    """An embedded AWS that was started for ``state_dir``."""

    endpoint: str
    pid: int
    instance: str
    state_dir: Path

    @property
    def trust_bundle(self) -> Path:
        """The certificate authority (PEM) of the PostgreSQL behind Aurora; it changes with every start."""
        return self.state_dir / "database-trust.pem"

    @property
    def log(self) -> Path:
        """What the server has written since it was started."""
        return self.state_dir / "server.log"

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return a complete environment for a client process: use it as ``env=``, not as an overlay."""
        return client_environment(self.endpoint, base)

    def health(self, timeout: float = 2.0) -> dict[str, object] | None:
        """Return the server's own account of itself, or None if it does not answer as this instance."""
        try:
            with _NO_PROXY.open(f"{self.endpoint}/_embedded/health", timeout=timeout) as response:
                health = json.load(response)
        except (OSError, ValueError):
            return None
        return health if isinstance(health, dict) and health.get("instance") == self.instance else None

    def runs(self) -> bool:
        """Tell whether the process exists and is this instance, whether or not it answers."""
        # -ww: the instance id is far to the right, and COLUMNS would cut it off.
        command = ["ps", "-ww", "-p", str(self.pid), "-o", "command="]
        listing = subprocess.run(command, capture_output=True, text=True, check=False)
        return self.instance in listing.stdout


def _answers(emulator: Emulator) -> bool:
    """Tell whether the server answers, and wait for it as long as its process is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not emulator.health():
        if time.monotonic() > deadline or not emulator.runs():
            return False
        time.sleep(0.1)
    return True


def start(
    state_dir: Path = DEFAULT_STATE_DIR,
    *,
    progress: Callable[[str], None] = _print,
    with_gaps: bool = True,
) -> Emulator:
    """Start the embedded AWS for ``state_dir``, or return the one that already answers.

    The port is TAP_EMBEDDED_PORT, or any free one. ``with_gaps=False`` serves the emulator as its makers ship it,
    for the tests that watch whether a gap is still there. Raises EmbeddedError.
    """
    state_dir = state_dir.resolve()
    port = _wanted_port()
    python = ensure_installed(progress)
    with exclusive(state_dir / "launcher.lock"):
        running = _read(state_dir)
        if running and _answers(running):
            if port and not running.endpoint.endswith(f":{port}"):
                progress(f"embedded AWS: goes on at {running.endpoint}; TAP_EMBEDDED_PORT counts when it is started")
            return running
        if running:
            progress("embedded AWS: clearing away an earlier one that no longer answers")
            _end(running)
        with _reserve_port(port) as listener:
            emulator, process = _spawn(python, state_dir, listener, with_gaps)
        try:
            _wait_until_healthy(emulator, process)
        except BaseException:  # Ctrl-C too: a start that did not finish leaves nothing behind
            _end(emulator, process)
            raise
    progress(f"embedded AWS: listening on {emulator.endpoint} (log: {_shown(emulator.log)})")
    return emulator


def find(state_dir: Path = DEFAULT_STATE_DIR) -> Emulator | None:
    """Return the embedded AWS of ``state_dir`` if it answers."""
    running = _read(state_dir.resolve())
    return running if running and _answers(running) else None


def occupied(state_dir: Path = DEFAULT_STATE_DIR) -> Emulator | None:
    """Return the embedded AWS of ``state_dir`` if its process is there, whether or not it answers."""
    running = _read(state_dir.resolve())
    return running if running and running.runs() else None


def stop(state_dir: Path = DEFAULT_STATE_DIR) -> bool:
    """End the embedded AWS of ``state_dir`` and all that it started; return whether there was one."""
    state_dir = state_dir.resolve()
    if not state_dir.is_dir():
        return False
    with exclusive(state_dir / "launcher.lock"):
        recorded = _read(state_dir)
        return _end(recorded) if recorded else False


def _wanted_port() -> int:
    """The port that TAP_EMBEDDED_PORT names; 0 is any free one."""
    wanted = os.environ.get("TAP_EMBEDDED_PORT", "0")
    if not wanted.isdecimal() or int(wanted) > 65535:
        raise EmbeddedError(
            f'TAP_EMBEDDED_PORT = "{wanted}" is not a port\n  give a number from 1024 to 65535, or unset it'
        )
    return int(wanted)


def _reserve_port(wanted: int) -> socket.socket:
    """Bind the server's socket here: no other process can take the port between choosing and listening."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, wanted))
    except OSError as error:
        listener.close()
        raise EmbeddedError(
            f"embedded AWS: port {wanted} on {HOST} cannot be used: {error.strerror}\n"
            "  set TAP_EMBEDDED_PORT to another port, or unset it and any free one is taken"
        ) from None
    return listener


def _spawn(
    python: Path, state_dir: Path, listener: socket.socket, with_gaps: bool
) -> tuple[Emulator, "subprocess.Popen[bytes]"]:
    port = listener.getsockname()[1]
    work_dir = state_dir / "work"
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    instance = uuid.uuid4().hex
    command = [str(python), "-s", "-m", "embedded.server", "--instance", instance, "--state-dir", str(state_dir)]
    command += ["--listener", str(listener.fileno())] + ([] if with_gaps else ["--without-gaps"])
    with (state_dir / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=server_environment(port, work_dir),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # the terminal's Ctrl-C is for Terraform, not for the cloud under it
        )
    emulator = Emulator(f"http://{HOST}:{port}", process.pid, instance, state_dir)
    _write(emulator)
    return emulator, process


def _wait_until_healthy(emulator: Emulator, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not emulator.health():
        code = process.poll()
        if code is None and time.monotonic() < deadline:
            time.sleep(0.05)
            continue
        what = f"did not answer within {START_SECONDS:.0f} s" if code is None else f"ended with exit code {code}"
        last = "\n".join(f"  | {line}" for line in emulator.log.read_text(errors="replace").splitlines()[-15:])
        raise EmbeddedError(f"embedded AWS: the server {what}; its log ({_shown(emulator.log)}) ends\n{last}")


def _end(emulator: Emulator, process: "subprocess.Popen[bytes] | None" = None) -> bool:
    """End the server's process and what is left of its process group; forget it. Return whether it was alive."""
    alive = emulator.runs()
    if alive:
        _signal(emulator.pid, signal.SIGTERM)
        if not _gone(emulator, process, STOP_SECONDS):
            _signal_group(emulator.pid, signal.SIGKILL)
            _gone(emulator, process, STOP_SECONDS)
        _signal_group(emulator.pid, signal.SIGKILL)  # children that outlived their parent
    remove_orphans(emulator.state_dir)  # databases of a server that could not end them itself: killed, or crashed
    shutil.rmtree(emulator.state_dir / "work", ignore_errors=True)
    (emulator.state_dir / "embedded.json").unlink(missing_ok=True)
    return alive


def _gone(emulator: Emulator, process: "subprocess.Popen[bytes] | None", seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None if process else not emulator.runs():
            return True
        time.sleep(0.05)
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(leader, number)


def _read(state_dir: Path) -> Emulator | None:
    try:
        recorded = json.loads((state_dir / "embedded.json").read_text())
        return Emulator(recorded["endpoint"], int(recorded["pid"]), recorded["instance"], state_dir)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise EmbeddedError(
            f"embedded AWS: {_shown(state_dir / 'embedded.json')} is damaged\n"
            "  look for a process `embedded.server` and end it, then delete the file"
        ) from None


def _write(emulator: Emulator) -> None:
    target = emulator.state_dir / "embedded.json"
    temporary = target.with_suffix(".new")
    temporary.write_text(json.dumps({**asdict(emulator), "state_dir": str(emulator.state_dir)}, indent=2) + "\n")
    temporary.replace(target)


def _shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)
