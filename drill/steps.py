"""The steps that scenarios are made of. Each is a function of the stage; what is in ``[brackets]`` is chosen by name.

``OLD`` is the region that is active when the drill begins, ``NEW`` the other one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drill.deployed import NotReadyError, until
from drill.records import NOTE, RECONCILED
from drill.stage import HEALTHY_SECONDS, REDIRECTED_SECONDS, Stage
from embedded import control

Step = Callable[[Stage], None]
OLD, NEW = "old", "new"
COMPARED_SECONDS = 120
CONTROL_PLANES = "us-east-1"
"""Where those of the whole account live."""


@dataclass(frozen=True)
class Scenario:
    """A drill as data: where it begins, what is done, and which promises are judged."""

    name: str
    title: str
    steps: tuple[Step, ...]
    judged: tuple[str, ...]
    begins_in: str = "primary"
    in_an_account: bool = False


def under_load(seconds: float) -> Step:
    """Let traffic flow."""

    def step(stage: Stage) -> None:
        del stage
        time.sleep(seconds)

    return step


def region_lost(which: str = OLD) -> Step:
    """Nothing in the region runs, and nothing answers for it."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        stage.take(region, f"{region} is lost", lambda: control.kill(stage.deployed.endpoint, region))

    return step


def database_lost(which: str = OLD) -> Step:
    """The region's PostgreSQL crashes; all else goes on."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        stage.take(
            region, f"the database of {region} is lost", lambda: control.stop_database(stage.deployed.endpoint, region)
        )

    return step


def functions_failing(which: str = OLD) -> Step:
    """Every function of the region fails; its database, tables and queues go on."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        fail = lambda: control.fail_functions(stage.deployed.endpoint, region)  # noqa: E731
        stage.take(region, f"the functions of {region} fail", fail)

    return step


def region_slow(seconds: float, which: str = OLD) -> Step:
    """The region's endpoints and functions answer that much later: a grey failure."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        slow_down = lambda: control.slow_down(stage.deployed.endpoint, region, seconds)  # noqa: E731
        stage.take(region, f"{region} answers {seconds:g} s later", slow_down)

    return step


def region_cut_off(which: str = OLD) -> Step:
    """Nothing passes between the regions; clients and health checks reach both."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        stage.take(region, f"{region} is cut off", lambda: control.cut_off(stage.deployed.endpoint, region))

    return step


def control_planes_lost() -> Step:
    """Route 53's and IAM's control planes, which live in us-east-1 for every region."""

    def step(stage: Stage) -> None:
        lose = lambda: control.lose_control_planes(stage.deployed.endpoint)  # noqa: E731
        stage.take(CONTROL_PLANES, "the control planes of Route 53 and IAM are lost", lose)

    return step


def control_planes_restored() -> Step:
    """They are given back."""

    def step(stage: Stage) -> None:
        stage.restore(CONTROL_PLANES)

    return step


def until_redirected(to: str = NEW) -> Step:
    """Wait until the name leads to the region: by then an engineer's alarms have fired as well."""

    def step(stage: Stage) -> None:
        region = _region(stage, to)

        if not until(lambda: stage.leads_to == region, within=REDIRECTED_SECONDS):
            stage.tell(NOTE, f"the name does not lead to {region} after {REDIRECTED_SECONDS} s")

    return step


def workflow(mode: str, *, in_region: str = NEW, reason: str, force: bool = False, refused: bool = False) -> Step:
    """The engineer on call starts the workflow in the region that is to be active, and waits for its end.

    Where it is not to be ``refused``, a drill in which it fails stops.
    """

    def step(stage: Stage) -> None:
        stage.start(_region(stage, in_region), mode, reason, force=force)
        execution = stage.wait_for_workflow()
        if execution.status != "SUCCEEDED" and not refused:
            raise NotReadyError(f"the {mode} ended in {execution.error or execution.status}: {execution.cause}")

    return step


def workflow_begun(mode: str, *, until_it_enters: str, in_region: str = NEW, reason: str) -> Step:
    """The engineer starts the workflow, and it has got as far as a state when the next step happens."""

    def step(stage: Stage) -> None:
        stage.start(_region(stage, in_region), mode, reason)
        stage.workflow_reaches(until_it_enters)

    return step


def workflow_killed(mode: str, *, at: str, in_region: str = NEW, reason: str) -> Step:
    """The engineer starts the workflow, and it is stopped once it has reached a state, as if by a mistake."""

    def step(stage: Stage) -> None:
        region = _region(stage, in_region)
        stage.start(region, mode, reason)
        stage.kill_workflow(at)

    return step


def counted(which: str = NEW) -> Step:
    """Count what the region lacks now that its reconciler has run."""

    def step(stage: Stage) -> None:
        stage.count(RECONCILED, _region(stage, which))

    return step


def region_restored(which: str = OLD) -> Step:
    """What was taken is given back; the region comes back as it was when it died."""

    def step(stage: Stage) -> None:
        stage.restore(_region(stage, which))

    return step


def knows_that_it_is_fenced(which: str = OLD) -> Step:
    """Wait until the region has read what was decided while it was gone. It is unhealthy until it rejoins."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        if not until(lambda: stage.deployed.control(region).states[region] == "fenced", within=HEALTHY_SECONDS):
            raise NotReadyError(f"{region} does not know {HEALTHY_SECONDS} s after it came back that it is fenced.")

    return step


def healthy(which: str = OLD) -> Step:
    """Wait until the region answers as healthy."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        if not until(lambda: stage.deployed.healthy(region), within=HEALTHY_SECONDS):
            raise NotReadyError(f"{region} does not answer as healthy {HEALTHY_SECONDS} s after it was given back.")

    return step


def compared_in_full(which: str) -> Step:
    """Let the region that goes on settle what the other one had settled alone, and what has arrived only now."""

    def step(stage: Stage) -> None:
        region = _region(stage, which)
        if not until(lambda: stage.deployed.reconcile(region), within=COMPARED_SECONDS):
            raise NotReadyError(f"The reconciler of {region} does not come to an end in {COMPARED_SECONDS} s.")
        stage.tell(NOTE, f"all that is settled was compared with the ledger of {region}", region)

    return step


def comes_back(lost: str = OLD) -> tuple[Step, ...]:
    """After a failover: the other region goes on for a while, then the lost one is given back, rejoins as standby."""
    stays = NEW if lost == OLD else OLD
    return (
        under_load(10),
        counted(stays),
        region_restored(lost),
        knows_that_it_is_fenced(lost),
        workflow("rejoin", in_region=lost, reason="drill: the region is back"),
        healthy(lost),
        compared_in_full(stays),
    )


def _region(stage: Stage, which: str) -> str:
    return stage.old if which == OLD else stage.new
