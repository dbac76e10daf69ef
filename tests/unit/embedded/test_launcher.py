"""Starting, finding and stopping the embedded AWS."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded import launcher
from embedded.__main__ import main
from embedded.environment import client_environment
from embedded.errors import EmbeddedError
from embedded.launcher import Emulator


@pytest.fixture(autouse=True)
def any_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAP_EMBEDDED_PORT", raising=False)


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    launcher.stop(tmp_path / "state")


def started(state_dir: Path) -> Emulator:
    return launcher.start(state_dir, progress=print)


def alive(pid: int) -> bool:
    """Whether it runs; a dead process that nobody has waited for yet does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def processes_with(word: str) -> list[str]:
    """The numbers and command lines of processes that have ``word`` in their command line."""
    command = ["ps", "-ww", "-eo", "pid=,command="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if word in line]


def database_folder(state_dir: Path) -> str:
    return str(json.loads((state_dir / "postgres.json").read_text())["folder"])


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def made_database(emulator: Emulator) -> None:
    """Leave a PostgreSQL running behind the emulator."""
    command = "import boto3; boto3.client('rds', 'us-east-1').create_db_cluster(DBClusterIdentifier='ledger', "
    command += "Engine='aurora-postgresql', MasterUsername='ledger', MasterUserPassword='not-a-secret')"
    subprocess.run([sys.executable, "-c", command], env=emulator.environment(), check=True)


class TestStart:
    def test_returns_the_one_that_runs_already(self, state_dir: Path) -> None:
        first = started(state_dir)
        assert started(state_dir) == first
        assert launcher.find(state_dir) == first

    def test_listens_on_loopback_only(self, state_dir: Path) -> None:
        assert started(state_dir).endpoint.startswith("http://127.0.0.1:")

    def test_detaches_from_the_terminal(self, state_dir: Path) -> None:
        emulator = started(state_dir)
        assert os.getsid(emulator.pid) == emulator.pid

    def test_publishes_the_authority_of_its_databases(self, state_dir: Path) -> None:
        assert started(state_dir).trust_bundle.read_text().startswith("-----BEGIN CERTIFICATE-----")

    def test_takes_the_port_that_is_asked_for(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        monkeypatch.setenv("TAP_EMBEDDED_PORT", str(port))
        assert started(state_dir).endpoint == f"http://127.0.0.1:{port}"

    def test_names_a_port_that_is_taken(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            monkeypatch.setenv("TAP_EMBEDDED_PORT", port)
            with pytest.raises(EmbeddedError, match=f"port {port} .*in use(.|\n)*set TAP_EMBEDDED_PORT to another"):
                started(state_dir)
        assert not (state_dir / "embedded.json").exists()

    @pytest.mark.parametrize("value", ["http", "-1", "70000", "²"])
    def test_refuses_a_port_that_is_none(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("TAP_EMBEDDED_PORT", value)
        with pytest.raises(EmbeddedError, match="is not a port"):
            started(state_dir)

    def test_says_so_if_it_runs_on_another_port_than_is_asked_for_now(
        self, state_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running = started(state_dir)
        said: list[str] = []
        monkeypatch.setenv("TAP_EMBEDDED_PORT", running.endpoint.rpartition(":")[2])
        launcher.start(state_dir, progress=said.append)
        assert said == []
        monkeypatch.setenv("TAP_EMBEDDED_PORT", "9")
        assert launcher.start(state_dir, progress=said.append) == running
        assert len(said) == 1
        assert f"goes on at {running.endpoint}" in said[0]

    def test_a_port_that_is_none_is_refused_even_if_it_runs(
        self, state_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started(state_dir)
        monkeypatch.setenv("TAP_EMBEDDED_PORT", "70000")
        with pytest.raises(EmbeddedError, match="is not a port"):
            started(state_dir)

    def test_interrupted_leaves_nothing_running(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(launcher, "_wait_until_healthy", interrupt)
        with pytest.raises(KeyboardInterrupt):
            started(state_dir)
        assert processes_with(str(state_dir)) == []
        assert not (state_dir / "embedded.json").exists()

    def test_that_fails_shows_the_end_of_the_log(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        without_emulator = Path(sys.executable)
        monkeypatch.setattr(launcher, "ensure_installed", lambda _progress: without_emulator)
        with pytest.raises(EmbeddedError, match=r"exit code 1(.|\n)*ModuleNotFoundError"):
            started(state_dir)
        assert not (state_dir / "embedded.json").exists()


class TestAStateFile:
    """What an earlier run left is judged by the instance, never by a process number alone."""

    def test_of_a_killed_server_is_replaced_and_its_databases_end(self, state_dir: Path) -> None:
        killed = started(state_dir)
        made_database(killed)
        os.kill(killed.pid, signal.SIGKILL)
        assert eventually(lambda: not killed.runs())
        databases = processes_with(database_folder(state_dir))
        assert databases
        new = started(state_dir)
        assert new.instance != killed.instance
        assert not set(databases) & set(processes_with("postgres"))

    def test_that_names_somebody_else_s_process_harms_nobody(self, state_dir: Path) -> None:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as somebody:
            state_dir.mkdir()
            recorded = {"endpoint": "http://127.0.0.1:9", "pid": somebody.pid, "instance": "gone"}
            (state_dir / "embedded.json").write_text(json.dumps(recorded))
            assert launcher.find(state_dir) is None
            assert launcher.stop(state_dir) is False
            assert alive(somebody.pid)
            somebody.kill()
        assert not (state_dir / "embedded.json").exists()

    def test_that_is_damaged_is_not_guessed_at(self, tmp_path: Path) -> None:
        (tmp_path / "embedded.json").write_text("{")
        with pytest.raises(EmbeddedError, match="is damaged\n"):
            launcher.find(tmp_path)


class TestAServerThatIsSlow:
    """On a busy machine it may take longer to answer than one look; what is deployed to it must not be lost."""

    @pytest.fixture
    def paused(self, state_dir: Path) -> Iterator[Emulator]:
        """It answers nothing until it is woken."""
        emulator = started(state_dir)
        os.kill(emulator.pid, signal.SIGSTOP)
        yield emulator
        with contextlib.suppress(ProcessLookupError):
            os.kill(emulator.pid, signal.SIGCONT)

    @pytest.mark.parametrize("look", [launcher.find, started])
    def test_is_waited_for(self, paused: Emulator, look: Callable[[Path], Emulator | None]) -> None:
        timer = threading.Timer(3, os.kill, (paused.pid, signal.SIGCONT))
        timer.start()
        assert look(paused.state_dir) == paused
        timer.join()

    def test_is_given_up_after_a_while(self, paused: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launcher, "PATIENCE_SECONDS", 1)
        assert launcher.find(paused.state_dir) is None

    def test_still_occupies_its_folder(self, paused: Emulator) -> None:
        assert launcher.occupied(paused.state_dir) == paused
        os.kill(paused.pid, signal.SIGKILL)
        assert eventually(lambda: launcher.occupied(paused.state_dir) is None)


class TestStop:
    def test_leaves_nothing(self, state_dir: Path) -> None:
        emulator = started(state_dir)
        made_database(emulator)
        databases = database_folder(state_dir)
        assert processes_with(databases)

        assert launcher.stop(state_dir) is True

        assert not alive(emulator.pid)
        assert processes_with(str(state_dir)) + processes_with(databases) == []
        assert not (state_dir / "work").exists()
        assert not Path(databases).exists()
        assert launcher.find(state_dir) is None

    def test_of_a_killed_server_ends_its_databases(self, state_dir: Path) -> None:
        emulator = started(state_dir)
        made_database(emulator)
        os.kill(emulator.pid, signal.SIGKILL)
        assert eventually(lambda: not emulator.runs())
        databases = database_folder(state_dir)
        assert processes_with(databases)
        launcher.stop(state_dir)
        assert processes_with(databases) == []

    def test_twice_is_no_error(self, state_dir: Path) -> None:
        assert launcher.stop(state_dir) is False
        assert launcher.stop(state_dir) is False


class TestTheClientEnvironment:
    def test_leaves_no_way_to_a_real_account(self) -> None:
        shell = {
            "AWS_PROFILE": "prod",
            "AWS_SESSION_TOKEN": "t",
            "AWS_CA_BUNDLE": "c",
            "AWS_ENDPOINT_URL_S3": "https://s3",
        }
        environment = client_environment("http://127.0.0.1:1", shell)
        assert not set(shell) & set(environment)
        assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
        assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull

    def test_keeps_the_rest_and_goes_round_the_proxy(self) -> None:
        environment = client_environment("http://127.0.0.1:1", {"PATH": "/bin", "NO_PROXY": "example.com"})
        assert environment["PATH"] == "/bin"
        assert environment["NO_PROXY"] == "example.com,127.0.0.1,localhost"


def test_the_command_line_starts_tells_and_stops(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--state-dir", str(state_dir)]
    assert main(["status", *arguments]) == 1
    assert main(["start", *arguments]) == 0
    assert main(["status", *arguments]) == 0
    assert main(["stop", *arguments]) == 0
    assert main(["stop", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "not running"
    assert lines[2].startswith("running: http://127.0.0.1:")
    assert lines[3:] == ["stopped", "was not running"]
