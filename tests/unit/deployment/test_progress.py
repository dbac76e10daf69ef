"""Progress: what a person is told while Terraform works, from lines that Terraform 1.11 wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployment.progress import Failure, Progress

PLANNED = {
    "@level": "info",
    "@message": "Plan: 2 to add, 1 to change, 1 to destroy.",
    "@module": "terraform.ui",
    "changes": {"add": 2, "change": 1, "import": 0, "remove": 1, "operation": "plan"},
    "type": "change_summary",
}
FAILED = {
    "@level": "error",
    "@message": "Error: creating RDS Cluster (tap-ledger-use1-dev): InvalidParameterValue: no such version",
    "@module": "terraform.ui",
    "diagnostic": {
        "severity": "error",
        "summary": "creating RDS Cluster (tap-ledger-use1-dev): InvalidParameterValue: no such version",
        "detail": "",
        "address": "aws_rds_cluster.ledger_cluster_F130713B",
        "range": {"filename": "cdk.tf.json", "start": {"line": 1, "column": 1, "byte": 0}},
    },
    "type": "diagnostic",
}


def hook(kind: str, address: str, action: str = "create") -> dict[str, Any]:
    """A line about one resource."""
    return {"@level": "info", "type": kind, "hook": {"resource": {"addr": address}, "action": action}}


@pytest.fixture
def seconds() -> list[float]:
    """The time of the tests' clock."""
    return [0.0]


@pytest.fixture
def progress(seconds: list[float]) -> Progress:
    """A run whose clock stands still until a test moves it."""
    return Progress(lambda: seconds[0])


def feed(progress: Progress, *events: dict[str, Any]) -> None:
    for event in events:
        progress.feed(json.dumps(event) + "\n")


def test_until_the_plan_is_known_it_says_planning(progress: Progress) -> None:
    feed(progress, {"type": "version", "terraform": "1.11.4"}, hook("refresh_start", "aws_vpc.a"))
    assert progress.line() == "planning"


def test_a_run_that_has_nothing_to_do_says_so(progress: Progress) -> None:
    nothing = {**PLANNED, "changes": {"add": 0, "change": 0, "import": 0, "remove": 0, "operation": "plan"}}
    progress.feed(json.dumps(nothing))
    assert progress.line() == "nothing to change so far"


def test_done_of_total_and_what_takes_longest(progress: Progress, seconds: list[float]) -> None:
    feed(progress, PLANNED, hook("apply_start", "aws_rds_cluster.a"))
    seconds[0] = 60.0
    feed(
        progress,
        hook("apply_start", "aws_vpc.b"),
        hook("apply_start", "aws_eip.c"),
        hook("apply_complete", "aws_eip.c"),
    )
    seconds[0] = 65.0
    assert progress.line() == "  1/4  waiting for aws_rds_cluster.a 1:05, aws_vpc.b 0:05"


def test_only_the_slowest_are_named(progress: Progress) -> None:
    feed(progress, PLANNED, *(hook("apply_start", f"aws_eip.e{n}") for n in range(5)))
    assert progress.line().endswith("and 2 more")


def test_reading_data_is_no_progress(progress: Progress) -> None:
    data = "data.terraform_remote_state.global"
    feed(progress, PLANNED, hook("apply_start", data, "read"), hook("apply_complete", data, "read"))
    assert progress.done == 0


def test_a_failed_resource_is_no_longer_waited_for_and_not_done(progress: Progress) -> None:
    address = FAILED["diagnostic"]["address"]  # type: ignore[index]  # the line above is a plain dictionary
    feed(progress, PLANNED, hook("apply_start", address), hook("apply_errored", address), FAILED)
    assert progress.line() == "  0/4"
    assert progress.failures == [Failure(FAILED["diagnostic"]["summary"], "", address)]  # type: ignore[index]


def test_warnings_are_no_failures(progress: Progress) -> None:
    feed(progress, {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "deprecated"}})
    assert progress.failures == []


def test_what_is_not_json_is_kept_for_the_report(progress: Progress) -> None:
    progress.feed("panic: runtime error\n")
    progress.feed("\n")
    progress.feed("[1, 2]\n")
    assert progress.unread == ["panic: runtime error", "[1, 2]"]
