"""What an ingress is handed back: API Gateway and load balancers read the same fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Response:
    """An answer with a JSON body. Nothing may cache it: statuses change, and payments are private."""

    status: HTTPStatus
    body: Mapping[str, Any]
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def proxied(self) -> dict[str, Any]:
        """The answer as an ingress wants it."""
        headers = {"Content-Type": self.content_type, "Cache-Control": "no-store", **self.headers}
        return {
            "statusCode": self.status.value,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": json.dumps(self.body),
            "isBase64Encoded": False,
        }
