"""The commands as a person types them: every refusal is one clear message, before anything is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployment import check, suite, terraform
from deployment.errors import MissingError
from deployment.interrupt import Interrupts
from deployment.places import ROOT
from deployment.suite import closing_line, read_report
from embedded.launcher import Emulator
from lib.naming import longest_suffix
from lib.settings import load

GENUINE = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1"
failures="2" skipped="2" tests="11" time="0.5"><testcase name="a"><skipped
type="pytest.xfail" message="known" /></testcase>
<testcase name="b"><skipped type="pytest.skip" /></testcase></testsuite></testsuites>"""


def run(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command in a deployment folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "AWS_"))}
    kept.pop("ENVIRONMENT_SUFFIX", None)
    environment = {**kept, "DEPLOYMENT_HOME": str(home), **variables}
    command = [sys.executable, "-m", "deployment", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("command", ["deploy", "plan"])
def test_without_terraform_nothing_is_started(tmp_path: Path, command: str) -> None:
    done = run(tmp_path / "home", command, TERRAFORM="/no/such/terraform")
    assert done.returncode == 2
    assert "Terraform 1.11 or newer is needed" in done.stderr
    assert not (tmp_path / "home").exists()


def test_without_terraform_a_test_run_ends_before_its_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, with every step forbidden: a run that did begin would run this test again, and so on."""
    monkeypatch.setenv("TERRAFORM", "/no/such/terraform")
    for module, step in ((check, "run"), (suite, "_run")):
        monkeypatch.setattr(module, step, lambda *_: pytest.fail("a step has begun"))
    with pytest.raises(MissingError, match=r"Terraform 1\.11 or newer is needed"):
        suite.run(Interrupts())


@pytest.mark.parametrize("suffix", ["ci", "pr-1234-ab", "pr-12345-ab", "thirteen-long"])
def test_the_alternative_is_deployed_under_a_name_that_every_run_can_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str
) -> None:
    of_the_run = suite.Suite("test", {"ENVIRONMENT_SUFFIX": suffix}, tmp_path)
    for name, value in suite._alternative(of_the_run).environment.items():
        monkeypatch.setenv(name, value)
    assert len(suffix) <= longest_suffix("tap")
    assert load().environment_suffix == f"{suffix[:9].rstrip('-')}-alt" != suffix


@pytest.mark.parametrize(
    ("only", "tested"),
    [
        ("defaults", ["not (after_destroy or failover)", "after_destroy"]),
        ("failover", ["failover and not after_destroy", "drill", "after_destroy"]),
        ("alternative", ["not after_destroy", "after_destroy"]),
    ],
)
def test_each_part_of_a_rehearsal_deploys_tests_and_destroys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, only: str, tested: list[str]
) -> None:
    done: list[list[str]] = []

    def note(_interrupts: Interrupts, arguments: list[str], environment: dict[str, str]) -> int:
        done.append([*arguments, environment["ENVIRONMENT_SUFFIX"]])
        return 0

    monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path))
    monkeypatch.delenv("ENVIRONMENT_SUFFIX", raising=False)
    monkeypatch.setattr(terraform, "find", lambda: None)
    monkeypatch.setattr(suite, "_run", note)

    assert suite.rehearsal(Interrupts(), only) == 0

    assert {suffix for *_, suffix in done} == {"ci-alt" if only == "alternative" else "ci"}
    steps = [arguments[:-1] for arguments in done]
    assert steps[0] == ["-m", "deployment", "deploy"]
    assert steps[-1] == ["-m", "deployment", "stop"]
    assert steps[-3] == ["-m", "deployment", "destroy", "--keep-emulator"]
    assert [step[-1] for step in steps[1:-3] + steps[-2:-1]] == tested


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], suite.Suite]:
    """A run whose alternative is this shell script."""

    def made(script: str) -> suite.Suite:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        return suite.Suite("test", {"ENVIRONMENT_SUFFIX": "ci"}, tmp_path)

    return made


def test_what_the_alternative_came_to_is_told_at_the_end_and_counted(
    stand_in: Callable[[str], suite.Suite], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("alternative-of-yesterday.xml").write_text(GENUINE)
    of_the_run = stand_in(f"echo its own words\ncat > alternative-tests.xml <<'END'\n{GENUINE}\nEND\nexit 1")
    with suite._alternative_beside(of_the_run, Interrupts()):
        assert "its own words" not in capsys.readouterr().out
    assert "its own words" in capsys.readouterr().out
    assert of_the_run.counts == read_report(tmp_path / "alternative-tests.xml")
    assert of_the_run.counts["failed"] == 2
    assert of_the_run.broken == []


def test_an_alternative_that_ends_without_a_test_is_a_failure(stand_in: Callable[[str], suite.Suite]) -> None:
    of_the_run = stand_in("exit 3")
    with suite._alternative_beside(of_the_run, Interrupts()):
        pass
    assert of_the_run.broken == ["alternative: it ended with 3"]
    assert of_the_run.close() == 1


def test_an_interruption_lets_the_alternative_clean_up(stand_in: Callable[[str], suite.Suite], tmp_path: Path) -> None:
    of_the_run = stand_in("trap 'echo cleaned > told; exit 130' INT\ntouch ready\nwhile true; do sleep 0.05; done")
    interrupts = Interrupts()

    def press_ctrl_c() -> None:
        with suite._alternative_beside(of_the_run, interrupts):
            while not tmp_path.joinpath("ready").exists():
                time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGINT)
            interrupts.wait(interrupts.start(["true"]))

    with interrupts.caught(), pytest.raises(KeyboardInterrupt):
        press_ctrl_c()
    assert tmp_path.joinpath("told").read_text() == "cleaned\n"
    assert of_the_run.broken == ["alternative: it ended with 130"]


def test_a_bad_suffix_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "deploy", ENVIRONMENT_SUFFIX="Not_Good")
    assert done.returncode == 2
    assert "environment_suffix" in done.stderr
    assert "Not_Good" in done.stderr
    assert not (tmp_path / "home").exists()


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "deploy", TARGET="azure")
    assert done.returncode == 2
    assert 'TARGET = "azure"' in done.stderr


def test_destroying_nothing_is_no_error(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "destroy")
    assert done.returncode == 0, done.stderr
    assert "nothing to destroy" in done.stdout


def test_planning_nothing_says_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "plan")
    assert done.returncode == 1
    assert "`make deploy`" in done.stderr


def test_a_real_account_is_never_spent_on_without_consent(tmp_path: Path) -> None:
    """Without an account the preflight refuses first; nothing is asked, nothing is synthesized."""
    variables = {"TARGET": "aws", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED": "true"}
    done = run(tmp_path / "home", "deploy", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", **variables)
    assert done.returncode == 2
    for part in ("no working AWS credentials", "TAP_DOMAIN", "TAP_HOSTED_ZONE_ID", "nothing was done"):
        assert part in done.stderr


@pytest.mark.parametrize("command", ["plan", "destroy"])
def test_another_account_is_never_mistaken_for_one_in_which_nothing_is_deployed(
    tmp_path: Path, cloud: Emulator, command: str
) -> None:
    """A forgotten TAP_ACCOUNT_ID must not end in "nothing to destroy" while the deployment goes on costing money."""
    account = {name: value for name, value in cloud.environment().items() if name.startswith("AWS_")}
    done = run(tmp_path / "home", command, TARGET="aws", TAP_ACCOUNT_ID="123456789012", **account)
    assert done.returncode == 2, done.stdout
    for part in ("are of account 000000000000, the settings say 123456789012", "set TAP_ACCOUNT_ID=000000000000"):
        assert part in done.stderr


def test_a_second_command_on_the_same_deployment_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    code = "from deployment import session\nwith session.alone():\n print('in', flush=True)\n input()\n"
    environment = {**os.environ, "DEPLOYMENT_HOME": str(home)}
    first = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout
    try:
        assert first.stdout.readline() == "in\n"
        done = run(home, "destroy")
        assert done.returncode == 1
        assert f"process {first.pid}" in done.stderr
    finally:
        first.communicate("\n")


def test_the_test_run_ends_in_a_line_like_pytests(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(GENUINE)
    counts = read_report(report)
    assert counts == {"passed": 6, "failed": 2, "error": 1, "skipped": 1, "xfailed": 1}
    assert (
        closing_line(counts, 61.5).strip("= ")
        == "2 failed, 6 passed, 1 skipped, 1 xfailed, 1 error in 61.50s (0:01:01)"
    )
    assert read_report(tmp_path / "none.xml") == {}


def test_the_commands_that_need_no_terraform_do_without(tmp_path: Path) -> None:
    variables = {"TERRAFORM": "/no/such/terraform", "TAP_OUTDIR": str(tmp_path / "out")}
    done = run(tmp_path / "home", "gate", **variables)
    assert done.returncode == 0, done.stderr
    assert "gate: passed" in done.stdout
