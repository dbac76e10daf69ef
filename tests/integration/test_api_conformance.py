"""The deployed API keeps to its own document, whatever it is sent: no server error, no answer that is not described.

schemathesis makes the requests, valid and invalid ones, from the document; a hook signs them as a sender would.
``make soak`` makes more of them.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
from hypothesis import given

from domain.payment import DOCUMENT
from domain.signature import HEADER, sign
from tests.integration.effort import campaign
from tests.integration.platform import Platform, Region

API: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
for _item in API["paths"].values():
    for _operation in _item.values():
        # Signatures are the hook's business; those that are wrong have tests of their own (test_refusals.py).
        _operation.pop("security", None)
VALID = ["acceptPayment", "listPayments", "readPayment", "live", "database", "active"]
INVALID = ["acceptPayment", "listPayments", "readPayment"]
"""Those that take something which can be wrong."""


class Signed(requests.auth.AuthBase):
    """Signs what is about to be sent, and addresses it by the region's name."""

    def __init__(self, platform: Platform, region: Region) -> None:
        self._platform, self._region = platform, region

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Host"] = self._region.host
        key = self._platform.signing_key.field("key").encode()
        request.headers[HEADER] = sign(_signed(request), key=key, timestamp=int(time.time()))
        return request


def _signed(request: requests.PreparedRequest) -> bytes:
    """The body of a webhook; of what has none, its first line."""
    if request.method == "POST":
        body = request.body or b""
        assert isinstance(body, str | bytes)
        return body.encode() if isinstance(body, str) else body
    address = urlsplit(request.path_url)
    query = sorted(f"{_encoded(k)}={_encoded(v)}" for k, v in parse_qsl(address.query, keep_blank_values=True))
    return f"{request.method} {address.path}{'?' if query else ''}{'&'.join(query)}".encode()


def _encoded(text: str) -> str:
    return quote(text, safe="")


def conforms(platform: Platform, region: Region, operation: str, mode: str) -> None:
    """Send what schemathesis makes for an operation, and hold each answer against the document."""
    import schemathesis
    from schemathesis.specs.openapi import checks

    described = schemathesis.openapi.from_dict(API)
    wanted = described.find_operation_by_id(operation)
    base = os.environ.get("AWS_ENDPOINT_URL") or f"https://{region.host}"
    signed = Signed(platform, region)
    # Whether a region is the active one is an answer and no error.
    answers_503 = operation == "active" and region is platform.standby

    @campaign(examples=15)
    @given(case=wanted.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def keeps_to_the_document(case: Any) -> None:
        answer = case.call(base_url=base, auth=signed, timeout=30)
        assert answer.status_code < 500 or answers_503, answer.text
        case.validate_response(
            answer,
            checks=[
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_headers_conformance,
                checks.response_schema_conformance,
            ],
        )
        if mode == "negative":
            assert answer.status_code >= 400, "it took what the document forbids"

    keeps_to_the_document()


@pytest.mark.soak
@pytest.mark.parametrize("operation", VALID)
def test_what_is_valid_is_answered_as_described(platform: Platform, region: Region, operation: str) -> None:
    conforms(platform, region, operation, "positive")


@pytest.mark.soak
@pytest.mark.parametrize("operation", INVALID)
def test_what_is_invalid_is_refused_as_described(platform: Platform, region: Region, operation: str) -> None:
    conforms(platform, region, operation, "negative")
