"""``make preview``: what merging this checkout would change, with no account and no secret.

The base is deployed to an embedded AWS of its own, from a work tree of its own, and this checkout is planned against
it. So it may run the code of people whom nobody trusts with credentials, as a real plan may not: a plan opens the
ephemeral secrets of the deployment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deployment import places, terraform
from deployment.console import heading, say
from deployment.errors import DeploymentError, MissingError
from deployment.interrupt import Interrupts
from embedded import launcher
from embedded.errors import EmbeddedError

SUFFIX = "preview"


def folder() -> Path:
    """Where it keeps its files."""
    return places.home() / "preview"


def plan_file() -> Path:
    """What Terraform said."""
    return folder() / "plan.txt"


def run(base: str, interrupts: Interrupts) -> None:
    """Deploy the base, plan this checkout, keep the plan, and leave nothing behind.

    Raises:
        DeploymentError: the base is no commit, cannot be deployed, or the plan failed.
    """
    terraform.find()
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    if not commit:
        raise MissingError(
            f"preview: {base} is no commit of this repository. Name one with BASE=, or `git fetch origin main`."
        )
    plan_file().unlink(missing_ok=True)
    tree = folder() / "base"
    _remove(tree)
    folder().mkdir(parents=True, exist_ok=True)
    if _git("worktree", "add", "--detach", "--force", str(tree), commit) is None:
        raise DeploymentError(f"preview: git could not check {base} out to {places.shown(tree)}")
    try:
        heading(f"Base: {base}, {_git('log', '-1', '--format=%h %s', commit)}")
        _base(tree, interrupts)
        heading("This checkout")
        _plan(interrupts)
    finally:
        _stop()
        _remove(tree)


def environment() -> dict[str, str]:
    """What both checkouts run with: one deployment, on an embedded AWS that nothing else uses."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return {
        **kept,
        "TARGET": "embedded",
        "ENVIRONMENT_SUFFIX": SUFFIX,
        "DEPLOYMENT_HOME": str(folder() / "deployment"),
        "TAP_OUTDIR": str(folder() / "cdktf.out"),
    }


def _base(tree: Path, interrupts: Interrupts) -> None:
    child = interrupts.start(["make", "deploy"], cwd=tree, env=environment(), stdin=subprocess.DEVNULL)
    if interrupts.wait(child):
        raise DeploymentError("preview: the base could not be deployed, so there is nothing to compare with")


def _plan(interrupts: Interrupts) -> None:
    """Show the plan and keep it."""
    child = interrupts.start(
        [sys.executable, "-m", "deployment", "plan"],
        cwd=places.ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    with interrupts.watching(child), plan_file().open("w", encoding="utf-8") as kept:
        for line in child.stdout or ():
            say(line.rstrip("\n"))
            kept.write(line)
        code = child.wait()
    if interrupts.requested:
        raise KeyboardInterrupt
    if code:
        raise DeploymentError("preview: the plan failed with the message above")
    say(f"plan         {places.shown(plan_file())}")


def _stop() -> None:
    try:
        launcher.stop(folder() / "deployment" / "embedded")
    except EmbeddedError as error:
        raise DeploymentError(f"preview: its embedded AWS could not be stopped: {error}") from None


def _remove(tree: Path) -> None:
    if tree.exists():
        _git("worktree", "remove", "--force", "--force", str(tree))
    _git("worktree", "prune")


def _git(*arguments: str) -> str | None:
    """What git says, or None if it refuses."""
    done = subprocess.run(["git", *arguments], cwd=places.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
