"""``python -m policies PLACE``: judges anyone's Terraform JSON, or a plan, with the same rules as the gate.

The exit code is 0 if it passed, 1 if there are open findings, and 2 if not everything could be judged, or the command
was not understood.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from policies import rules, waivers
from policies.assessment import assess
from policies.judgement import Judgement
from policies.model.reading import read
from policies.reports import html, json_report, junit, sarif, table
from policies.rule import Rule
from policies.waivers import Waiver, WaiverError

PASSED: Final = 0
FINDINGS: Final = 1
NOT_JUDGED: Final = 2

_REPORTS: Final[dict[str, Callable[[Judgement], str]]] = {
    "sarif": sarif.render,
    "junit": junit.render,
    "html": html.render,
}
_ANOTHER_SCANNERS: Final = ("CKV_", "CKV2_")
_PLACE: Final = "a folder of Terraform JSON (CDKTF's output, or any *.tf.json files), one such file, or a plan"
_EPILOGUE: Final = """\
A plan is what Terraform writes with:
  terraform plan -out=tfplan && terraform show -json tfplan > plan.json

The exit code is 0 if it passed, 1 if there are open findings, and 2 if not everything could be judged or the command
was not understood.
"""


class _UsageError(Exception):
    """What the person has to change in the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, report, and answer with the exit code."""
    options = _parser().parse_args(arguments)
    # A name that the terminal cannot show is no reason to show nothing.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        judgement = _judged(options)
        _write(options, judgement)
    except (_UsageError, WaiverError) as error:
        sys.stderr.write(f"policies: {error}\n")
        return NOT_JUDGED
    _show(judgement, as_json=options.json)
    if judgement.problems:
        return NOT_JUDGED
    return FINDINGS if judgement.open else PASSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m policies",
        description="Judges Terraform JSON, or a plan, with the same rules as the gate.",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("place", type=Path, metavar="PLACE", help=_PLACE)
    parser.add_argument("--json", action="store_true", help="print the judgement as JSON instead of a table")
    for name in _REPORTS:
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write it as {name.upper()} as well")
    parser.add_argument("--waivers", type=Path, metavar="FILE", help="findings that stay, each with reason and end")
    parser.add_argument("--rule", action="append", metavar="ID", default=[], help="only this rule (may be repeated)")
    return parser


def _judged(options: argparse.Namespace) -> Judgement:
    if not options.place.exists():
        raise _UsageError(f"{options.place} does not exist")
    chosen = _chosen(options.rule)
    waived = waivers.read(options.waivers) if options.waivers else ()
    on = datetime.now(tz=UTC).date()
    return assess(read(options.place), chosen, _ours(waived, chosen), on)


def _chosen(ids: Sequence[str]) -> tuple[Rule, ...]:
    every = rules.every()
    unknown = sorted(set(ids) - {rule.id for rule in every})
    if unknown:
        raise _UsageError(f"no rule is called {', '.join(unknown)}; docs/policies.md lists them")
    return tuple(rule for rule in every if rule.id in ids) if ids else every


def _ours(waived: Sequence[Waiver], chosen: Sequence[Rule]) -> tuple[Waiver, ...]:
    """The waivers that these rules may need: not those of another scanner, and not those of rules that do not run."""
    running = {rule.id for rule in chosen}
    others = {rule.id for rule in rules.every()} - running
    return tuple(w for w in waived if w.rule not in others and not w.rule.startswith(_ANOTHER_SCANNERS))


def _write(options: argparse.Namespace, judgement: Judgement) -> None:
    for name, render in _REPORTS.items():
        file: Path | None = getattr(options, name)
        if file is None:
            continue
        try:
            file.write_text(render(judgement), encoding="utf-8")
        except OSError as error:
            raise _UsageError(f"{file} cannot be written: {error.strerror}") from None


def _show(judgement: Judgement, *, as_json: bool) -> None:
    if as_json:
        text = json_report.render(judgement)
    else:
        width, colour = table.terminal(sys.stdout)
        text = table.render(judgement, width=width, colour=colour)
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has read enough; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
