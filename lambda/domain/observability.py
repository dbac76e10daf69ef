"""Metrics and traces, and the decorator that gives them and the log to a handler."""

import warnings
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import environment
from domain.log import logger

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

# Only botocore: patching everything costs import time, and the database driver's statements are not for traces.
tracer = Tracer(patch_modules=("botocore",))
metrics = Metrics(namespace=environment.required("POWERTOOLS_METRICS_NAMESPACE"))
metrics.set_default_dimensions(environment=environment.required("ENVIRONMENT_SUFFIX"))


# A request that counts nothing is an ordinary one.
warnings.filterwarnings("ignore", "No application metrics to publish*")


def instrumented(handler: Handler) -> Handler:
    """Return ``handler`` traced, its logs marked with the request's id, and its metrics flushed."""
    measured: Handler = metrics.log_metrics(handler)
    logged: Handler = logger.inject_lambda_context(measured)
    # Answers hold payments, so they are not for traces.
    traced: Handler = tracer.capture_lambda_handler(logged, capture_response=False)
    return traced


def gauge(name: str, value: float, unit: str = "Count") -> None:
    """Report the metric ``name`` as ``value`` (``unit`` is one of CloudWatch's)."""
    metrics.add_metric(name=name, unit=unit, value=value)


def count(name: str) -> None:
    """Add one to the metric ``name`` (CloudWatch embedded metric format, flushed when the handler returns)."""
    metrics.add_metric(name=name, unit="Count", value=1)
