"""The HTTP side of every function behind API Gateway: routes, answers, refusals."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from domain.log import logger
from domain.observability import count
from domain.problem import Problem


def answer(status: HTTPStatus, body: dict[str, Any]) -> Response[str]:
    """Return a success. Nothing may cache it: statuses change, and payments are private."""
    return Response(
        status_code=status.value,
        content_type="application/json",
        body=json.dumps(body),
        headers={"Cache-Control": "no-store"},
    )


def resolver() -> APIGatewayRestResolver:
    """Return a router whose every refusal and failure is a problem document."""
    app = APIGatewayRestResolver()
    app.exception_handler(Problem)(_refuse)
    app.exception_handler(Exception)(_fail)
    app.not_found(_unknown)
    return app


def _refuse(problem: Problem) -> Response[str]:
    logger.info("refused", status=problem.status.value, problem=problem.kind)
    return problem.response()


def _fail(_error: Exception) -> Response[str]:
    logger.exception("failed")
    count("UnexpectedError")
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", "An error of this service.").response()


def _unknown(_error: NotFoundError) -> Response[str]:
    return Problem(HTTPStatus.NOT_FOUND, "no-such-route", "There is nothing under this path.").response()
