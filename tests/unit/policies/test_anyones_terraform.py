"""``python -m policies PLACE``: anyone's Terraform, judged by the same rules."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from policies.__main__ import FINDINGS, NOT_JUDGED, PASSED, main
from tests.unit.policies.configurations import write

ROOT = Path(__file__).parents[3]
PLAN = Path(__file__).parent / "plans" / "plan.json"
GOOD = {"resource": {"aws_route53_health_check": {"live": {"type": "HTTPS", "request_interval": 30}}}}
BAD = {"resource": {"aws_route53_health_check": {"live": {"type": "HTTPS", "request_interval": 10}}}}
RULE = "TAP_HEALTH_CHECK_INTERVAL"
ONLY = ("--rule", RULE)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good", {"main.tf.json": GOOD})


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return write(tmp_path / "bad", {"main.tf.json": BAD})


def waivers(folder: Path, rule: str, resource: str = "*") -> str:
    """A file with one waiver."""
    text = "\n".join(f'{name} = "{value}"' for name, value in (("rule", rule), ("resource", resource)))
    text = f'[[waiver]]\n{text}\nreason = "so it is"\nowner = "me"\nexpires = 2099-12-31\n'
    return str(write(folder, {"waivers.toml": text}) / "waivers.toml")


class TestExitCode:
    def test_0_if_it_passed(self, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([str(good), *ONLY]) == PASSED
        assert "gate: passed" in capsys.readouterr().out

    def test_1_if_something_is_open(self, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([str(bad), *ONLY]) == FINDINGS
        shown = capsys.readouterr().out
        assert RULE in shown
        assert "request_interval is 10, not 30" in shown
        assert "\x1b" not in shown

    def test_2_if_not_everything_could_be_judged(self, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(bad, {"network.tf": ""})
        assert main([str(bad), *ONLY]) == NOT_JUDGED
        assert "network.tf: Terraform's own syntax is not read" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["nowhere"], "nowhere does not exist"),
            (["{good}", "--rule", "TAP_NO_SUCH"], "no rule is called TAP_NO_SUCH"),
            (["{good}", "--waivers", "{good}/none.toml"], "none.toml cannot be read"),
            (
                ["{good}", *ONLY, "--sarif", "{good}/no/such/folder"],
                "folder cannot be written: No such file or directory",
            ),
        ],
    )
    def test_2_with_one_sentence_if_the_command_cannot_be_followed(
        self, good: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([argument.format(good=good) for argument in arguments]) == NOT_JUDGED
        shown = capsys.readouterr()
        assert shown.out == ""
        assert told in shown.err
        assert shown.err.startswith("policies: ")
        assert shown.err.count("\n") == 1

    @pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a", "--no-such-option"]])
    def test_2_if_the_command_is_not_understood(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == NOT_JUDGED


def test_its_page_lists_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    page = (ROOT / "docs" / "anyones-terraform.md").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert options == set(re.findall(r"`(--[a-z]+)", page))


class TestPlaces:
    def test_a_folder_a_file_and_a_plan(self, bad: Path) -> None:
        assert main([str(bad), *ONLY]) == FINDINGS
        assert main([str(bad / "main.tf.json"), *ONLY]) == FINDINGS
        assert main([str(PLAN), *ONLY]) == FINDINGS

    def test_by_all_rules(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([str(PLAN)]) == FINDINGS
        assert "aws_route53_health_check.store[0]" in capsys.readouterr().out


class TestWaivers:
    def test_cover_findings(self, bad: Path, tmp_path: Path) -> None:
        assert main([str(bad), *ONLY, "--waivers", waivers(tmp_path, RULE, "bad/*.live")]) == PASSED

    def test_that_cover_nothing_are_told(self, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([str(good), *ONLY, "--waivers", waivers(tmp_path, RULE)]) == NOT_JUDGED
        assert "covers nothing any more" in " ".join(capsys.readouterr().out.split())

    @pytest.mark.parametrize("rule", ["CKV_AWS_1", "CKV2_AWS_1", "TAP_TABLE_POINT_IN_TIME_RECOVERY"])
    def test_of_what_does_not_run_are_left_aside(self, rule: str, good: Path, tmp_path: Path) -> None:
        assert main([str(good), *ONLY, "--waivers", waivers(tmp_path, rule)]) == PASSED

    def test_of_rules_that_nobody_knows_are_told(self, good: Path, tmp_path: Path) -> None:
        assert main([str(good), *ONLY, "--waivers", waivers(tmp_path, "TAP_NO_SUCH")]) == NOT_JUDGED


class TestReports:
    def test_json_instead_of_the_table(self, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([str(bad), *ONLY, "--json"]) == FINDINGS
        told = json.loads(capsys.readouterr().out)
        assert told["passed"] is False
        assert [finding["check"] for finding in told["findings"]] == [RULE]

    @pytest.mark.parametrize(("option", "begins"), [("--sarif", "{"), ("--junit", "<"), ("--html", "<!")])
    def test_files_beside_it(self, option: str, begins: str, bad: Path, tmp_path: Path) -> None:
        file = tmp_path / "report"
        assert main([str(bad), *ONLY, option, str(file)]) == FINDINGS
        text = file.read_text(encoding="utf-8")
        assert text.lower().startswith(begins)
        assert RULE in text


def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-m", "policies", *arguments],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=variables,
        timeout=60,
    )


class TestAsACommand:
    def test_it_runs_from_anywhere_without_checkov(self, bad: Path) -> None:
        code = "import sys, policies.__main__; sys.exit(sum(name.startswith('checkov') for name in sys.modules))"
        loaded = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, timeout=60)
        assert loaded.returncode == 0
        assert run("main.tf.json", *ONLY, cwd=bad).returncode == FINDINGS

    def test_a_terminal_that_knows_ascii_only_is_no_obstacle(self, tmp_path: Path) -> None:
        name = {"aws_route53_health_check": {"gesund–heit": {"type": "HTTPS"}}}
        place = write(tmp_path, {"main.tf.json": {"resource": name}})
        done = run(str(place), *ONLY, PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (FINDINGS, b"")
        assert b"gesund\\u2013heit" in done.stdout

    def test_a_reader_that_leaves_early_is_no_error(self, bad: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "policies", str(bad), *ONLY],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == FINDINGS

    def test_it_answers_within_seconds(self) -> None:
        begun = time.monotonic()
        assert run(str(PLAN)).returncode == FINDINGS
        assert time.monotonic() - begun < 20
