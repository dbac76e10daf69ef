"""The workflows on GitHub: only make targets, only pinned actions, only the permissions that a job needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment import check, comment, github
from lib.settings import Settings, _variable

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
TARGETS = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
EVERY_FILE = (*WORKFLOWS, *ACTIONS)


def read(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(path).get("jobs", {})
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    yield from read(path).get("runs", {}).get("steps", [])
    for job in jobs(path).values():
        yield from job.get("steps", [])


def named(paths: tuple[Path, ...] | list[Path]) -> list[Any]:
    return [pytest.param(path, id=str(path.relative_to(ROOT / ".github"))) for path in paths]


every_workflow = pytest.mark.parametrize("path", named(WORKFLOWS))
every_file = pytest.mark.parametrize("path", named(EVERY_FILE))


def test_there_are_the_workflows_that_the_documents_describe() -> None:
    assert {path.name for path in WORKFLOWS} == {"gate.yml", "deploy.yml", "drill.yml"}


@every_file
def test_a_step_runs_a_make_target_that_exists_and_nothing_else(path: Path) -> None:
    for command in [step["run"] for step in steps(path) if "run" in step]:
        called = re.fullmatch(r"make ([a-z]+)( [A-Z]+=[\w./^-]+)*", command)
        assert called, f"{command!r} is no call of make"
        assert called[1] in TARGETS, f"there is no make {called[1]}"


@every_file
def test_an_action_is_pinned_by_its_commit_and_says_its_version(path: Path) -> None:
    lines = re.findall(r"^ *(?:- )?uses: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    for line in lines:
        if line.startswith("./"):
            assert (ROOT / line).exists(), f"{line} does not exist"
        else:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), f"{line} is not pinned"


def test_one_action_has_one_version() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in EVERY_FILE)
    pins = set(re.findall(r"uses: ([\w/-]+)@([0-9a-f]{40})", text))
    assert len(pins) == len({action for action, _ in pins})


@every_workflow
def test_a_workflow_has_no_permission_and_each_job_names_its_own(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for name, job in jobs(path).items():
        assert job.get("permissions"), f"{name} names no permissions"


def test_a_token_that_may_write_is_in_no_job_that_runs_what_was_changed() -> None:
    writing = {
        (name, scope)
        for path in WORKFLOWS
        for name, job in jobs(path).items()
        for scope, access in job["permissions"].items()
        if access == "write"
    }
    assert writing == {
        ("alerts", "security-events"),
        ("comment", "pull-requests"),
        ("deploy", "id-token"),
        ("production", "id-token"),
    }
    gate = jobs(ROOT / ".github" / "workflows" / "gate.yml")
    for name in ("alerts", "comment"):
        for step in gate[name]["steps"]:
            assert "run" not in step
            assert not step["uses"].startswith("./"), "an action of the change is code of the change"


@every_workflow
def test_a_job_ends_and_runs_on_a_named_system(path: Path) -> None:
    for name, job in jobs(path).items():
        if "uses" not in job:
            assert job["timeout-minutes"] <= 150, name
            assert job["runs-on"] == "ubuntu-24.04", name


@every_workflow
def test_runs_do_not_pile_up_and_a_deployment_is_never_cut_off(path: Path) -> None:
    groups = [found["concurrency"] for found in (read(path), *jobs(path).values()) if "concurrency" in found]
    assert groups
    if path.name != "gate.yml":
        assert all(group["cancel-in-progress"] is False for group in groups)


@every_file
def test_a_checkout_keeps_no_credentials(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_file
def test_caches_are_keyed_by_the_lock(path: Path) -> None:
    for step in steps(path):
        if step.get("uses", "").startswith("actions/cache@"):
            assert "hashFiles('Pipfile.lock')" in step["with"]["key"]
            assert "restore-keys" not in step["with"], "a cache of another lock is another's"
        for lock in step.get("with", {}).get("cache-dependency-path", "").split():
            assert list(ROOT.glob(lock)), f"{lock} does not exist"


@every_file
def test_no_secret_is_stored_on_github(path: Path) -> None:
    assert "secrets." not in path.read_text(encoding="utf-8")


class TestDeploy:
    """It fits what ``make bootstrap`` makes."""

    @pytest.fixture
    def job(self) -> dict[str, Any]:
        (found,) = jobs(ROOT / ".github" / "workflows" / "deploy.yml").values()
        return found

    @pytest.fixture
    def login(self, job: dict[str, Any]) -> dict[str, Any]:
        (found,) = [step["with"] for step in job["steps"] if "aws-credentials" in step.get("uses", "")]
        return dict(found)

    def test_the_role_trusts_the_jobs_environment(self, job: dict[str, Any]) -> None:
        trust = github._trust("provider", "owner/repository")["Statement"][0]["Condition"]["StringEquals"]

        assert trust[f"{github.HOST}:sub"] == f"repo:owner/repository:environment:{job['environment']}"
        assert job["permissions"]["id-token"] == "write"

    def test_it_assumes_the_role_that_bootstrap_makes_and_brings_no_keys(self, login: dict[str, Any]) -> None:
        prefix = Settings.model_fields["prefix"].default
        account, name = "${{ vars.TAP_ACCOUNT_ID }}", "${{ vars.TAP_PREFIX || '" + prefix + "' }}"

        assert login["role-to-assume"] == f"arn:aws:iam::{account}:role/{name}-{github.ROLE}"
        assert login["allowed-account-ids"] == account
        assert login["role-duration-seconds"] == github.SESSION_SECONDS
        assert not any("access-key" in name for name in login)

    def test_the_settings_are_settings(self, job: dict[str, Any]) -> None:
        known = {_variable(field) for field in Settings.model_fields}
        given = {name for name, value in job["env"].items() if "vars." in str(value)}

        assert given <= known
        assert given >= {
            *("ENVIRONMENT_SUFFIX", "TAP_ACCOUNT_ID", "TAP_DOMAIN", "TAP_HOSTED_ZONE_ID", "TAP_ALERT_EMAILS")
        }

    def test_what_has_an_accounts_permissions_takes_nothing_from_a_cache(self, job: dict[str, Any]) -> None:
        (tools,) = [step["with"] for step in job["steps"] if step.get("uses") == "./.github/actions/setup"]

        assert tools["cache"] == "false"

    def test_the_standby_comes_first_and_the_integration_tests_last(self, job: dict[str, Any]) -> None:
        commands = [step["run"] for step in job["steps"] if "run" in step]

        assert commands == ["make plan", "make deploy STAGE=standby", "make deploy", "make integration"]

    def test_by_hand_both_regions_are_deployed_at_once(self, job: dict[str, Any]) -> None:
        when = {step["run"]: step["if"] for step in job["steps"] if "run" in step}

        assert when["make deploy STAGE=standby"] == "inputs.command == ''"
        assert when["make deploy"] == "inputs.command != 'plan'"


def test_the_comment_is_found_again_by_its_mark() -> None:
    assert f"'{comment.MARK}'" in (ROOT / ".github" / "workflows" / "gate.yml").read_text(encoding="utf-8")


def test_make_check_reads_the_workflows() -> None:
    assert any(command[0] == "zizmor" and ".github" in command for _, command in check._CHECKS)
