"""``make clean``: delete what was generated. Runs on a bare Python, and never under a running deployment."""

from __future__ import annotations

import shutil
import sys

from deployment.places import ROOT, emulator_folder, home, shown
from embedded import launcher
from embedded.errors import EmbeddedError

_GENERATED = (
    *("cdktf.out", "build", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis"),
    *(".venv", ".venv-embedded"),
)


def main() -> int:
    """Refuse while an embedded AWS runs: its state is the only record of what is deployed to it."""
    for folder in (emulator_folder(), home() / "test" / "embedded", home() / "preview" / "deployment" / "embedded"):
        try:
            running = launcher.occupied(folder)
        except EmbeddedError as error:
            print(error, file=sys.stderr)
            return 1
        if running:
            print(f"clean: an embedded AWS runs ({running.endpoint}); `make destroy` first.", file=sys.stderr)
            return 1
    for folder in [ROOT / name for name in _GENERATED] + [home()]:
        if folder.exists():
            shutil.rmtree(folder)
            print(f"clean: deleted {shown(folder)}")
    for cache in [path for path in ROOT.rglob("__pycache__") if path.is_dir()]:
        shutil.rmtree(cache, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
