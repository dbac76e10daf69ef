"""Payments to send."""

from __future__ import annotations

import json
import uuid
from typing import Any


def new_id() -> str:
    """An id that no sender has used."""
    return f"test-{uuid.uuid4()}"


def content(**changes: Any) -> dict[str, Any]:
    """A valid payment, changed at will."""
    return {"id": new_id(), "amount": 4200, "currency": "EUR", "customer": {"reference": "customer-7"}, **changes}


def body(**changes: Any) -> str:
    """The same as a webhook's body."""
    return json.dumps(content(**changes))
