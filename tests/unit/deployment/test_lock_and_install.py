"""Packages: a lock that names no index, and an installation that accepts nothing but the locked files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import install
from deployment.lock import neutral
from deployment.places import ROOT

LOCK = json.loads(ROOT.joinpath("Pipfile.lock").read_text(encoding="utf-8"))
WHAT_THE_USER_FIXED = ("cdktf", "cdktf-cdktf-provider-aws", "constructs", "boto3", "checkov", "hypothesis", "pytest")


def test_neither_pipfile_nor_lock_names_an_index() -> None:
    assert LOCK["_meta"]["sources"] == []
    for name in ("Pipfile", "Pipfile.lock"):
        text = ROOT.joinpath(name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|\bindex\"|\[\[source\]\]\s*$", text.replace("No [[source]]", "")), name


def test_neutralizing_drops_sources_and_index_keys_and_nothing_else() -> None:
    package = {"version": "==1.0", "hashes": ["sha256:00"], "index": "mirror"}
    lock = {"_meta": {"hash": {"sha256": "1"}, "sources": [{"url": "x"}]}, "default": {"a": package}, "develop": {}}
    assert neutral(lock) == {
        "_meta": {"hash": {"sha256": "1"}, "sources": []},
        "default": {"a": {"version": "==1.0", "hashes": ["sha256:00"]}},
        "develop": {},
    }
    assert package["index"] == "mirror", "the argument is left as it was"


@pytest.mark.parametrize("package", WHAT_THE_USER_FIXED)
def test_the_fixed_packages_are_locked(package: str) -> None:
    assert package in LOCK["default"]


def test_every_locked_package_is_installed_by_version_and_hash() -> None:
    lines = install.requirements(LOCK).splitlines()
    assert len(lines) == len({**LOCK["default"], **LOCK["develop"]})
    for line in lines:
        assert re.match(r"^[A-Za-z0-9_.-]+(\[[a-z,]+\])?==\S+( ; .+?)?( --hash=sha256:[0-9a-f]{64})+$", line), line


def test_the_environment_is_made_anew_for_another_lock_only() -> None:
    assert install.stamp(b"one") == install.stamp(b"one")
    assert install.stamp(b"one") != install.stamp(b"two")


@pytest.mark.parametrize(("answer", "said"), [(None, "none on PATH"), ("v18.20.1", "v18.20.1"), ("hello", "hello")])
def test_without_a_usable_node_setup_says_where_to_get_one(
    answer: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if answer:
        node = tmp_path / "node"
        node.write_text(f"#!/bin/sh\necho {answer}\n")
        node.chmod(0o755)
    with pytest.raises(install.InstallError, match=said) as refused:
        install.check_node()
    assert "https://nodejs.org" in str(refused.value)


def test_setup_does_nothing_when_the_lock_is_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deployment.install"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_an_environment_whose_creation_was_interrupted_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one, interrupted where it lasts longest: the interpreter is there, and pip is not."""
    monkeypatch.setattr(install, "ENVIRONMENT", tmp_path / "venv")
    nothing = b'{"default": {}, "develop": {}}'

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("venv.EnvBuilder._setup_pip", interrupt)
        with pytest.raises(KeyboardInterrupt):
            install.install(nothing)
    assert (tmp_path / "venv" / "bin" / "python").exists()

    install.install(nothing)

    pip = [str(tmp_path / "venv" / "bin" / "python"), "-m", "pip", "--version"]
    assert subprocess.run(pip, capture_output=True, check=False).returncode == 0
