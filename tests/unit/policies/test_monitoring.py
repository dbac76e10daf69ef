"""The table of metrics that AWS emits, and what is said of dimensions elsewhere, agree with each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.model.alarms import SUBJECTS, metrics
from policies.model.deployment import Deployment
from policies.rules.monitoring import _metrics
from policies.rules.monitoring._metrics import ONLY_IN, SERVICES, emitted

SOURCE = Path(_metrics.__file__).read_text(encoding="utf-8")


def combinations(namespace: str) -> set[frozenset[str]]:
    return {combination for known in SERVICES[namespace].values() for combination in known.dimensions}


@pytest.mark.parametrize(("namespace", "dimension"), sorted(SUBJECTS))
def test_a_dimension_that_names_resources_is_one_that_some_metric_has(namespace: str, dimension: str) -> None:
    assert any(dimension in combination for combination in combinations(namespace))


@pytest.mark.parametrize("namespace", sorted(SERVICES))
def test_every_table_stands_below_the_page_that_it_is_from(namespace: str) -> None:
    (variable,) = (name for name, table in vars(_metrics).items() if table is SERVICES[namespace])
    before = SOURCE.partition(f"\n{variable}: Final")[0].rstrip().splitlines()
    comments = []
    while before[-1].startswith("#"):
        comments.append(before.pop())
    assert any("https://docs.aws.amazon.com/" in comment for comment in comments)


def test_no_metric_lacks_a_combination_of_dimensions() -> None:
    assert all(known.dimensions for table in SERVICES.values() for known in table.values())


def test_only_known_namespaces_are_bound_to_a_region() -> None:
    assert ONLY_IN.keys() <= SERVICES.keys()


def test_what_a_service_does_not_emit_is_not_known() -> None:
    assert emitted("AWS/Lambda", "Errors") is not None
    assert emitted("AWS/Lambda", "errors") is None
    assert emitted("AWS/Lamda", "Errors") is None
    assert emitted(None, None) is None


def test_a_table_has_no_throttles_of_its_own_but_per_operation() -> None:
    """The trap that an alarm on ThrottledRequests by TableName alone never fires."""
    throttled = emitted("AWS/DynamoDB", "ThrottledRequests")
    assert throttled is not None
    assert throttled.dimensions == {frozenset({"TableName", "Operation"})}


def test_every_metric_that_we_watch_is_in_the_table(ours: Deployment) -> None:
    read = {(m.namespace, m.name) for alarm in ours.resources("aws_cloudwatch_metric_alarm") for m in metrics(alarm)}
    of_aws = {(namespace, name) for namespace, name in read if (namespace or "").startswith("AWS/")}
    assert all(emitted(namespace, name) for namespace, name in of_aws)
    assert len(of_aws) >= 11
