"""The command as a person types it, as far as it needs no deployment."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import confirm
from deployment.errors import MissingError
from deployment.interrupt import Interrupts
from deployment.places import ROOT
from drill import run
from drill import steps as steps_module
from drill.deployed import Control
from drill.measure import PHASES
from drill.run import Options
from drill.scenarios import DEFAULT, SCENARIOS
from tests.unit import app


def _source(step: object) -> str:
    return inspect.getsource(step) if inspect.isfunction(step) else ""


def command(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "AWS_"))}
    kept.pop("ENVIRONMENT_SUFFIX", None)
    return subprocess.run(
        [sys.executable, "-m", "drill", *arguments],
        cwd=ROOT,
        env={**kept, "DEPLOYMENT_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_every_scenario_is_named(tmp_path: Path) -> None:
    done = command(tmp_path, "--list")
    assert done.returncode == 0
    assert all(name in done.stdout for name in SCENARIOS)


def test_a_scenario_that_does_not_exist_is_no_drill(tmp_path: Path) -> None:
    done = command(tmp_path, "--scenario", "meteor")
    assert done.returncode == 2
    assert "region-lost" in done.stderr


def test_without_terraform_it_cannot_run_and_says_so(tmp_path: Path) -> None:
    done = command(tmp_path / "home", TERRAFORM="/no/such/terraform")
    assert done.returncode == 2
    assert "Terraform 1.11 or newer is needed" in done.stderr
    assert not (tmp_path / "home" / "embedded" / "embedded.json").exists()


class TestInAnAccount:
    """Nothing is taken away there, and nothing is moved without consent."""

    @pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if not scenario.in_an_account])
    def test_what_takes_something_away_is_refused(self, tmp_path: Path, name: str) -> None:
        done = command(tmp_path, "--scenario", name, "--yes", TARGET="aws", TAP_ACCOUNT_ID="123456789012")
        assert done.returncode == 2
        assert "docs/runbooks/drill.md" in done.stderr

    @pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.in_an_account])
    def test_what_moves_the_platform_wants_consent(self, tmp_path: Path, name: str) -> None:
        done = command(tmp_path, "--scenario", name, TARGET="aws", TAP_ACCOUNT_ID="123456789012")
        assert done.returncode == 2
        assert "Nobody is here to be asked" in done.stderr
        assert "123456789012" in done.stderr

    def test_no_scenario_that_may_run_there_has_a_step_that_takes_or_gives_back(self) -> None:
        for scenario in SCENARIOS.values():
            taking = {name for name, step in vars(steps_module).items() if "stage.take" in _source(step)}
            taking |= {"region_restored", "control_planes_restored"}
            assert "region_lost" in taking
            steps = {step.__qualname__.partition(".")[0] for step in scenario.steps}
            assert not (scenario.in_an_account and steps & taking), scenario.name

    def test_a_deployment_is_not_made_for_a_drill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TARGET", "aws")
        monkeypatch.setattr(confirm, "drill", lambda *_, **__: None)
        monkeypatch.setattr(run, "_deployed_stacks", list)
        with pytest.raises(MissingError, match="needs a deployment"):
            run.drill([SCENARIOS["planned-switchover"]], Options(5, 10, yes=True), Interrupts(), lambda _: None)


def test_the_default_is_the_loss_of_the_region() -> None:
    assert DEFAULT.name == "region-lost"


def test_each_scenario_is_a_file_of_its_own_and_all_of_them_are_known() -> None:
    files = {path.stem for path in (ROOT / "drill" / "scenarios").glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in SCENARIOS}


def test_the_active_region_is_the_one_that_settles() -> None:
    assert Control(1, {"us-east-1": "standby", "us-west-2": "active"}, {}).active == "us-west-2"
    assert Control(2, {"us-east-1": "fenced", "us-west-2": "standby"}, {}).active == ""


def test_the_phases_are_states_of_the_deployed_workflow(deployment: app.Deployment) -> None:
    machines = deployment.resources("aws_sfn_state_machine")
    definitions = [str(machine.body["definition"]) for machine in machines]
    assert any(all(f'"{state}"' in definition for state in PHASES) for definition in definitions)


def test_the_runbook_has_a_row_for_every_scenario_and_no_other() -> None:
    text = (ROOT / "docs" / "runbooks" / "drill.md").read_text(encoding="utf-8")
    section = text.partition("## Scenarios")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([a-z-]+)`", section, re.MULTILINE)
    assert sorted(named) == sorted(SCENARIOS)
