"""Measure whole processes that synthesize all stacks: ``make bench`` or ``python -m bench [--rounds N]``.

Every round runs each variant once, in turn, so that whatever else the machine does meets them all alike; the ratios of
medians are what can be compared between machines.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deployment.suite import ALTERNATIVE

ROOT = Path(__file__).parent.parent
MANY = 10


@dataclass
class Variant:
    """A way to run the app, and how long each run took in seconds; the processor's time includes Node's."""

    name: str
    arguments: Sequence[str]
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, *, measured: bool) -> None:
        """Run it once in a process of its own, into a folder that is empty."""
        out = Path(tempfile.mkdtemp(dir=self.folder))
        arguments = [sys.executable, *(argument.format(out=out) for argument in self.arguments)]
        before, started = _children_cpu(), time.perf_counter()
        # Away from the checkout, where a profile of somebody's own could be.
        ended = subprocess.run(
            arguments,
            cwd=out,
            env=_environment(TAP_OUTDIR=str(out), **self.settings),
            capture_output=True,
            text=True,
            check=False,
        )
        wall, cpu = time.perf_counter() - started, _children_cpu() - before
        if ended.returncode:
            raise SystemExit(f"bench: {self.name} failed with exit code {ended.returncode}\n{ended.stderr}")
        if measured:
            self.wall.append(wall)
            self.cpu.append(cpu)

    def outputs(self) -> list[Path]:
        """The folders of all runs."""
        return sorted(self.folder.iterdir())


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environment(**variables: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "ENVIRONMENT_SUFFIX" and not name.startswith(("TAP_", "CDKTF_CONTEXT"))
    }
    # The fast loader silences jsii's banner about Node 20; plain imports shall not be slower for writing it.
    return {**kept, "PYTHONPATH": str(ROOT), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20", **variables}


def _same(one: Path, other: Path) -> bool:
    files = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    return files == {path.relative_to(other) for path in other.rglob("*") if path.is_file()} and not any(
        filecmp.cmpfiles(one, other, map(str, files), shallow=False)[1:]
    )


def _print_medians(variants: Sequence[Variant]) -> None:
    print(f"\n{'median of rounds':<38} {'wall s':>8} {'CPU s':>8}")
    for variant in variants:
        print(f"{variant.name:<38} {statistics.median(variant.wall):>8.2f} {statistics.median(variant.cpu):>8.2f}")


def _print_ratio(text: str, more: Variant, less: Variant) -> None:
    wall, cpu = (
        statistics.median(getattr(more, clock)) / statistics.median(getattr(less, clock)) for clock in ("wall", "cpu")
    )
    print(f"{text:<38} {wall:>7.1f}x {cpu:>7.1f}x")


def main() -> int:
    """Measure and print; 1 if the variants' outputs differ."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="How long a synth of all stacks takes.")
    parser.add_argument("--rounds", type=int, default=5, help="measured runs of each variant (default 5)")
    rounds = max(1, parser.parse_args().rounds)
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as scratch:
        fast, plain, ten, *others = variants = [
            Variant("fast loader", [str(ROOT / "tap.py")], Path(scratch, "fast")),
            Variant("plain imports", ["-m", "bench.plain"], Path(scratch, "plain")),
            Variant(f"fast loader, {MANY} deployments", ["-m", "bench.many", str(MANY), "{out}"], Path(scratch, "ten")),
            *(
                Variant(f"{name}={value}", [str(ROOT / "tap.py")], Path(scratch, name), {name: value})
                for name, value in ALTERNATIVE.items()
            ),
            Variant("all of these settings", [str(ROOT / "tap.py")], Path(scratch, "alternative"), ALTERNATIVE),
        ]
        for round_ in range(rounds + 1):
            print("warming up the caches" if round_ == 0 else f"round {round_} of {rounds}", flush=True)
            for variant in variants:
                variant.folder.mkdir(exist_ok=True)
                variant.run(measured=round_ > 0)
        _print_medians(variants)
        print(f"\n{'ratio of medians':<38} {'wall':>8} {'CPU':>8}")
        _print_ratio("plain imports : fast loader", plain, fast)
        _print_ratio(f"{MANY} deployments : 1, in one process", ten, fast)
        for other in others:
            _print_ratio(f"{other.name} : none", other, fast)
        reference = fast.outputs()[0]
        differing = [it for variant in (fast, plain) for it in variant.outputs() if not _same(reference, it)]
    print(f"\noutputs of fast loader and plain imports: {'DIFFERENT' if differing else 'the same to the byte'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
