"""What judging costs: ``python -m bench.policies [--rounds N]``.

Three comparisons, each within one run: all rules on the whole deployment (reading included) against checkov's
evaluation of the same folder with its built-in checks; a warm ``make gate``, which also synthesizes, against plain
checkov; and how many substituted settings a second the properties judge, and hypothesis draws.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SYNTH: Final = ROOT / "cdktf.out"
EXAMPLES: Final = 2000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.policies", description="How long judging takes.")
    parser.add_argument("--rounds", type=int, default=5, help="measured runs of each variant (default 5)")
    rounds = max(1, parser.parse_args().rounds)
    subprocess.run(["make", "--no-print-directory", "synth"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    _in_process(rounds)
    _whole_processes(rounds)
    _properties()
    return 0


def _in_process(rounds: int) -> None:
    """Rules against checkov's checks, without the imports of either."""
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415  # measured apart
    from checkov.terraform_json.runner import TerraformJsonRunner  # noqa: PLC0415

    from policies import rules  # noqa: PLC0415
    from policies.judge import judge  # noqa: PLC0415
    from policies.model.reading import read  # noqa: PLC0415

    every = rules.every()

    def ours() -> None:
        verdict = judge(read(SYNTH), every)
        if verdict.problems:
            raise SystemExit("\n".join(verdict.problems))

    def theirs() -> None:
        runner_filter = RunnerFilter(framework=["terraform_json"], show_progress_bar=False)
        TerraformJsonRunner().run(root_folder=str(SYNTH), runner_filter=runner_filter)

    medians = _in_turn(rounds, {"ours": ours, "theirs": theirs})
    print(f"{len(every)} rules on the whole deployment, read and judged   {medians['ours'] * 1000:>8.0f} ms")
    print(f"checkov's own checks on the same folder              {medians['theirs'] * 1000:>8.0f} ms")
    print(f"ratio                                                {medians['theirs'] / medians['ours']:>8.1f}x\n")


def _whole_processes(rounds: int) -> None:
    """``make gate`` against ``checkov -d``, as a person runs them."""
    checkov = Path(sys.executable).with_name("checkov")
    plain = [str(checkov), "-d", str(SYNTH), "--framework", "terraform_json", "--skip-download", "--quiet", "--compact"]

    with tempfile.TemporaryDirectory() as away:

        def gate() -> None:
            subprocess.run(["make", "--no-print-directory", "gate"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

        def alone() -> None:
            # Away from the checkout, where .checkov.yaml would add our rules. It knows no waiver, so it exits with 1.
            subprocess.run(plain, cwd=away, env=dict(os.environ), check=False, stdout=subprocess.DEVNULL)

        gate()
        alone()
        medians = _in_turn(rounds, {"gate": gate, "alone": alone})
    print(f"make gate, with its synth                            {medians['gate']:>8.2f} s")
    print(f"plain checkov with its built-in checks               {medians['alone']:>8.2f} s")
    print(f"ratio                                                {medians['gate'] / medians['alone']:>8.2f}x\n")


def _properties() -> None:
    """The property of names over substituted settings: how fast hypothesis draws them, and how fast they are judged."""
    from lib import bindings  # noqa: PLC0415  # must come before anything of cdktf

    bindings.install()
    from hypothesis import given, settings  # noqa: PLC0415

    from tests.unit import test_properties as properties  # noqa: PLC0415
    from tests.unit.app import synthesize  # noqa: PLC0415
    from tests.unit.names import dns_names, names  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        made = synthesize(Path(folder), **properties.SENTINELS)
    named, public = list(names(made)), list(dns_names(made))
    drawn: list[dict[str, str]] = []

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(values=properties.texts())
    def draw(values: dict[str, str]) -> None:
        drawn.append(values)

    started = time.perf_counter()
    draw()
    taken = time.perf_counter() - started
    started = time.perf_counter()
    for values in drawn:
        properties.judge_names(properties.renamed(named, values), values["prefix"], values["environment_suffix"])
        domain = f"{values['environment_suffix']}.{values['domain']}"
        properties.judge_dns_names(properties.renamed(public, values), domain)
    judged = time.perf_counter() - started
    print(f"substituted settings judged by the property of names {len(drawn) / judged:>8.0f} a second")
    print(f"drawn by hypothesis                                  {len(drawn) / taken:>8.0f} a second")


def _in_turn(rounds: int, variants: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Median seconds of each; the first round warms up and does not count."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, run in variants.items():
            started = time.perf_counter()
            run()
            if number:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


if __name__ == "__main__":
    sys.exit(main())
