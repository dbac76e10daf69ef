"""SARIF for code scanning: valid by its schema, within GitHub's limits, at the Python line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from policies import reports
from policies.judgement import Judgement
from policies.model.deployment import Deployment
from policies.model.reading import SOURCES, read
from policies.reports import sarif
from tests.unit.policies.judgements import (
    DEAD_LETTER,
    FUNCTIONS,
    INTERVAL,
    RECOVERY,
    SLOW_CHECKS,
    broken,
    judgement,
    slow_check,
)

ROOT = Path(reports.__file__).parents[2]
EVERY = pytest.mark.parametrize("which", ["passing", "failing", "attacked"])


@pytest.fixture(scope="module")
def valid() -> Callable[[Any], Any]:
    """OASIS's schema, as a function that raises."""
    schema = Path(__file__).parent / "resources" / "sarif-2.1.0-rtm.5.json"
    check: Callable[[Any], Any] = fastjsonschema.compile(json.loads(schema.read_text(encoding="utf-8")))
    return check


def run(judged: Judgement, **options: Any) -> dict[str, Any]:
    (only,) = json.loads(sarif.render(judged, **options))["runs"]
    return dict(only)


@EVERY
def test_it_is_valid(which: str, valid: Callable[[Any], Any], request: pytest.FixtureRequest) -> None:
    valid(json.loads(sarif.render(request.getfixturevalue(which))))


@EVERY
def test_it_can_be_written_as_utf_8(which: str, request: pytest.FixtureRequest) -> None:
    assert "\x1b" not in sarif.render(request.getfixturevalue(which)).encode().decode()


@EVERY
def test_it_is_within_what_github_reads(which: str, request: pytest.FixtureRequest) -> None:
    read = run(request.getfixturevalue(which))
    assert len(read["tool"]["driver"]["rules"]) <= 25_000
    for rule in read["tool"]["driver"]["rules"]:
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert len(rule["properties"]["tags"]) <= 10
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
    for result in read["results"]:
        assert len(result["locations"]) == 1
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
        assert result["partialFingerprints"]


def test_more_findings_than_github_takes_are_cut_and_the_rest_is_told(failing: Judgement) -> None:
    many = replace(failing, findings=failing.findings[:1] * (sarif.MOST_RESULTS + 7))
    read = run(many)
    assert len(read["results"]) == sarif.MOST_RESULTS
    texts = [note["message"]["text"] for note in read["invocations"][0]["toolExecutionNotifications"]]
    assert any("7 more findings are not listed" in text for text in texts)


def test_a_finding_is_at_the_python_line_and_leads_to_the_terraform(failing: Judgement) -> None:
    check = slow_check(failing.deployment)
    (result,) = [each for each in run(failing)["results"] if each["ruleId"] == INTERVAL]
    assert check.source is not None
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": check.source.file, "uriBaseId": "%SRCROOT%"}
    assert location["region"]["startLine"] == check.source.line
    related = result["relatedLocations"][0]
    assert related["physicalLocation"]["artifactLocation"]["uri"].endswith("/stacks/routing/cdk.tf.json")
    lines = related["physicalLocation"]["region"]
    file = failing.deployment.folder / "stacks/routing/cdk.tf.json"
    text = "\n".join(file.read_text(encoding="utf-8").splitlines()[lines["startLine"] - 1 : lines["endLine"]])
    assert text.strip().startswith(f'"{check.name}"')
    names = {place["fullyQualifiedName"] for place in related["logicalLocations"]}
    assert names == {f"routing.{check.address}", check.path}


def test_the_message_says_what_is_wrong_first_then_where_then_what_to_do(failing: Judgement) -> None:
    check = slow_check(failing.deployment)
    (result,) = [each for each in run(failing)["results"] if each["ruleId"] == INTERVAL]
    assert result["message"]["text"] == (
        f"request_interval is 60, not 30. {check.address} ({check.path}). Set request_interval = 30."
    )


@pytest.fixture(scope="module")
def unrecorded(ours: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The same Terraform, without the record of the Python lines that made it."""
    folder = tmp_path_factory.mktemp("unrecorded") / "cdktf.out"
    shutil.copytree(ours.folder, folder, ignore=shutil.ignore_patterns(SOURCES))
    return read(folder)


def test_a_finding_nobody_recorded_a_source_of_is_at_the_terraform(unrecorded: Deployment) -> None:
    judged = judgement(broken(unrecorded), INTERVAL)
    result = run(judged, root=unrecorded.folder)["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "stacks/routing/cdk.tf.json"
    assert place["region"]["startLine"] > 1


def test_files_outside_the_root_do_not_tell_the_path_of_a_machine(failing: Judgement) -> None:
    assert str(failing.deployment.folder.parent) not in sarif.render(failing, root=ROOT)


def test_severities_are_levels_and_what_github_calls_them(failing: Judgement) -> None:
    rules = {rule["id"]: rule for rule in run(failing)["tool"]["driver"]["rules"]}
    assert rules[RECOVERY]["defaultConfiguration"]["level"] == "error"
    assert float(rules[RECOVERY]["properties"]["security-severity"]) > 9.0
    assert 7.0 <= float(rules[INTERVAL]["properties"]["security-severity"]) <= 8.9
    assert "security-severity" not in rules[DEAD_LETTER]["properties"]
    assert rules[DEAD_LETTER]["helpUri"].startswith("https://")


def test_results_refer_to_their_rules(failing: Judgement) -> None:
    read = run(failing)
    for result in read["results"]:
        assert read["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_waived_findings_are_suppressed_with_their_reason(ours: Deployment) -> None:
    waived = judgement(broken(ours), INTERVAL, waivers=[SLOW_CHECKS])
    (result,) = [each for each in run(waived)["results"] if each["ruleId"] == INTERVAL]
    (suppression,) = result["suppressions"]
    assert suppression == {
        "kind": "external",
        "status": "accepted",
        "justification": "Asked every minute for now. (payments, until 2026-12-05)",
    }


def test_waived_findings_can_be_left_out_for_who_does_not_know_suppressions(passing: Judgement) -> None:
    assert len(run(passing)["results"]) == FUNCTIONS
    assert run(passing, waived=False)["results"] == []


def test_problems_make_the_run_unsuccessful(passing: Judgement, failing: Judgement) -> None:
    (good,), (bad,) = run(passing)["invocations"], run(failing)["invocations"]
    assert (good["executionSuccessful"], good["exitCode"]) == (True, 0)
    assert (bad["executionSuccessful"], bad["exitCode"]) == (False, 1)
    errors = [note for note in bad["toolExecutionNotifications"] if note["level"] == "error"]
    assert [note["message"]["text"] for note in errors] == list(failing.problems)


def test_open_findings_alone_are_a_successful_run_that_says_no(ours: Deployment) -> None:
    (told,) = run(judgement(broken(ours), INTERVAL))["invocations"]
    assert (told["executionSuccessful"], told["exitCode"]) == (True, 1)


class TestFingerprints:
    def prints(self, judged: Judgement) -> list[str]:
        return [result["partialFingerprints"]["tapFinding/v1"] for result in run(judged)["results"]]

    def test_are_different_for_different_findings(self, failing: Judgement) -> None:
        prints = self.prints(failing)
        assert len(set(prints)) == len(prints)

    def test_outlive_a_change_of_the_value_and_of_the_line(self, ours: Deployment, unrecorded: Deployment) -> None:
        first = judgement(broken(ours), INTERVAL)
        check = slow_check(unrecorded)
        slower = unrecorded.with_bodies({check.key: {**check.body, "request_interval": 120}})
        second = judgement(slower, INTERVAL)
        (before,) = [f for f in first.findings if f.check.id == INTERVAL]
        (after,) = [f for f in second.findings if f.check.id == INTERVAL]
        assert before.message != after.message
        assert before.source != after.source
        assert self.prints(first)[0] == self.prints(second)[0]


def test_what_others_wrote_becomes_neither_link_nor_markup(failing: Judgement) -> None:
    check = replace(failing.findings[0].check, risk="[click](https://example.com) <b>*bold*</b>")
    found = replace(failing.findings[0], check=check, message="see [this](https://example.com)")
    read = run(replace(failing, checks=(check,), findings=(found,)))
    assert "[this] (https" in read["results"][0]["message"]["text"]
    assert r"\[click\](https" in read["tool"]["driver"]["rules"][0]["help"]["markdown"]
    assert r"\<b\>\*bold\*" in read["tool"]["driver"]["rules"][0]["help"]["markdown"]


def test_the_version_is_the_projects() -> None:
    assert f'version = "{reports.VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
