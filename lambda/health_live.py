"""GET /health/live and /health/active: the function runs; this region is the active one.

Reads SESSIONS_TABLE.
"""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.api import Router, answer
from domain.http_response import Response
from domain.log import logger
from domain.observability import instrumented
from domain.problem import unavailable
from domain.region_state import RegionState, RegionStateError, State

app = Router()
_region_state = RegionState(
    aws.client("dynamodb", brisk=True), environment.required("SESSIONS_TABLE"), environment.region()
)


@app.get("/health/live")
def live() -> Response:
    """Answer: whoever reads this, the function runs. It asks nothing of any other service."""
    return answer(HTTPStatus.OK, {"status": "ok"})


@app.get("/health/active")
def active() -> Response:
    """Answer 200 only while the control item says ``active``, read now: this is the switch of the failover."""
    try:
        control = _region_state.fresh()
    except RegionStateError as reason:
        logger.error("region state unavailable", reason=str(reason))
        raise unavailable("not-active", "This region's state cannot be read.") from None
    if control.state is not State.ACTIVE:
        raise unavailable("not-active", "This region is not the active one.", retry_after=30)
    return answer(HTTPStatus.OK, {"status": "ok"})


@instrumented
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event)
