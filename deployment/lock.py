"""``make lock``: resolve the Pipfile and write a lock that names no package index.

Companies install through mirrors, so where packages come from is the installer's configuration; what they are is the
lock's, by hash.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def neutral(lock: dict[str, Any]) -> dict[str, Any]:
    """The same lock without sources and without the name of an index at any package."""
    result = json.loads(json.dumps(lock))
    result["_meta"]["sources"] = []
    for section in ("default", "develop"):
        for package in result.get(section, {}).values():
            package.pop("index", None)
    return dict(result)


def main() -> int:
    """Lock with pipenv (``PIPENV`` or PATH) and neutralize the result."""
    pipenv = os.environ.get("PIPENV") or shutil.which("pipenv")
    if not pipenv:
        print("make lock needs pipenv: `pipx install pipenv`, or name one in PIPENV=/path/to/pipenv.", file=sys.stderr)
        return 2
    if "--only-neutralize" not in sys.argv:
        subprocess.run([pipenv, "lock"], cwd=ROOT, check=True)
    path = ROOT / "Pipfile.lock"
    path.write_text(json.dumps(neutral(json.loads(path.read_text())), indent=4, sort_keys=True) + "\n")
    print("Pipfile.lock is written; it names no index.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
