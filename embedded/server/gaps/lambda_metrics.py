"""CloudWatch's embedded metric format: metrics that functions write to their logs."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

from embedded.server.patching import Service, around, gap

Measured = tuple[str, str, float, str, dict[str, str]]
"""Namespace, name, value, unit and dimensions, as CloudWatch records them."""


@gap("services.lambda_svc", "_emit_lambda_logs", "services.cloudwatch:record_metric")
def embedded_metrics(lambda_: Service) -> None:
    """Metrics in a function's log stay in the log; CloudWatch extracts them, in the function's region.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    cloudwatch = importlib.import_module("ministack.services.cloudwatch")

    @around(lambda_, "_emit_lambda_logs")
    def emit(original: Any, func: dict[str, Any], request_id: str, log_text: str, *rest: Any, **named: Any) -> None:
        original(func, request_id, log_text, *rest, **named)
        for line in (log_text or "").splitlines():
            for metric in measured(line):
                cloudwatch.record_metric(*metric)


def measured(line: str) -> list[Measured]:
    """What a line of a log says in the embedded metric format; nothing if it is an ordinary line."""
    if '"_aws"' not in line or "{" not in line:
        return []
    try:
        return list(_read(json.loads(line[line.index("{") :])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _read(document: dict[str, Any]) -> Iterator[Measured]:
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for definition in directive["Metrics"]:
            values = document[definition["Name"]]
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for value in values if isinstance(values, list) else [values]:
                    unit = definition.get("Unit", "None")
                    yield directive["Namespace"], definition["Name"], float(value), unit, dimensions
