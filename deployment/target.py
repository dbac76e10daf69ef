"""Where a deployment goes. The target is chosen by environment variables alone; the stacks do not know it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from deployment import places
from deployment.console import say
from deployment.errors import DeploymentError, MissingError
from embedded import launcher
from embedded.environment import ACCOUNT_ID
from embedded.errors import EmbeddedError

TargetName = Literal["embedded", "aws"]

APPLICATION = "tap-deploy"
"""What this driver's own calls carry in their User-Agent, so that the embedded AWS can tell them from others'."""


@dataclass(frozen=True)
class Embedded:
    """The AWS on this machine."""

    emulator: launcher.Emulator
    name: TargetName = "embedded"

    def environment(self) -> dict[str, str]:
        """What the synth, Terraform and boto3 run with."""
        return {
            **self.emulator.environment(),
            "TARGET": self.name,
            "AWS_SDK_UA_APP_ID": os.environ.get("AWS_SDK_UA_APP_ID", APPLICATION),
            "TAP_ACCOUNT_ID": ACCOUNT_ID,
            "TAP_DATABASE_TRUST_BUNDLE": str(self.emulator.trust_bundle),
        }


@dataclass(frozen=True)
class Aws:
    """The account that the credentials in the environment belong to."""

    name: TargetName = "aws"

    def environment(self) -> dict[str, str]:
        """The person's own environment."""
        return {**os.environ, "TARGET": self.name}


Target = Embedded | Aws


def chosen(environment: Mapping[str, str] = os.environ) -> TargetName:
    """The target that ``TARGET`` names.

    Raises:
        MissingError: it names none.
    """
    name = environment.get("TARGET", "embedded")
    if name == "embedded":
        return "embedded"
    if name == "aws":
        return "aws"
    raise MissingError(f'TARGET = "{name}" is no target; there are embedded (default) and aws')


def enter(name: TargetName) -> Target:
    """Make the target ready, and this process a client of it.

    Raises:
        DeploymentError: the embedded AWS could not be started.
    """
    if name == "aws":
        return Aws()
    try:
        target = Embedded(launcher.start(places.emulator_folder(), progress=say))
    except EmbeddedError as error:
        raise DeploymentError(str(error)) from None
    become_client(target)
    return target


def attach(name: TargetName) -> Target | None:
    """The target if it is there already; an embedded AWS is not started for it."""
    if name == "aws":
        return Aws()
    try:
        emulator = launcher.find(places.emulator_folder())
    except EmbeddedError as error:
        raise DeploymentError(str(error)) from None
    if emulator is None:
        return None
    target = Embedded(emulator)
    become_client(target)
    return target


def is_silent(name: TargetName) -> bool:
    """Whether an embedded AWS runs that does not answer: to start another one would be the end of what it holds."""
    folder = places.emulator_folder()
    return name == "embedded" and launcher.occupied(folder) is not None and launcher.find(folder) is None


def leave(target: Target | None) -> bool:
    """Stop what was started for the target; whether there was something."""
    if isinstance(target, Aws):
        return False
    try:
        return launcher.stop(places.emulator_folder())
    except EmbeddedError as error:
        raise DeploymentError(str(error)) from None


def become_client(target: Target) -> None:
    """A driver process works on one target, so its own environment is the target's from here on."""
    variables = target.environment()
    os.environ.clear()
    os.environ.update(variables)
