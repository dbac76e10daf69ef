"""Finds Terraform and the AWS provider on this machine, whatever way they came there."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployment.errors import MissingError

OLDEST = (1, 11)
"""Ephemeral resources and write-only attributes: https://developer.hashicorp.com/terraform/language/v1.11.x/upgrade-guides"""

REGISTRY = "registry.terraform.io"
_HOW_TO_GET_IT = (
    "  Install it from https://developer.hashicorp.com/terraform/install (a single file on PATH is enough),\n"
    "  or name one in TERRAFORM=/path/to/terraform.\n"
    "  Nothing was done. `make synth` and `make gate` work without Terraform."
)
_ADD_ON_SOFTWARE = ("/opt", "/opt/*", "/usr/local/share/*", "/usr/share/*", "/usr/local/share", "/usr/share")


@dataclass(frozen=True)
class Terraform:
    """A usable Terraform."""

    path: str
    version: str


def find(environment: Mapping[str, str] = os.environ) -> Terraform:
    """Terraform from ``TERRAFORM``, else from PATH.

    Raises:
        MissingError: there is none, it does not run, or it is too old.
    """
    named = environment.get("TERRAFORM")
    path = shutil.which(named or "terraform", path=environment.get("PATH"))
    if not path:
        where = f"TERRAFORM={named} is no program" if named else "there is none on PATH"
        raise MissingError(f"Terraform {_text(OLDEST)} or newer is needed, and {where}.\n{_HOW_TO_GET_IT}")
    quiet = {**environment, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    try:
        done = subprocess.run(
            [path, "version", "-json"], capture_output=True, text=True, check=False, env=quiet, timeout=60
        )
        version = str(json.loads(done.stdout)["terraform_version"])
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        raise MissingError(f"{path} does not answer `version -json` as Terraform does.\n{_HOW_TO_GET_IT}") from None
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if not numbers or (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise MissingError(f"Terraform {_text(OLDEST)} or newer is needed, and {path} is {version}.\n{_HOW_TO_GET_IT}")
    return Terraform(path, version)


def required_provider(stack_file: Path) -> str:
    """The version of ``hashicorp/aws`` that a synthesized stack pins."""
    provider = json.loads(stack_file.read_text(encoding="utf-8"))["terraform"]["required_providers"]["aws"]
    return str(provider["version"]).lstrip("=~> ")


def find_mirror(
    version: str,
    environment: Mapping[str, str] = os.environ,
    *,
    add_on: Iterable[str] = _ADD_ON_SOFTWARE,
) -> Path | None:
    """A filesystem mirror with the AWS provider for this machine; None leaves the choice to Terraform.

    In order: ``TAP_PROVIDER_MIRROR``; the person's own CLI configuration and Terraform's implied mirrors, which
    Terraform finds by itself; the usual places for add-on software.

    Raises:
        MissingError: ``TAP_PROVIDER_MIRROR`` names a folder without the provider.
    """
    named = environment.get("TAP_PROVIDER_MIRROR")
    if named:
        if holds_provider(Path(named), version):
            return Path(named).absolute()
        raise MissingError(
            f"TAP_PROVIDER_MIRROR={named} holds no {REGISTRY}/hashicorp/aws {version} for {machine()}.\n"
            f"  Make one with `terraform providers mirror`, or unset the variable to use the registry."
        )
    if own_configuration(environment) or any(holds_provider(place, version) for place in implied_mirrors(environment)):
        return None
    for pattern in add_on:
        for place in sorted(Path("/").glob(pattern.lstrip("/"))):
            if holds_provider(place, version):
                return place
    return None


def own_configuration(environment: Mapping[str, str]) -> Path | None:
    """The person's CLI configuration, if it says where providers come from."""
    named = environment.get("TF_CLI_CONFIG_FILE")
    path = Path(named) if named else Path(environment.get("HOME", "/nonexistent")) / ".terraformrc"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return path if named or "provider_installation" in text else None


def implied_mirrors(environment: Mapping[str, str]) -> list[Path]:
    """Where Terraform looks by itself: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories"""
    home = Path(environment.get("HOME", "/nonexistent"))
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")
    system = (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    places = [home / ".terraform.d" / "plugins", data / "terraform" / "plugins"]
    places += [Path(folder) / "terraform" / "plugins" for folder in system if folder]
    if sys.platform == "darwin":
        places += [home / "Library/Application Support/io.terraform/plugins"]
        places += [Path("/Library/Application Support/io.terraform/plugins")]
    return places


def holds_provider(folder: Path, version: str) -> bool:
    """Whether ``folder`` is a mirror with the provider for this machine, unpacked or packed."""
    base = folder / REGISTRY / "hashicorp" / "aws"
    try:
        if any(base.joinpath(version, machine()).glob("terraform-provider-aws*")):
            return True
        return base.joinpath(f"terraform-provider-aws_{version}_{machine()}.zip").is_file()
    except OSError:
        return False


def machine() -> str:
    """This machine as Terraform calls it, such as ``linux_amd64``."""
    processor = platform.machine().lower()
    return f"{sys.platform}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(processor, processor) }"


def environment_for(version: str, home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables Terraform runs with: provider from the mirror where there is one, no prompts, no call home."""
    result = dict(environment)
    result.update(TF_IN_AUTOMATION="1", TF_INPUT="0", CHECKPOINT_DISABLE="1")
    for name in ("TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR"):
        result.pop(name, None)
    mirror = find_mirror(version, environment)
    if mirror:
        home.mkdir(parents=True, exist_ok=True)
        config = home / "terraform.rc"
        config.write_text(_configuration(mirror), encoding="utf-8")
        result["TF_CLI_CONFIG_FILE"] = str(config)
        return result
    if not own_configuration(environment):
        result.pop("TF_CLI_CONFIG_FILE", None)  # it names a file that is not there
        if not any(holds_provider(place, version) for place in implied_mirrors(environment)):
            result.setdefault("TF_PLUGIN_CACHE_DIR", str(home / "providers"))  # one download for all stacks
            Path(result["TF_PLUGIN_CACHE_DIR"]).mkdir(parents=True, exist_ok=True)  # Terraform does not make it
            result.setdefault("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "1")
    return result


def _configuration(mirror: Path) -> str:
    name = json.dumps(f"{REGISTRY}/hashicorp/aws")
    return (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = [{name}]\n  }}\n"
        f"  direct {{\n    exclude = [{name}]\n  }}\n"
        "}\n"
    )


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
