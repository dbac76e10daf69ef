"""Where the driver keeps its files.

``DEPLOYMENT_HOME`` moves them, so that ``make test`` has a deployment of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The driver's folder, ``.tap`` in the checkout unless ``DEPLOYMENT_HOME`` names another."""
    folder = Path(os.environ.get("DEPLOYMENT_HOME", ".tap"))
    return folder if folder.is_absolute() else ROOT / folder


def synth_folder() -> Path:
    """Where ``tap.py`` writes the Terraform (``TAP_OUTDIR``, default ``cdktf.out``)."""
    folder = Path(os.environ.get("TAP_OUTDIR", "cdktf.out"))
    return folder if folder.is_absolute() else ROOT / folder


def emulator_folder() -> Path:
    """The embedded AWS's own folder."""
    return home() / "embedded"


def logs() -> Path:
    """Raw output of every Terraform run."""
    return home() / "logs"


def outputs() -> Path:
    """The outputs of the stacks that were applied last, by stack."""
    return home() / "outputs.json"


def shown(path: Path) -> str:
    """A path as a person in the checkout would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
