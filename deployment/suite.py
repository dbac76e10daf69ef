"""``make test``, its parts ``make unit`` and ``make rehearsal``, and ``make soak``: what CI runs.

What is deployed is a deployment of its own that is gone afterwards, whatever happens in between.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from deployment import check, places, terraform
from deployment.console import heading, say, warn
from deployment.interrupt import Interrupts

SUFFIX = "ci"
_LONGEST = 9
"""Characters that "-alt" leaves of the longest suffix with the default prefix."""
_INTEGRATION_TESTS = ("tests/integration", "-m", "not after_destroy")
_STANDING_TESTS = ("tests/integration", "-m", "not (after_destroy or failover)")
_MOVING_TESTS = ("tests/integration", "-m", "failover and not after_destroy")
_CAMPAIGNS = ("tests/integration", "-m", "soak and not after_destroy", "--durations=0")
_UNIT_TESTS = ("tests/unit", "--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile")
"""In a process per processor: files stay whole, because their tests share what is expensive to start."""

_NO_TESTS_COLLECTED = 5

ALTERNATIVE = {
    "TAP_INGRESS": "load-balancer",
    "TAP_ROUTING": "weighted",
    "TAP_STANDBY_REGION": "us-east-2",
    "TAP_AURORA_CAPACITY": "serverless-v2",
    "TAP_NAT": "single",
    "TAP_AUTOMATIC_FAILOVER": "on",
}
"""One deployment with all that settings can choose instead of the defaults: what it takes to deploy is paid once."""

_SWITCHOVER = "test_a_switchover_under_load_loses_and_doubles_no_payment_and_terraform_would_not_undo_it"
ALTERNATIVE_TESTS = (
    *(
        f"tests/integration/test_{name}.py"
        for name in (
            *("balanced", "payments", "refusals", "health"),
            *("alarms", "firewall", "functions", "inventory", "logs", "network", "outputs", "routing", "tags"),
        )
    ),
    "tests/integration/test_automatic_failover.py",
    "tests/integration/test_failover.py::" + _SWITCHOVER,
    *("-m", "not after_destroy"),
)
"""What the other ingress, routing, region and capacity could break.

The way in with all that it refuses; what is described of it; and one switchover under load and back, which settles
payments in both regions, needs probe, guard and canary to work through the ingress, and asks for an empty plan. What
knows nothing of these settings has been seen on the defaults.
"""

DEFAULTS, FAILOVER, ALTERNATIVELY = PARTS = ("defaults", "failover", "alternative")
"""Of a rehearsal: the defaults where they are deployed, what moves them to the other region, and other settings."""

_WIDTH = 100


@dataclass
class Suite:
    """One run: its environment, its test results, and the steps that failed."""

    name: str
    environment: dict[str, str]
    reports: Path
    started: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    of: str = ""
    """What its steps are about, if not about the defaults."""

    def command(self, interrupts: Interrupts, step: str, module: str, *arguments: str) -> bool:
        """Run a command of the driver or of the drill in a process of its own."""
        step = self._begin(step)
        if _run(interrupts, ["-m", module, *arguments], self.environment) == 0:
            return True
        self.broken.append(step)
        return False

    def tests(self, interrupts: Interrupts, step: str, *arguments: str) -> bool:
        """Run pytest and add up its results."""
        step = self._begin(step)
        report = self.reports / f"{step.replace(' ', '-')}.xml"
        report.unlink(missing_ok=True)
        code = _run(interrupts, ["-m", "pytest", f"--junitxml={report}", *arguments], self.environment)
        counted = read_report(report)
        self.counts += counted
        if code and not counted["failed"] + counted["error"]:
            why = "there are no such tests" if code == _NO_TESTS_COLLECTED else f"pytest ended with {code}"
            self.broken.append(f"{step}: {why}")
        return code == 0

    def _begin(self, step: str) -> str:
        step = f"{self.of}{step}"
        heading(f"make {self.name}: {step}")
        return step

    def close(self) -> int:
        """Say what happened, ending in a line as pytest's own, over all of its runs; the exit code."""
        for step in self.broken:
            warn(f"FAILED {step}")
        self.counts["error"] += len(self.broken)
        say(closing_line(self.counts, time.monotonic() - self.started))
        return 1 if self.counts["failed"] + self.counts["error"] else 0


def run(interrupts: Interrupts) -> int:
    """Checks, unit tests, and both rehearsals; 0 if all is well.

    Raises:
        MissingError: there is no Terraform, which would be found out after minutes.
    """
    terraform.find()
    suite = _suite("test")
    heading("make test: check")
    if check.run(interrupts):
        suite.broken.append("check")
    _unit_tests(suite, interrupts)
    if suite.broken or suite.counts["failed"] + suite.counts["error"]:
        say("\nNothing was deployed, because the steps above failed.")
        return suite.close()
    _rehearse(suite, interrupts)
    return suite.close()


def unit(interrupts: Interrupts) -> int:
    """Unit and property tests; 0 if all is well."""
    suite = _suite("unit")
    _unit_tests(suite, interrupts)
    return suite.close()


def rehearsal(interrupts: Interrupts, only: str | None = None) -> int:
    """Deploy, integration tests, a drill, destroy, look for leftovers; and the alternative. 0 if all is well.

    ``only`` one of the ``PARTS`` is for machines that work side by side.

    Raises MissingError.
    """
    terraform.find()
    suite = _suite("rehearsal")
    if only == ALTERNATIVELY:
        _rehearse_alternative(suite, interrupts)
    else:
        _rehearse(suite, interrupts, only)
    return suite.close()


def soak(interrupts: Interrupts) -> int:
    """Deploy, the campaigns for as long as SOAK_EXAMPLES says, every drill there is, destroy, look for leftovers.

    0 if all is well. Raises MissingError.
    """
    terraform.find()
    suite = _suite("soak")
    suite.environment["SOAK"] = "1"
    with _deployed(suite, interrupts) as there:
        if there:
            suite.tests(interrupts, "campaigns", *_CAMPAIGNS)
            suite.command(interrupts, "drills", "drill", "--all")
    return suite.close()


def integration(interrupts: Interrupts) -> int:
    """Integration tests on what is deployed; 0 if all is well."""
    return _run(interrupts, ["-m", "pytest", *_INTEGRATION_TESTS], dict(os.environ))


def _suite(name: str) -> Suite:
    home = places.home() / "test"
    reports = home / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "DEPLOYMENT_HOME": str(home),
        "TAP_OUTDIR": str(home / "cdktf.out"),
        "ENVIRONMENT_SUFFIX": os.environ.get("ENVIRONMENT_SUFFIX") or SUFFIX,
    }
    return Suite(name, environment, reports)


def _unit_tests(suite: Suite, interrupts: Interrupts) -> None:
    suite.tests(interrupts, "unit tests", *_UNIT_TESTS)


def _rehearse(suite: Suite, interrupts: Interrupts, only: str | None = None) -> None:
    with ExitStack() as beside, _deployed(suite, interrupts) as there:
        if there:
            # An account's deployment is what its settings say, and people move it.
            embedded = _is_embedded(suite)
            if only is None and embedded:
                beside.enter_context(_alternative_beside(suite, interrupts))
            if only != FAILOVER:
                suite.tests(interrupts, "integration tests", *_STANDING_TESTS)
            if only != DEFAULTS and embedded:
                suite.tests(interrupts, "failover tests", *_MOVING_TESTS)
                # It leaves the other region active: what is destroyed then is a platform after its failover.
                suite.command(interrupts, "drill", "drill")


def _rehearse_alternative(suite: Suite, interrupts: Interrupts) -> None:
    alternative = _alternative(suite)
    with _deployed(alternative, interrupts) as there:
        if there:
            alternative.tests(interrupts, "integration tests", *ALTERNATIVE_TESTS)


@contextmanager
def _alternative_beside(suite: Suite, interrupts: Interrupts) -> Iterator[None]:
    """Rehearse the alternative while the block runs; at its end wait for it, and show and count what came of it.

    Both rehearsals mostly wait: for Terraform, for schedules, for what replicates.
    """
    name = ALTERNATIVELY
    for old in suite.reports.glob(f"{name}-*.xml"):
        old.unlink()
    log = suite.reports / f"{name}.log"
    with log.open("w", encoding="utf-8") as sink:
        child = interrupts.start(
            [sys.executable, "-m", "deployment", "rehearsal", "--only", name],
            cwd=places.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    say(f"\nThe {name} is rehearsed beside it: {places.shown(log)}")
    try:
        yield
    finally:
        heading(f"make {suite.name}: what the {name} came to")
        with interrupts.watching(child):
            code = child.wait()
        say(log.read_text(encoding="utf-8", errors="replace").rstrip())
        counted = sum(map(read_report, suite.reports.glob(f"{name}-*.xml")), Counter[str]())
        suite.counts += counted
        if code and not counted["failed"] + counted["error"]:
            suite.broken.append(f"{name}: it ended with {code}")
        if code < 0:  # killed, it could not stop what it had started
            _alternative(suite).command(Interrupts(), "stop the embedded AWS", "deployment", "stop")


def _alternative(suite: Suite) -> Suite:
    """The same run, whose steps are about another deployment from here on."""
    home = places.home() / "test" / ALTERNATIVELY
    environment = {
        **suite.environment,
        **ALTERNATIVE,
        "DEPLOYMENT_HOME": str(home),
        "TAP_OUTDIR": str(home / "cdktf.out"),
        "ENVIRONMENT_SUFFIX": f"{suite.environment['ENVIRONMENT_SUFFIX'][:_LONGEST].rstrip('-')}-alt",
    }
    return replace(suite, environment=environment, of=f"{ALTERNATIVELY} ")


def _is_embedded(suite: Suite) -> bool:
    return suite.environment.get("TARGET", "embedded") == "embedded"


@contextmanager
def _deployed(suite: Suite, interrupts: Interrupts) -> Iterator[bool]:
    """Deploy, and remove it again whatever happens; tells whether it is there."""
    try:
        yield suite.command(interrupts, "deploy", "deployment", "deploy")
    finally:
        _clean_up(suite, interrupted=interrupts.requested)


def _clean_up(suite: Suite, *, interrupted: bool) -> None:
    """Remove what was deployed. It hears its own interruptions: the one that ended the tests must not end this too."""
    interrupts = Interrupts()
    embedded = _is_embedded(suite)
    with interrupts.caught():
        try:
            # All of an embedded deployment lives in the emulator: after Ctrl-C nobody wants to wait for each resource.
            if not (interrupted and embedded) and suite.command(
                interrupts, "destroy", "deployment", "destroy", *(["--keep-emulator"] if embedded else [])
            ):
                suite.tests(interrupts, "leftovers", "tests/integration", "-m", "after_destroy")
        finally:
            if embedded:
                suite.command(interrupts, "stop the embedded AWS", "deployment", "stop")


def _run(interrupts: Interrupts, arguments: list[str], environment: dict[str, str]) -> int:
    child = interrupts.start([sys.executable, *arguments], cwd=places.ROOT, env=environment, stdin=subprocess.DEVNULL)
    return interrupts.wait(child)


def read_report(path: Path) -> Counter[str]:
    """The counts of a JUnit report, in pytest's words; empty if pytest wrote none."""
    counts: Counter[str] = Counter()
    if not path.exists():
        return counts
    for suite in ET.parse(path).getroot().iter("testsuite"):  # noqa: S314  # written by our own pytest
        tests, failed, errors, skipped = (
            int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
        )
        expected = sum(case.get("type") == "pytest.xfail" for case in suite.iter("skipped"))  # JUnit has no word for it
        counts += Counter(
            passed=tests - failed - errors - skipped,
            failed=failed,
            error=errors,
            skipped=skipped - expected,
            xfailed=expected,
        )
    return counts


def closing_line(counts: Counter[str], seconds: float) -> str:
    """As pytest ends: ``=== 1 failed, 20 passed in 3.21s ===``."""
    words = {"error": "errors" if counts["error"] > 1 else "error"}
    parts = [
        f"{counts[kind]} {words.get(kind, kind)}"
        for kind in ("failed", "passed", "skipped", "xfailed", "error")
        if counts[kind]
    ]
    clock = f" ({int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d})" if seconds >= 60 else ""
    return f" {', '.join(parts) or 'no tests ran'} in {seconds:.2f}s{clock} ".center(_WIDTH, "=")
