"""Answers that are not a success: application/problem+json (RFC 9457)."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from domain.http_response import Response

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """One fault of the body: where (JSON Pointer as a URI fragment) and what."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - the RFC's name for it
    """A refusal that the caller is told about.

    ``detail`` goes to the caller, so it never repeats what the caller sent; ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{status.value} {kind}")
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after

    def response(self) -> Response:
        """Return the answer for the ingress."""
        body: dict[str, object] = {
            "type": f"urn:tap:problem:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in self.errors]
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Response(self.status, body, CONTENT_TYPE, headers)


def unavailable(kind: str, detail: str, *, retry_after: int = 5) -> Problem:
    """Return a 503 that invites the caller to come again in ``retry_after`` seconds."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, kind, detail, retry_after=retry_after)
