"""A region's page: what it shows is emitted, by AWS's services or by the functions, in that region."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.rules.monitoring._metrics import SERVICES
from tests.unit.app import Deployment, synthesize

ROOT = Path(__file__).parents[2]
REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
COLUMNS = 24
both_regions = pytest.mark.parametrize("stack", REGIONS)
CAN_I_FAIL_OVER = {
    ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
    ("AWS/DynamoDB", "ReplicationLatency"),
    ("AWS/S3", "ReplicationLatency"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ("tap", "OldestUnsettledSeconds"),
    ("tap", "UnsettledPayments"),
    ("tap", "PeerHealthy"),
}
OF_THE_INGRESS = {
    "api-gateway": ("AWS/ApiGateway", {"Count", "Latency", "4XXError", "5XXError"}),
    "load-balancer": (
        "AWS/ApplicationELB",
        {
            "RequestCount",
            "TargetResponseTime",
            "HTTPCode_Target_4XX_Count",
            "HTTPCode_Target_5XX_Count",
            "HTTPCode_ELB_5XX_Count",
        },
    ),
}
SHOWN = {
    ("AWS/RDS", "DatabaseConnections"),
    *(("AWS/Lambda", name) for name in ("Invocations", "Errors", "Duration", "ConcurrentExecutions")),
    *(("AWS/DynamoDB", name) for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    *(("AWS/SNS", f"NumberOf{name}") for name in ("MessagesPublished", "NotificationsFailed")),
    *(("tap", name) for name in ("EventNotPublished", "CustomerNotified")),
}


@pytest.fixture(scope="module", params=OF_THE_INGRESS)
def ingress(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def deployment(ingress: str, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment with each ingress."""
    return synthesize(tmp_path_factory.mktemp(ingress), ingress=ingress)


def widgets(deployment: Deployment, stack: str) -> list[dict[str, Any]]:
    (page,) = deployment[stack].all("aws_cloudwatch_dashboard").values()
    found: list[dict[str, Any]] = json.loads(page["dashboard_body"])["widgets"]
    return found


def metrics(deployment: Deployment, stack: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of everything that is shown."""
    for widget in widgets(deployment, stack):
        for metric in widget["properties"].get("metrics", []):
            namespace, name, *parts = [part for part in metric if isinstance(part, str)]
            yield namespace, name, dict(zip(parts[::2], parts[1::2], strict=True))


def counted() -> dict[str, set[str]]:
    """The metrics that each function's code emits, itself or by the modules of the domain that it imports."""
    emits, imports = dict[str, set[str]](), dict[str, set[str]]()
    for module in [*(ROOT / "lambda").glob("*.py"), *(ROOT / "lambda" / "domain").glob("*.py")]:
        text = module.read_text(encoding="utf-8")
        calls = re.findall(r"\b(?:count|gauge)\(([^\n]*)", text)
        emits[module.stem] = {name for call in calls for name in re.findall(r'"(\w+)"', call)}
        imports[module.stem] = set(re.findall(r"^from domain\.(\w+) import", text, re.MULTILINE))
    return {
        module.stem.replace("_", "-"): emits[module.stem].union(*(emits[used] for used in imports[module.stem]))
        for module in (ROOT / "lambda").glob("*.py")
    }


@both_regions
def test_the_first_row_answers_whether_one_can_fail_over(deployment: Deployment, stack: str) -> None:
    first = widgets(deployment, stack)[0]
    top = {widget["y"] for widget in widgets(deployment, stack) if widget["type"] == "metric"}
    answer = {
        (metric[0], metric[1])
        for widget in widgets(deployment, stack)
        if widget["type"] == "metric" and widget["y"] == min(top)
        for metric in widget["properties"]["metrics"]
    }

    assert first["type"] == "alarm"
    assert len(first["properties"]["alarms"]) == len(deployment[stack].all("aws_cloudwatch_metric_alarm"))
    assert answer == CAN_I_FAIL_OVER


@both_regions
def test_it_shows_what_the_region_does(deployment: Deployment, stack: str) -> None:
    shown = {(namespace, name) for namespace, name, _ in metrics(deployment, stack)}

    assert shown >= SHOWN


@both_regions
def test_it_shows_what_its_own_ingress_does(deployment: Deployment, stack: str, ingress: str) -> None:
    namespaces = {namespace for namespace, _ in OF_THE_INGRESS.values()}
    shown = {(namespace, name) for namespace, name, _ in metrics(deployment, stack) if namespace in namespaces}

    namespace, names = OF_THE_INGRESS[ingress]
    assert shown == {(namespace, name) for name in names}


@both_regions
def test_every_function_is_on_the_page(deployment: Deployment, stack: str) -> None:
    functions = {body["function_name"] for body in deployment[stack].all("aws_lambda_function").values()}
    for name in ("Invocations", "Errors", "Duration", "ConcurrentExecutions"):
        shown = {of["FunctionName"] for _, metric, of in metrics(deployment, stack) if metric == name}
        assert shown == functions, name


@both_regions
def test_what_the_services_are_asked_for_they_emit_with_these_dimensions(deployment: Deployment, stack: str) -> None:
    """The table of policies/rules/monitoring names AWS's page beside each namespace."""
    for namespace, name, dimensions in metrics(deployment, stack):
        if namespace.startswith("AWS/"):
            assert frozenset(dimensions) in SERVICES[namespace][name].dimensions, (namespace, name, dimensions)


@both_regions
def test_what_the_functions_are_asked_for_their_code_emits(deployment: Deployment, stack: str) -> None:
    emitted = counted()
    own = [each for each in metrics(deployment, stack) if not each[0].startswith("AWS/")]

    assert own
    for namespace, name, dimensions in own:
        assert namespace == "tap"
        assert name in emitted[dimensions["service"]], (name, dimensions)
        assert set(dimensions) == {"service", "environment"}


@both_regions
def test_every_widget_reads_its_own_region_and_fits_the_page(deployment: Deployment, stack: str) -> None:
    for widget in widgets(deployment, stack):
        assert widget["x"] + widget["width"] <= COLUMNS
        if widget["type"] == "metric":
            assert widget["properties"]["region"] == REGIONS[stack]
        if widget["type"] == "alarm":
            assert all(f":{REGIONS[stack]}:" in arn for arn in widget["properties"]["alarms"])
