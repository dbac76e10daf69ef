"""``.checkov.yaml``, written from the waivers: plain checkov cannot read them, but it can be told what to skip.

``python -m policies.configuration`` writes it.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from policies import waivers
from policies.waivers import Waiver

ROOT: Final = Path(__file__).resolve().parent.parent
FILE: Final = ROOT / ".checkov.yaml"
WAIVERS: Final = ROOT / "policies" / "waivers.toml"

_HEAD: Final = """\
# For plain `checkov -d cdktf.out` in this folder. Written by `make generate` from policies/waivers.toml: do not edit.
# Waivers of single resources cannot be told to checkov; `make gate` knows them all and is the judge.
framework:
  - terraform_json
external-checks-dir:
  - policies/checks
skip-download: true
quiet: true
compact: true
"""


def text(waived: Sequence[Waiver]) -> str:
    """The file's content: every rule that is waived as a whole is skipped, with its reason."""
    whole = [waiver for waiver in waived if waiver.whole_check]
    lines = [_HEAD]
    if whole:
        lines.append("skip-check:\n")
    for waiver in whole:
        reason = textwrap.wrap(waiver.reason, 110)
        lines += [f"  # {line}\n" for line in reason]
        lines.append(f"  - {waiver.rule}\n")
    return "".join(lines)


def main() -> int:
    """Write the file."""
    FILE.write_text(text(waivers.read(WAIVERS)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
