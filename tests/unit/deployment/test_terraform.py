"""The finder: Terraform and the AWS provider, from wherever a machine has them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from deployment import terraform
from deployment.errors import MissingError

VERSION = "5.100.0"


def program(folder: Path, version: str, name: str = "terraform") -> Path:
    """A program that answers as Terraform does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{json.dumps({'terraform_version': version})}'\n")
    path.chmod(0o755)
    return path


def mirror(folder: Path) -> Path:
    """An unpacked mirror with the provider for this machine."""
    place = folder / "registry.terraform.io" / "hashicorp" / "aws" / VERSION / terraform.machine()
    place.mkdir(parents=True)
    place.joinpath(f"terraform-provider-aws_v{VERSION}_x5").touch()
    return folder


def test_terraform_is_found_on_path(tmp_path: Path) -> None:
    path = program(tmp_path, "1.12.3")
    assert terraform.find({"PATH": f"{tmp_path}:/bin"}) == terraform.Terraform(str(path), "1.12.3")


def test_the_variable_goes_before_path(tmp_path: Path) -> None:
    program(tmp_path / "a", "1.11.0")
    named = program(tmp_path / "b", "1.13.0", "tf")
    assert terraform.find({"PATH": f"{tmp_path}/a:/bin", "TERRAFORM": str(named)}).version == "1.13.0"


def test_without_terraform_the_message_says_where_to_get_it_and_that_nothing_was_done(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as refused:
        terraform.find({"PATH": str(tmp_path)})
    for part in ("1.11 or newer", "none on PATH", "developer.hashicorp.com/terraform/install", "Nothing was done"):
        assert part in str(refused.value)
    assert refused.value.code == 2


@pytest.mark.parametrize("version", ["1.10.5", "0.15.0"])
def test_a_terraform_without_ephemeral_resources_is_refused(tmp_path: Path, version: str) -> None:
    program(tmp_path, version)
    with pytest.raises(MissingError, match=f"is {version}"):
        terraform.find({"PATH": f"{tmp_path}:/bin"})


@pytest.mark.parametrize("version", ["1.11.0", "1.15.2", "2.0.0", "1.12.0-beta1"])
def test_newer_ones_are_good(tmp_path: Path, version: str) -> None:
    program(tmp_path, version)
    assert terraform.find({"PATH": f"{tmp_path}:/bin"}).version == version


def test_a_program_that_is_no_terraform_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "terraform"
    path.write_text("#!/bin/sh\necho hello\n")
    path.chmod(0o755)
    with pytest.raises(MissingError, match="does not answer"):
        terraform.find({"PATH": f"{tmp_path}:/bin"})


def test_a_named_mirror_goes_first(tmp_path: Path) -> None:
    named, other = mirror(tmp_path / "named"), mirror(tmp_path / "other")
    environment = {"TAP_PROVIDER_MIRROR": str(named), "HOME": str(tmp_path)}
    assert terraform.find_mirror(VERSION, environment, add_on=[str(other)]) == named


def test_a_named_mirror_without_the_provider_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="TAP_PROVIDER_MIRROR"):
        terraform.find_mirror(VERSION, {"TAP_PROVIDER_MIRROR": str(tmp_path)}, add_on=[])


def test_the_places_of_add_on_software_are_looked_at(tmp_path: Path) -> None:
    found = mirror(tmp_path / "opt" / "plugins")
    environment = {"HOME": str(tmp_path)}
    assert terraform.find_mirror(VERSION, environment, add_on=[f"{tmp_path}/opt/*"]) == found
    assert terraform.find_mirror("5.99.0", environment, add_on=[f"{tmp_path}/opt/*"]) is None, "another version"


def test_a_packed_mirror_counts_too(tmp_path: Path) -> None:
    base = tmp_path / "registry.terraform.io" / "hashicorp" / "aws"
    base.mkdir(parents=True)
    with zipfile.ZipFile(base / f"terraform-provider-aws_{VERSION}_{terraform.machine()}.zip", "w"):
        pass
    assert terraform.holds_provider(tmp_path, VERSION)


def test_what_terraform_finds_by_itself_is_left_to_it(tmp_path: Path) -> None:
    mirror(tmp_path / ".terraform.d" / "plugins")
    other = mirror(tmp_path / "opt")
    environment = {"HOME": str(tmp_path)}
    assert terraform.find_mirror(VERSION, environment, add_on=[str(other)]) is None
    assert "TF_PLUGIN_CACHE_DIR" not in terraform.environment_for(VERSION, tmp_path / "home", environment)


def test_a_provider_cache_that_is_named_is_made_because_terraform_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terraform, "find_mirror", lambda *_: None)
    monkeypatch.setattr(terraform, "implied_mirrors", lambda _: [])
    cache = tmp_path / "not" / "yet"
    variables = terraform.environment_for(
        VERSION, tmp_path / "home", {"HOME": str(tmp_path), "TF_PLUGIN_CACHE_DIR": str(cache)}
    )
    assert variables["TF_PLUGIN_CACHE_DIR"] == str(cache)
    assert cache.is_dir()


def test_a_configuration_of_the_person_is_respected(tmp_path: Path) -> None:
    other = mirror(tmp_path / "opt")
    config = tmp_path / "my.tfrc"
    config.write_text('plugin_cache_dir = "/tmp"\n')
    environment = {"HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(config)}
    assert terraform.find_mirror(VERSION, environment, add_on=[str(other)]) is None
    assert terraform.environment_for(VERSION, tmp_path / "home", environment)["TF_CLI_CONFIG_FILE"] == str(config)


def test_a_variable_that_names_no_file_is_ignored(tmp_path: Path) -> None:
    found = mirror(tmp_path / "opt")
    environment = {"HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}
    assert terraform.find_mirror(VERSION, environment, add_on=[str(found)]) == found
    environment["TAP_PROVIDER_MIRROR"] = str(found)
    used = terraform.environment_for(VERSION, tmp_path / "home", environment)["TF_CLI_CONFIG_FILE"]
    assert str(found) in Path(used).read_text()
    assert Path(used).parent == tmp_path / "home", "the configuration is the deployment's own, not the person's"


def test_terraform_never_asks_and_takes_no_arguments_from_the_environment(tmp_path: Path) -> None:
    mirror(tmp_path / ".terraform.d" / "plugins")
    hostile = {"HOME": str(tmp_path), "TF_CLI_ARGS": "-destroy", "TF_WORKSPACE": "other", "TF_DATA_DIR": "/elsewhere"}
    used = terraform.environment_for(VERSION, tmp_path / "home", hostile)
    assert used["TF_INPUT"] == "0"
    assert not {"TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR"} & used.keys()
