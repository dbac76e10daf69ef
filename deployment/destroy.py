"""``make destroy``: everything goes, whatever half of it is there and whichever region is the writer now."""

from __future__ import annotations

import shutil
import time
from typing import Any

from botocore.exceptions import ClientError

from deployment import confirm, places, preflight, schedule, session, state, target, terraform
from deployment.aws import client, code
from deployment.console import clock, heading, say
from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts
from deployment.synthesis import Stack

_DETACH_SECONDS = 900


def destroy(interrupts: Interrupts, *, yes: bool, keep_emulator: bool = False) -> None:
    """Destroy all stacks of the suffix on the target, and stop the embedded AWS.

    Raises:
        DeploymentError: something could not be removed; the message says what.
    """
    name = target.chosen()
    session.settings()
    with session.alone():
        place = target.attach(name)
        if place is None:
            target.leave(None)
            _forget_files()
            say("Nothing is deployed to the embedded AWS; there is nothing to destroy.")
            return
        settings = session.settings()
        if name == "aws":
            preflight.require_account(settings)  # another account's bucket would read as "nothing to destroy"
        deployed = state.deployed(settings)
        if name == "aws":
            kept = session.unsaved(session.data_folder(name, settings))
            deployed += [stack for stack in kept if stack not in deployed]
        if deployed:
            if name == "aws":
                confirm.removal(settings, yes=yes)
            _destroy_stacks(deployed, place, interrupts)
        else:
            say(f"No stack of {settings.environment_suffix!r} is deployed; there is nothing to destroy.")
        others = state.other_suffixes(settings)
        if name == "embedded" and others:
            say(f"The embedded AWS goes on, because {', '.join(others)} is still deployed in it.")
        elif name == "embedded" and not keep_emulator:
            target.leave(place)
            _forget_files()
            say("The embedded AWS is stopped.")
        elif name == "aws":
            say(
                f"The state bucket {settings.effective_state_bucket} and what else `make bootstrap` made stay:\n"
                "other deployments of this account may need them (docs/deploying.md says how to remove them)."
            )


def _destroy_stacks(deployed: list[str], place: target.Target, interrupts: Interrupts) -> None:
    started = time.monotonic()
    program = terraform.find()
    settings = session.settings()
    stacks = session.applied(session.data_folder(place.name, settings), deployed)
    if stacks is None:
        heading("Synthesize")
        stacks = session.synthesize(interrupts)
    heading(f"Destroy {', '.join(reversed([stack.name for stack in stacks if stack.name in deployed]))}")
    work = session.open_session(program, place, settings, stacks, interrupts)
    there = [stack for stack in stacks if stack.name in deployed]
    work.connect(there)
    if "global" in deployed:
        shared = next(stack for stack in stacks if stack.name == "global")
        identifier = work.runner.outputs(shared).get("global_cluster_id")
        if identifier:
            detach_readers(str(identifier), settings.primary_region)
    schedule.run(there, _backwards(there), work.runner.destroy)
    left = state.deployed(settings)
    if left:
        raise DeploymentError(f"The states of {', '.join(left)} still list resources; run `make destroy` again.")
    state.forget(settings, stacks)
    shutil.rmtree(work.runner.home, ignore_errors=True)
    places.outputs().unlink(missing_ok=True)
    heading(f"Destroyed in {clock(time.monotonic() - started)}")


def _backwards(stacks: list[Stack]) -> dict[str, set[str]]:
    names = {stack.name for stack in stacks}
    return {name: before & names for name, before in schedule.backwards(stacks).items()}


def detach_readers(identifier: str, home: str) -> None:
    """After a failover the writer is in the other region, and AWS refuses to delete a writer that has readers.

    Raises:
        DeploymentError: a reader did not leave in time.
    """
    rds = client("rds", home)
    found = members(rds, identifier)
    writer = next((member["DBClusterArn"] for member in found if member["IsWriter"]), None)
    if writer is None or _region(writer) == home:
        return
    say(f"the writer is in {_region(writer)} now: detaching the readers first")
    for member in found:
        if not member["IsWriter"]:
            rds.remove_from_global_cluster(
                GlobalClusterIdentifier=identifier, DbClusterIdentifier=member["DBClusterArn"]
            )
    deadline = time.monotonic() + _DETACH_SECONDS
    while any(not member["IsWriter"] for member in members(rds, identifier)):
        if time.monotonic() > deadline:
            raise DeploymentError(
                f"{identifier}: a reader is still attached after {_DETACH_SECONDS // 60} minutes; run it again."
            )
        time.sleep(2)


def members(rds: Any, identifier: str) -> list[dict[str, Any]]:
    """The clusters of a global cluster; none if it is gone."""
    try:
        found = rds.describe_global_clusters(GlobalClusterIdentifier=identifier)["GlobalClusters"]
    except ClientError as error:
        if code(error) == "GlobalClusterNotFoundFault":
            return []
        raise
    return list(found[0]["GlobalClusterMembers"]) if found else []


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _forget_files() -> None:
    """What described the deployment that is gone; logs stay."""
    shutil.rmtree(places.home() / "terraform", ignore_errors=True)
    places.outputs().unlink(missing_ok=True)
