"""The judgement for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from policies.judgement import Judgement
from policies.reports import json_report
from tests.unit.policies.judgements import DEAD_LETTER, FUNCTIONS, INTERVAL, slow_check


def report(judgement: Judgement) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json_report.render(judgement))
    return read


def keys(value: object) -> Iterator[str]:
    """Every key, at whatever depth."""
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(item)


def test_every_key_is_documented(failing: Judgement) -> None:
    documented = set(re.findall(r"``(\w+)``", json_report.__doc__ or ""))
    assert set(keys(report(failing))) <= documented


def test_the_verdict_and_its_counts(passing: Judgement, failing: Judgement) -> None:
    good, bad = report(passing), report(failing)
    assert (good["schema"], good["passed"], bad["passed"]) == (1, True, False)
    assert good["counts"]["open"] == 0
    assert good["counts"]["waived"] == good["counts"]["findings"] == FUNCTIONS
    assert good["counts"]["resources"] == len(passing.deployment.resources())
    assert bad["counts"]["open"] == len(failing.open)
    assert bad["problems"] == list(failing.problems)
    assert good["regions"] == {"primary": "us-east-1", "standby": "us-west-2", "all": ["us-east-1", "us-west-2"]}


def test_a_finding_is_complete(failing: Judgement) -> None:
    check = slow_check(failing.deployment)
    (found,) = [each for each in report(failing)["findings"] if each["check"] == INTERVAL]
    assert check.source is not None
    assert found.pop("lines")[0] > 1
    assert found == {
        "check": INTERVAL,
        "severity": "high",
        "stack": "routing",
        "address": check.address,
        "path": check.path,
        "file": "stacks/routing/cdk.tf.json",
        "source": {"file": check.source.file, "line": check.source.line},
        "message": "request_interval is 60, not 30",
        "remediation": "Set request_interval = 30.",
        "waiver": None,
    }


def test_a_waived_finding_names_its_waiver(passing: Judgement) -> None:
    waivers = [found["waiver"] for found in report(passing)["findings"]]
    assert {waiver["rule"] for waiver in waivers} == {DEAD_LETTER}
    assert report(passing)["waivers"] == [{**waivers[0], "findings": FUNCTIONS}]


def test_checks_name_what_they_judged(failing: Judgement) -> None:
    checks = {check["id"]: check for check in report(failing)["checks"]}
    assert checks[INTERVAL]["outcome"] == "failed"
    assert slow_check(failing.deployment).path in checks[INTERVAL]["evidence"]
    assert len(checks[INTERVAL]["evidence"]) == checks[INTERVAL]["judged"]
    assert checks[DEAD_LETTER]["outcome"] == "waived"
    assert checks[DEAD_LETTER]["severity"] is None


def test_an_unknown_term_has_no_number(failing: Judgement) -> None:
    settlement = report(failing)["budgets"][1]
    assert [term["seconds"] for term in settlement["terms"]] == [90, None]
    assert (settlement["complete"], settlement["within_budget"]) == (False, False)


def test_it_is_ascii_and_loses_nothing_whatever_a_resource_is_called(attacked: Judgement) -> None:
    text = json_report.render(attacked)
    assert text.isascii()
    assert json.loads(text)["findings"][0]["message"] == attacked.findings[0].message


def test_it_is_the_same_every_time(failing: Judgement) -> None:
    assert json_report.render(failing) == json_report.render(failing)
