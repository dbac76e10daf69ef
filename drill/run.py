"""One drill from nothing to its record: a deployment, a platform that is ready, the scenario, what it came to."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deployment import confirm, places, session, state, target, terraform
from deployment.console import heading, say
from deployment.deploy import deploy
from deployment.destroy import destroy
from deployment.errors import MissingError
from deployment.interrupt import Interrupts
from drill.deployed import Deployed, EmbeddedName, NotReadyError, PublicName
from drill.keeper import Keeper
from drill.measure import KEPT
from drill.records import NOTE, Pace, Record
from drill.report.terminal import Timeline
from drill.stage import Stage, ready
from drill.steps import Scenario
from embedded import control

COMPRESSED = ("the health checks' interval", "the TTL of DNS answers")
STACKS = ("global", "primary", "secondary", "routing")


@dataclass(frozen=True)
class Options:
    """How a drill is run."""

    rate: float
    compression: float
    yes: bool = False


def drill(
    scenarios: Sequence[Scenario], options: Options, interrupts: Interrupts, done: Callable[[Record], None]
) -> None:
    """Run scenarios one after the other on the same deployment; ``done`` is given each one's record.

    Raises:
        DeploymentError: there is no deployment, and none could be made.
        NotReadyError: the platform is not as a drill needs it.
    """
    name = target.chosen()
    if name == "aws":
        _require_consent(scenarios, yes=options.yes)
    with (
        Keeper(enabled=name == "embedded") as keeper,
        deployment_there(keeper, interrupts) as deployed,
        session.alone(),
    ):
        pace = Pace(options.compression, COMPRESSED) if deployed.embedded and options.compression != 1 else Pace()
        with shared_name(deployed, pace) as shared:
            for scenario in scenarios:
                heading(f"Drill {scenario.name}: {scenario.title}")
                begins = deployed.primary if scenario.begins_in == "primary" else deployed.standby
                found = ready(deployed, shared, begins, say)
                say(f"{begins} is active, epoch {found.epoch}; both regions are healthy, and the name leads there")
                done(_play(scenario, deployed, shared, options, pace, begins, interrupts))


@contextlib.contextmanager
def shared_name(deployed: Deployed, pace: Pace) -> Iterator[EmbeddedName | PublicName]:
    """The name that clients send to; on the embedded AWS its health checks are asked while the block runs."""
    if not deployed.embedded:
        yield PublicName(deployed)
        return
    control.start_checks(deployed.endpoint, pace.factor)
    try:
        yield EmbeddedName(deployed, pace.factor)
    finally:
        control.stop_checks(deployed.endpoint)


@contextlib.contextmanager
def deployment_there(keeper: Keeper, interrupts: Interrupts) -> Iterator[Deployed]:
    """What is deployed; if nothing is, it is deployed now and removed afterwards.

    Raises:
        DeploymentError: it could not be.
    """
    if target.is_silent(target.chosen()):
        raise MissingError("The embedded AWS runs and does not answer: this machine is too busy for a drill.")
    ran = target.attach(target.chosen()) is not None
    before = _deployed_stacks()
    complete = set(before) >= set(STACKS) and places.outputs().exists()
    if not complete and target.chosen() == "aws":
        raise MissingError("A drill in an account needs a deployment, and makes none: `make deploy TARGET=aws`.")
    if not before:
        say("Nothing is deployed: the drill deploys first, and removes it at the end.")
    if not ran:
        keeper.owns_embedded_aws()
    try:
        if not complete:
            deploy(interrupts, yes=True)
        yield _read()
    except BaseException:
        if not ran:
            _discard()
        raise
    if not before:
        _remove()


def _deployed_stacks() -> list[str]:
    settings = session.settings()
    return state.deployed(settings) if target.attach(target.chosen()) else []


def _read() -> Deployed:
    place = target.attach(target.chosen())
    bundle = place.emulator.trust_bundle if isinstance(place, target.Embedded) else None
    outputs = json.loads(places.outputs().read_text(encoding="utf-8"))
    return Deployed(outputs, trust_bundle=bundle)


def _discard() -> None:
    """All that was deployed lives in the emulator: after a failure nobody wants to wait for each resource."""
    with Interrupts().caught():
        target.leave(target.attach("embedded"))
        say("The embedded AWS is stopped; nothing is deployed any more.")


def _remove() -> None:
    """It hears its own interruptions: the one that ended the drill must not end this too."""
    interrupts = Interrupts()
    heading("What was deployed for the drill is removed")
    with interrupts.caught():
        destroy(interrupts, yes=True)


def _require_consent(scenarios: Sequence[Scenario], *, yes: bool) -> None:
    taking = [scenario.name for scenario in scenarios if not scenario.in_an_account]
    if taking:
        raise MissingError(
            f"{', '.join(taking)}: something is taken away, which this command does on the embedded AWS only.\n"
            "  In an account AWS's Fault Injection Service does it: docs/runbooks/drill.md, On a real account."
        )
    confirm.drill(session.settings(), yes=yes)


def _play(
    scenario: Scenario,
    deployed: Deployed,
    shared: EmbeddedName | PublicName,
    options: Options,
    pace: Pace,
    begins: str,
    interrupts: Interrupts,
) -> Record:
    began = time.time()
    timeline = Timeline(began)
    run = f"drill-{uuid.uuid4().hex[:8]}"
    stage = Stage(deployed, shared, run=run, rate=options.rate, tell=timeline.tell)
    stage.open(begins)
    try:
        with timeline.following(stage.attempts):
            stopped = _act(scenario, stage)
            stage.finish()
            ended = time.time()
            plans = _plans(stage, interrupts) if KEPT in scenario.judged and not stopped else {}
    finally:
        stage.close()
    return Record(
        scenario=scenario.name,
        title=scenario.title,
        target=target.chosen(),
        suffix=session.settings().environment_suffix,
        began=began,
        ended=ended,
        budgets=deployed.budgets(),
        judged=scenario.judged,
        pace=pace,
        replication=_lags(deployed),
        attempts=tuple(sorted(stage.attempts, key=lambda attempt: attempt.sent)),
        events=tuple(stage.events),
        executions=tuple(deployed.execution(*execution) for execution in stage.executions),
        settled=tuple(stage.settled),
        counts=tuple(stage.counts),
        doubles=stage.doubles,
        plans=plans,
        stopped=stopped,
    )


def _act(scenario: Scenario, stage: Stage) -> str:
    """Take the steps. Why a step could not be taken, with everything given back, or nothing: it is reported as well."""
    try:
        for step in scenario.steps:
            step(stage)
    except NotReadyError as error:
        stage.tell(NOTE, f"the drill stops: {error}")
        stage.give_back()
        return str(error)
    return ""


def _plans(stage: Stage, interrupts: Interrupts) -> dict[str, bool]:
    """Ask Terraform, with the stacks as they were applied, whether it would undo the move."""
    place = target.attach(target.chosen())
    settings = session.settings()
    stacks = session.applied(session.data_folder(target.chosen(), settings), list(STACKS))
    if place is None or stacks is None:
        stage.tell(NOTE, "this checkout does not know the stacks as they were applied, so it cannot plan them")
        return {}
    work = session.open_session(terraform.find(), place, settings, stacks, interrupts)
    work.connect()
    with ThreadPoolExecutor() as at_once:
        found = dict(zip([stack.name for stack in stacks], at_once.map(work.runner.changes, stacks), strict=True))
    changed = [name for name, changes in found.items() if changes]
    stage.tell(NOTE, f"Terraform would change {', '.join(changed) or 'nothing'}")
    return found


def _lags(deployed: Deployed) -> dict[str, str]:
    """The ranges in which replication was late, in milliseconds; an account's are its own."""
    return control.lags(deployed.endpoint) if deployed.embedded else {}
