"""docs/recovery-budgets.md explains the sums that the gate adds up for the default deployment, part by part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.settings import Settings
from policies.budgets import Sum, sums
from policies.model.reading import read
from tests.unit.app import Deployment

TEXT = (Path(__file__).parents[2] / "docs" / "recovery-budgets.md").read_text(encoding="utf-8")
Part = tuple[float, str]


@pytest.fixture(scope="module")
def added_up(deployment: Deployment) -> list[Sum]:
    """What the gate says."""
    return list(sums(read(deployment.folder)))


def explained(promise: str) -> list[Part]:
    """The rows of a promise's table: seconds and part, in the order in which the time passes."""
    (section,) = re.findall(rf"^### {promise}: .*?(?=^#)", TEXT, re.DOTALL | re.MULTILINE)
    return [(float(seconds), label) for seconds, label in re.findall(r"^\| (\d+) \| (.*?) \|", section, re.MULTILINE)]


def points() -> Iterator[tuple[str, float, float, str]]:
    """The rows of the table of recovery points: store, seconds, budget and part."""
    for store, seconds, budget, label in re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (.*?) \|", TEXT, re.MULTILINE):
        yield store, float(seconds), float(budget), label


@pytest.mark.parametrize("promise", ["ingest", "settlement"])
def test_how_long_it_takes_is_explained_part_by_part(added_up: list[Sum], promise: str) -> None:
    found = [each for each in added_up if (each.promise, each.objective) == (promise, "RTO")]
    assert found
    for each in found:
        assert explained(promise) == [(term.seconds, term.label) for term in each.terms]
        assert f"### {promise}: {each.seconds:g} of {each.budget_seconds:g} s" in TEXT


def test_how_much_is_lost_is_explained_for_each_store(added_up: list[Sum]) -> None:
    found = {
        (each.promise, each.seconds, each.budget_seconds, term.label)
        for each in added_up
        if each.objective == "RPO"
        for term in each.terms
    }
    assert set(points()) == found


def test_what_the_automatic_start_adds_is_stated(deployment: Deployment) -> None:
    alarm = deployment["secondary"].all("aws_cloudwatch_metric_alarm")
    (probe,) = [each for each in alarm.values() if "peer-unhealthy" in each["alarm_name"]]
    seconds = probe["period"] * probe["datapoints_to_alarm"]
    settlement = sum(seconds for seconds, _ in explained("settlement"))
    budget = Settings().settlement_rto_seconds
    assert f"{seconds} s (3 of 4 minutes), {settlement + seconds:g} of {budget} s" in " ".join(TEXT.split())
