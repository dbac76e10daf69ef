"""``make gate``: shows what the policies' gate says of a synth output, and keeps its reports."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from deployment import places
from deployment.console import say
from deployment.errors import DeploymentError

if TYPE_CHECKING:
    from policies.judgement import Judgement

# SARIF is for GitHub, which ignores suppressions: waived findings, which the other three list, would become alerts.
_OPTIONS: dict[str, dict[str, bool]] = {"sarif": {"waived": False}}
_REPORTS = {"json_report": "gate.json", "sarif": "gate.sarif", "junit": "gate.junit.xml", "html": "gate.html"}


def warm_up() -> None:
    """Import checkov, which takes seconds, while the synth runs in a process of its own."""
    threading.Thread(target=importlib.import_module, args=("policies.gate",), daemon=True).start()


def run(folder: Path, *, waivers: Path | None = None) -> None:
    """Judge a synth output.

    Raises:
        DeploymentError: it did not pass, or could not be judged in full; the message says why.
    """
    from policies import configuration, gate  # noqa: PLC0415  # see warm_up
    from policies.reports import table  # noqa: PLC0415

    judgement = gate.run(folder, waivers_file=waivers or configuration.WAIVERS)
    width, colour = table.terminal(sys.stdout)
    say(table.render(judgement, width=width, colour=colour))
    say(f"report       {places.shown(_keep(judgement) / _REPORTS['html'])}")
    if judgement.passed:
        return
    what = [f"{len(judgement.open)} open findings"] if judgement.open else []
    what += [f"{len(judgement.problems)} reasons to trust no verdict"] if judgement.problems else []
    raise DeploymentError(
        f"The gate has {' and '.join(what)}, told above. Fix the resource, or waive the finding with a reason in "
        f"{places.shown(configuration.WAIVERS)}."
    )


def _keep(judgement: Judgement) -> Path:
    """Write every report; the folder."""
    folder = places.home() / "gate"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for module, name in _REPORTS.items():
            render = importlib.import_module(f"policies.reports.{module}").render
            text = render(judgement, **_OPTIONS.get(module, {}))
            folder.joinpath(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeploymentError(f"gate: its reports cannot be kept in {places.shown(folder)}: {error.strerror}") from None
    return folder
