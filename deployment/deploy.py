"""``make deploy`` and ``make plan``."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from deployment import (
    bootstrap,
    confirm,
    cost,
    gate,
    payment,
    places,
    preflight,
    schedule,
    session,
    staging,
    target,
    terraform,
)
from deployment.console import clock, heading, say
from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts
from deployment.session import Session
from deployment.stacks import PLAN_HAS_CHANGES
from deployment.staging import Stage
from lib.settings import Settings


def deploy(interrupts: Interrupts, *, yes: bool, stage: Stage | None = None) -> None:
    """Everything from the settings to a payment's round trip; of a ``stage`` that region alone.

    Raises:
        DeploymentError: a step failed; the message says which and what to do.
    """
    started = time.monotonic()
    name = target.chosen()
    program = terraform.find()
    session.settings()  # a bad setting is refused before anything is started
    with session.alone():
        heading(f"Target: {'the embedded AWS on this machine' if name == 'embedded' else 'your AWS account'}")
        place = target.enter(name)
        settings = session.settings()
        if name == "aws":
            preflight.require(settings)
        heading("Synthesize")
        gate.warm_up()
        stacks = session.synthesize(interrupts)
        say(", ".join(f"{stack.name} ({len(stack.resources())})" for stack in stacks) + " resources")
        if stage and not staging.is_complete(settings, stacks):
            say("\nNot all of it is deployed yet, so no region is the standby. `make deploy` makes both.")
            return
        heading("Gate")
        gate.run(places.synth_folder())
        if name == "aws":
            heading("What it costs")
            say(cost.describe(cost.estimate(stacks)))
            confirm.spending(settings, yes=yes)
        else:
            heading("Bootstrap")
            bootstrap.run(settings, say, real=False)
        heading("Apply")
        work = session.open_session(program, place, settings, stacks, interrupts)
        work.connect()
        outputs = _apply(work, stage)
        if outputs is None:
            return
        heading(f"Deployed in {clock(time.monotonic() - started)}")
        say(_summary(outputs))


def _apply(work: Session, stage: Stage | None) -> dict[str, Any] | None:
    """Apply what belongs to the stage and send a payment through it; the outputs, or None if no region may go first."""
    stacks, region = work.stacks, None
    if stage:
        shared = collect_outputs(work)[staging.SHARED]
        if staging.rotates(shared, work.settings):
            say("The credentials are to be renewed, which both regions must learn at once: `make deploy` does it.")
            return None
        region = staging.standby(shared)
        say(f"{region} is the standby, and changes alone")
        stacks = staging.part(stacks, shared, region)
    schedule.run(stacks, schedule.forwards(stacks), work.apply)
    outputs = collect_outputs(work)
    heading("Payment's round trip")
    if region:
        staging.try_out(outputs, region)
    else:
        payment.round_trip(outputs)
    return outputs


def plan(interrupts: Interrupts, *, lost: str | None = None) -> int:
    """Show what a deploy would change; 0 if nothing, 2 if something.

    While the region ``lost`` does not answer, only the other region's stack can be planned, and only against its state.

    Raises:
        DeploymentError: nothing is deployed, a plan failed, or ``lost`` is none of the two regions.
    """
    program = terraform.find()
    name = target.chosen()
    session.settings()
    with session.alone():
        place = target.attach(name)
        if place is None:
            raise DeploymentError(
                "Nothing is deployed to the embedded AWS, so there is nothing to compare with: `make deploy`."
            )
        settings = session.settings()
        survives = None if lost is None else _survivor(settings, lost)
        if name == "aws":
            preflight.require_account(settings)
        stacks = session.synthesize(interrupts)
        work = session.open_session(program, place, settings, stacks, interrupts)
        planned = [stack for stack in stacks if survives in (None, stack.name)]
        work.connect(planned)
        changed = []
        for stack in planned:
            heading(f"Plan of {stack.name}" + (f", while {lost} is lost: nothing is refreshed" if lost else ""))
            if work.runner.plan(stack, refresh=lost is None) == PLAN_HAS_CHANGES:
                changed.append(stack.name)
        heading(f"A deploy would change: {', '.join(changed)}" if changed else "A deploy would change nothing")
        return PLAN_HAS_CHANGES if changed else 0


def _survivor(settings: Settings, lost: str) -> str:
    """The stack that has nothing in the region ``lost``."""
    elsewhere = {settings.primary_region: "secondary", settings.standby_region: "primary"}
    if lost not in elsewhere:
        raise DeploymentError(f'LOST = "{lost}" is none of the deployment\'s regions, {" and ".join(elsewhere)}.')
    if settings.effective_state_region == lost:
        raise DeploymentError(
            f"Terraform's state is in {lost}: while it is lost nothing can be planned.\n"
            "  `make status` and docs/runbooks/failover.md need no state."
        )
    return elsewhere[lost]


def collect_outputs(work: Session) -> dict[str, Any]:
    """Read every stack's outputs and keep them for people and tests. Raises DeploymentError."""
    outputs = {stack.name: work.runner.outputs(stack) for stack in work.stacks}
    path = places.outputs()
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)
    return outputs


def _summary(outputs: dict[str, Any]) -> str:
    shared = outputs["global"]
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    first = shared["regional_names"][shared["primary_region"]]
    lines = [f"failover name  https://{shared['failover_name']}"]
    lines += [f"{region:<13}  https://{name}" for region, name in shared["regional_names"].items()]
    lines += [f"outputs        {places.shown(places.outputs())}", f"logs           {places.shown(places.logs())}"]
    if endpoint:
        lines.append(f"embedded AWS   {endpoint} (set AWS_ENDPOINT_URL to it; access key id and secret are: test)")
        lines.append(f"try            curl -H 'Host: {first}' {endpoint}/health/live")
    else:
        lines.append(f"try            curl https://{first}/health/live")
    lines.append("remove         make destroy" + ("" if endpoint else " TARGET=aws"))
    return "\n".join(lines)
