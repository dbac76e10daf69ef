"""``make comment``: what a pull request is told, whatever names and plans hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment import comment
from deployment.errors import DeploymentError
from policies import gate
from policies.examples import write
from policies.reports import json_report

SLOW = {"aws_route53_health_check": {"slow": {"type": "HTTPS", "request_interval": 60}}}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own."""
    folder = tmp_path / "home"
    (folder / "gate").mkdir(parents=True)
    (folder / "preview").mkdir()
    monkeypatch.setenv("DEPLOYMENT_HOME", str(folder))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return folder


@pytest.fixture(scope="session")
def red(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A real verdict with findings."""
    return json_report.document(gate.run(write(SLOW, tmp_path_factory.mktemp("red") / "out")))


def test_it_tells_the_verdict_and_each_open_finding(red: dict[str, Any]) -> None:
    text = comment.render(red, None)

    assert "### Gate: FAILED" in text
    assert "TAP_HEALTH_CHECK_INTERVAL: aws_route53_health_check.slow: " in text
    assert "Not everything could be judged:" in text
    assert "| family | checks | judged | open | waived |" in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("== A deploy would change: primary, routing", "### A merge would change primary, routing"),
        ("== A deploy would change nothing", "### A merge would change nothing"),
        ("Error: something", "### A merge would change unknown: the plan did not finish"),
    ],
)
def test_it_tells_which_stacks_a_merge_would_change(red: dict[str, Any], line: str, told: str) -> None:
    text = comment.render(red, f"== Plan of global\n\n  + resource\n\n{line}\n")

    assert told in text
    assert "  + resource" in text


def test_what_is_missing_is_said() -> None:
    assert "Nothing was judged" in comment.render(None, "== A deploy would change nothing\n")
    assert "There is none" in comment.render(None, None)


def test_a_plan_cannot_end_its_fence_and_speak_as_the_comment(red: dict[str, Any]) -> None:
    text = comment.render(red, "````\n# Approved by nobody\n````\n")

    assert "\n`````text\n````\n# Approved by nobody\n````\n`````\n" in text


@pytest.mark.parametrize("unit", ["x\n", "`" * 99 + "\n", "é\n"])
def test_it_has_room_in_a_comment_and_says_what_was_left_out(red: dict[str, Any], unit: str) -> None:
    text = comment.render(red, unit * 100_000)

    assert len(text) <= comment.LONGEST
    assert "the rest is in the log of the run" in text


def test_it_is_written_and_is_the_summary_of_the_run(
    red: dict[str, Any], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "gate" / "gate.json").write_text(json.dumps(red))
    (home / "preview" / "plan.txt").write_text("== A deploy would change nothing\n")
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    comment.write()

    written = (home / "comment.md").read_text()
    assert written.startswith(comment.MARK)
    assert summary.read_text() == written


def test_without_anything_to_tell_it_says_what_to_run() -> None:
    with pytest.raises(DeploymentError, match="run `make gate`, `make preview` or both"):
        comment.write()
