"""Settings from outside, kept out of tests: they assert what the defaults are, whoever runs them and wherever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lib.settings import Settings, load


def _is_setting(variable: str) -> bool:
    return variable == "ENVIRONMENT_SUFFIX" or variable.startswith(("TAP_", "CDKTF_CONTEXT"))


@contextmanager
def nothing_set(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """No setting from this machine's environment, profile or context; ``folder`` is where those files would be."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in filter(_is_setting, list(os.environ)):
            patch.delenv(variable)
        patch.chdir(folder)
        yield patch


def environment(**variables: str) -> dict[str, str]:
    """The environment for a process of its own, without settings other than ``variables``."""
    return {name: value for name, value in os.environ.items() if not _is_setting(name)} | variables


def settings(folder: Path, **values: Any) -> Settings:
    """The defaults but for ``values``, whatever is set outside."""
    with nothing_set(folder):
        return load(**values)
