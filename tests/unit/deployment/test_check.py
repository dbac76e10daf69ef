"""``make check``: actionlint runs where it can be had, and its absence is said; on GitHub's runners it is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment import check
from deployment.interrupt import Interrupts


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No other check, and a PATH on which there is only what the test puts there."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setattr(check, "_CHECKS", ())
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return programs


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_it_reads_every_workflow(alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(alone / "actionlint", f'echo "$@" > "{tmp_path}/called"')

    assert check.run(Interrupts()) == 0
    assert "check: actionlint ok" in capsys.readouterr().out
    assert ".github/workflows/gate.yml" in (tmp_path / "called").read_text()


def test_what_it_finds_fails_the_check(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(alone / "actionlint", "echo gate.yml:1: wrong; exit 1")

    assert check.run(Interrupts()) == 1
    assert "gate.yml:1: wrong" in capsys.readouterr().err


def test_go_installs_the_version_that_is_named(alone: Path, tmp_path: Path) -> None:
    program(alone / "go", f'echo "$@" > "{tmp_path}/called"; printf "#!/bin/sh\\n" > "$GOBIN/actionlint"; '
            '/bin/chmod +x "$GOBIN/actionlint"')  # fmt: skip

    assert check.run(Interrupts()) == 0
    assert (tmp_path / "called").read_text() == f"install {check._ACTIONLINT_MODULE}\n"


@pytest.mark.parametrize("go", [None, "exit 1"])
def test_where_it_cannot_be_had_the_check_says_so_and_goes_on(
    alone: Path, capsys: pytest.CaptureFixture[str], go: str | None
) -> None:
    if go:
        program(alone / "go", go)

    assert check.run(Interrupts()) == 0
    assert "actionlint not run" in capsys.readouterr().out


def test_on_githubs_runners_it_must_run(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    assert check.run(Interrupts()) == 1
    assert "actionlint failed" in capsys.readouterr().err
