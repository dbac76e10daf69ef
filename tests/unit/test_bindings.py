"""The fast loader of the provider bindings: faster, and otherwise not to be noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib import bindings
from tests.unit.app import ROOT
from tests.unit.surroundings import environment


def python(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own that finds the project wherever it runs."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(PYTHONPATH=str(ROOT), **variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_output_is_that_of_plain_imports_to_the_byte(tmp_path: Path) -> None:
    for arguments, out in ((("-m", "bench.plain"), "plain"), ((str(ROOT / "tap.py"),), "fast")):
        ended = python(*arguments, cwd=tmp_path, TAP_OUTDIR=str(tmp_path / out))
        assert ended.returncode == 0, ended.stderr
    plain, fast = contents(tmp_path / "plain"), contents(tmp_path / "fast")
    assert len(fast) > 5
    assert plain == fast


def test_only_what_is_used_is_imported(tmp_path: Path) -> None:
    counting = f"import tap, sys; print(sum(name.startswith('{bindings.PACKAGE}.') for name in sys.modules))"
    ended = python("-c", counting, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    # The package has some 1,400 submodules.
    assert 30 < int(ended.stdout) < 200


def test_too_late_is_refused_with_what_to_do(tmp_path: Path) -> None:
    ended = python("-c", "import cdktf; from lib import bindings; bindings.install()", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "lib.bindings.LoaderError: lib.bindings.install() must run before cdktf is imported: "
        "Node has started without the hook"
    )


def test_missing_bindings_are_told_with_how_to_get_them(tmp_path: Path) -> None:
    """Isolated from the environment's packages, as in a fresh clone."""
    ended = python("-S", "-c", "from lib import bindings; bindings.install()", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"lib.bindings.LoaderError: {bindings.PACKAGE} is not installed; run: make setup"
    )


def test_a_second_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.environ["NODE_OPTIONS"]
    bindings.install()
    assert os.environ["NODE_OPTIONS"] == before


def test_nodes_own_options_are_kept_and_a_path_with_spaces_is_quoted(tmp_path: Path) -> None:
    checkout = tmp_path / "a folder with spaces"
    checkout.mkdir()
    (checkout / "lib").symlink_to(ROOT / "lib")
    showing = "from lib import bindings; bindings.install(); import os; print(os.environ['NODE_OPTIONS'])"
    ended = subprocess.run(
        [sys.executable, "-c", f"{showing}; import cdktf"],
        cwd=checkout,
        env=environment(PYTHONPATH=str(checkout), NODE_OPTIONS="--no-deprecation"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    hook = checkout / "lib" / "lazy_bindings.cjs"
    assert ended.stdout.strip() == f'--no-deprecation --require "{hook}"'
