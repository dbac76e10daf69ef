"""What the commands that touch a target share: one at a time, settings, the synth, and Terraform ready to run."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployment import places, state, synthesis, terraform
from deployment.errors import DeploymentError, MissingError
from deployment.interrupt import Interrupts
from deployment.stacks import UNSAVED_STATE, Runner
from deployment.synthesis import Stack
from deployment.target import Target, TargetName
from deployment.terraform import Terraform
from lib.settings import Settings, SettingsError, load

_APPLIED = "applied"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Refuse a second command on the same deployment while this one runs.

    Raises:
        DeploymentError: another command is at work.
    """
    places.home().mkdir(parents=True, exist_ok=True)
    path = places.home() / "command.lock"
    with path.open("a+") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            guard.seek(0)
            raise DeploymentError(
                f"Another command works on this deployment (process {guard.read().strip() or 'unknown'}); "
                "wait until it is done."
            ) from None
        guard.truncate(0)
        guard.write(str(os.getpid()))
        guard.flush()
        yield


def settings() -> Settings:
    """The deployment's settings.

    Raises:
        MissingError: one of them cannot be used.
    """
    try:
        return load()
    except SettingsError as error:
        raise MissingError(str(error)) from None


def synthesize(interrupts: Interrupts) -> list[Stack]:
    """Run the app and return its stacks. Raises DeploymentError."""
    folder = places.synth_folder()
    synthesis.run(folder, os.environ, interrupts)
    return synthesis.read(folder)


@dataclass(frozen=True)
class Session:
    """Terraform, ready for the stacks of one deployment on one target."""

    target: Target
    settings: Settings
    stacks: list[Stack]
    runner: Runner

    def connect(self, stacks: list[Stack] | None = None) -> None:
        """Initialize the stacks and deal with locks that were left. Raises DeploymentError."""
        wanted = self.stacks if stacks is None else stacks
        # Nobody but this checkout can reach its embedded AWS, and `alone` keeps a second command out.
        state.check_locks(self.runner, wanted, release=self.target.name == "embedded")
        for stack in wanted:
            self.runner.init(stack)
            kept = self.runner.unsaved_state(stack)
            if not kept.exists():
                continue
            if self.target.name == "embedded" and not state.exists(stack):
                kept.unlink()  # of an embedded AWS that is gone, with all that this state knows
            else:
                self.runner.save_kept_state(stack)

    def apply(self, stack: Stack) -> None:
        """Apply a stack, and keep what it is applied from: it can be destroyed as it was made.

        Later code may refer to outputs that the deployed stacks do not have. At this point those before it have all
        that this one needs. Raises DeploymentError.
        """
        keep_applied(self.runner.home, stack)
        self.runner.apply(stack)


def keep_applied(home: Path, stack: Stack) -> None:
    """Copy one stack, and the manifest that names it, to where :func:`applied` finds them."""
    root = home / _APPLIED
    kept = root / "stacks" / stack.name / stack.file.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stack.file, kept)
    manifest = root / "manifest.json"
    stacks = json.loads(manifest.read_text(encoding="utf-8"))["stacks"] if manifest.exists() else {}
    stacks[stack.name] = {
        "workingDirectory": f"stacks/{stack.name}",
        "synthesizedStackPath": f"stacks/{stack.name}/{stack.file.name}",
        "dependencies": list(stack.dependencies),
    }
    temporary = manifest.with_suffix(".new")
    temporary.write_text(json.dumps({"stacks": stacks}, indent=2) + "\n", encoding="utf-8")
    temporary.replace(manifest)


def applied(home: Path, names: list[str]) -> list[Stack] | None:
    """The named stacks as they were applied from this checkout; None if it does not know all of them.

    Of a region that was applied alone it does not know what the region depends on.
    """
    manifest = home / _APPLIED / "manifest.json"
    if not manifest.exists():
        return None
    known = json.loads(manifest.read_text(encoding="utf-8"))["stacks"]
    needed = {*names, *(other for entry in known.values() for other in entry["dependencies"])}
    return synthesis.read(home / _APPLIED) if needed <= set(known) else None


def unsaved(home: Path) -> list[str]:
    """The stacks of which this checkout keeps a state that could not be saved: they are deployed, whatever S3 says."""
    return sorted(kept.parent.name for kept in home.glob(f"*/{UNSAVED_STATE}"))


def data_folder(target: TargetName, chosen: Settings) -> Path:
    """What Terraform and the driver keep about one deployment."""
    return places.home() / "terraform" / f"{target}-{chosen.environment_suffix}"


def open_session(
    program: Terraform, target: Target, chosen: Settings, stacks: list[Stack], interrupts: Interrupts
) -> Session:
    """Put a session together. Raises DeploymentError."""
    version = terraform.required_provider(stacks[0].file)
    home = places.home() / "terraform"
    variables = terraform.environment_for(version, home, os.environ)
    runner = Runner(
        program, variables, home=data_folder(target.name, chosen), logs=places.logs(), interrupts=interrupts
    )
    return Session(target, chosen, stacks, runner)
