"""Metrics and traces, and the decorator that gives them and the log to a handler."""

import os
import warnings
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import environment
from domain.log import logger

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

metrics = Metrics(namespace=environment.required("POWERTOOLS_METRICS_NAMESPACE"))
metrics.set_default_dimensions(environment=environment.required("ENVIRONMENT_SUFFIX"))


# A request that counts nothing is an ordinary one.
warnings.filterwarnings("ignore", "No application metrics to publish*")


def instrumented(handler: Handler) -> Handler:
    """Return ``handler`` traced if it is sampled, its logs marked with the request's id, and its metrics flushed."""
    measured: Handler = metrics.log_metrics(handler)
    logged: Handler = logger.inject_lambda_context(measured)

    @wraps(handler)
    def traced(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        if "Sampled=1" not in os.environ.get("_X_AMZN_TRACE_ID", ""):
            return logged(event, context)
        # Answers hold payments, so they are not for traces.
        sampled: Handler = _tracer().capture_lambda_handler(logged, capture_response=False)
        return sampled(event, context)

    return traced


@cache
def _tracer() -> Tracer:
    """The tracer: X-Ray's SDK is slow to import, and X-Ray samples one request in twenty beyond the first in a second.

    Only botocore: patching everything costs more time still, and the database driver's statements are not for traces.
    """
    return Tracer(patch_modules=("botocore",))


def gauge(name: str, value: float, unit: str = "Count") -> None:
    """Report the metric ``name`` as ``value`` (``unit`` is one of CloudWatch's)."""
    metrics.add_metric(name=name, unit=unit, value=value)


def count(name: str) -> None:
    """Add one to the metric ``name`` (CloudWatch embedded metric format, flushed when the handler returns)."""
    metrics.add_metric(name=name, unit="Count", value=1)
