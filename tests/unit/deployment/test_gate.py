"""``make gate``: the verdict as a person gets it, and the reports that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployment import gate
from deployment.errors import DeploymentError
from policies.examples import write

SLOW = {"aws_route53_health_check": {"slow": {"type": "HTTPS", "request_interval": 60}}}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for the reports."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DEPLOYMENT_HOME", str(folder))
    return folder


def test_a_red_gate_says_why_what_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path) -> None:
    with pytest.raises(DeploymentError) as refused:
        gate.run(write(SLOW, tmp_path / "out"))
    assert "open findings" in str(refused.value)
    assert "reasons to trust no verdict" in str(refused.value)
    assert "Fix the resource, or waive the finding with a reason in policies/waivers.toml" in str(refused.value)
    shown = capsys.readouterr().out
    assert "TAP_HEALTH_CHECK_INTERVAL" in shown
    assert "aws_route53_health_check.slow" in shown
    assert f"report       {home / 'gate' / 'gate.html'}" in shown


def test_every_report_is_kept_also_of_a_red_gate(tmp_path: Path, home: Path) -> None:
    with pytest.raises(DeploymentError):
        gate.run(write(SLOW, tmp_path / "out"))
    kept = {path.name: path.read_text(encoding="utf-8") for path in (home / "gate").iterdir()}
    assert set(kept) == {"gate.json", "gate.sarif", "gate.junit.xml", "gate.html"}
    assert json.loads(kept["gate.sarif"])["version"] == "2.1.0"
    for text in kept.values():
        assert "TAP_HEALTH_CHECK_INTERVAL" in text


def test_reports_that_cannot_be_kept_are_told(tmp_path: Path, home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(DeploymentError, match="its reports cannot be kept in"):
        gate.run(write(SLOW, tmp_path / "out"))


def test_the_sarif_that_is_kept_is_for_github_and_leaves_waived_findings_out(tmp_path: Path, home: Path) -> None:
    """GitHub ignores suppressions and would open an alert for each."""
    waivers = tmp_path / "waivers.toml"
    waivers.write_text(
        '[[waiver]]\nrule = "TAP_HEALTH_CHECK_INTERVAL"\nresource = "*"\nreason = "the test says so, and why not"\n'
        'owner = "tests"\nexpires = 2099-01-01\n'
    )
    with pytest.raises(DeploymentError):
        gate.run(write(SLOW, tmp_path / "out"), waivers=waivers)
    kept = {path.name: path.read_text(encoding="utf-8") for path in (home / "gate").iterdir()}
    results = json.loads(kept["gate.sarif"])["runs"][0]["results"]
    assert results, "what is open is in it"
    assert "TAP_HEALTH_CHECK_INTERVAL" not in {result["ruleId"] for result in results}
    assert not any("suppressions" in result for result in results)
    assert [found["check"] for found in json.loads(kept["gate.json"])["findings"] if found["waiver"]]
