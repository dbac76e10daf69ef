"""JUnit XML for CI."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from policies.judgement import Judgement
from policies.model.deployment import Deployment
from policies.reports import junit
from tests.unit.policies.judgements import DEAD_LETTER, FUNCTIONS, INTERVAL, SLOW_CHECKS, broken, judgement, slow_check

EVERY = pytest.mark.parametrize("which", ["passing", "failing", "attacked"])


def cases(judged: Judgement, check: str) -> list[ET.Element]:
    """The test cases of a check."""
    every = ET.fromstring(junit.render(judged)).iter("testcase")  # noqa: S314  # it is our own
    return [case for case in every if case.get("name", "").startswith(f"{check}:")]


@EVERY
def test_it_can_be_parsed_and_its_counts_are_right(which: str, request: pytest.FixtureRequest) -> None:
    text = junit.render(request.getfixturevalue(which))
    root = ET.fromstring(text.encode())  # noqa: S314
    for level in (root, *root.findall("testsuite")):
        found = list(level.iter("testcase"))
        assert level.get("tests") == str(len(found))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert level.get(attribute) == str(sum(case.find(tag) is not None for case in found))


def test_there_is_a_suite_for_each_family_and_one_for_the_gate(passing: Judgement) -> None:
    root = ET.fromstring(junit.render(passing))  # noqa: S314
    names = [str(suite.get("name")).partition(".")[2] for suite in root.findall("testsuite")]
    assert names == ["gate", *sorted({check.family for check in passing.checks if not check.builtin}), "checkov"]


def test_a_check_that_held_is_a_case_that_passed(passing: Judgement) -> None:
    (case,) = cases(passing, INTERVAL)
    assert [child.tag for child in case] == ["system-out"]
    assert case.get("name") == f"{INTERVAL}: Endpoint health checks run every 30 seconds"


def test_a_finding_is_a_failure_of_the_resource_with_all_that_is_needed(failing: Judgement) -> None:
    check = slow_check(failing.deployment)
    (case,) = cases(failing, INTERVAL)
    assert check.source is not None
    assert case.get("name", "").endswith(f"[{check.path}]")
    assert (case.get("file"), case.get("line")) == (check.source.file, str(check.source.line))
    failure = case.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.get("type")) == ("request_interval is 60, not 30", "high")
    for part in (check.address, check.path, str(check.source), "stacks/routing/cdk.tf.json:", "request_interval = 30"):
        assert part in str(failure.text)


def test_a_waived_finding_is_skipped_with_its_reason(ours: Deployment) -> None:
    waived = judgement(broken(ours), INTERVAL, waivers=[SLOW_CHECKS])
    (case,) = cases(waived, INTERVAL)
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "waived until 2026-12-05 (payments): Asked every minute for now."


def test_builtin_checks_are_there_as_well(passing: Judgement) -> None:
    assert len(cases(passing, DEAD_LETTER)) == FUNCTIONS


def test_problems_are_errors(failing: Judgement) -> None:
    root = ET.fromstring(junit.render(failing))  # noqa: S314
    errors = [case.find("error") for case in root.iter("testcase") if case.find("error") is not None]
    assert [error.get("message") for error in errors if error is not None] == list(failing.problems)


def test_a_check_that_had_nothing_to_judge_is_skipped(ours: Deployment) -> None:
    checks = {check.key: None for check in ours.resources("aws_route53_health_check")}
    (case,) = cases(judgement(ours.with_bodies(checks), INTERVAL), INTERVAL)
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "nothing of its kind to judge"
