"""The API's document: what code and document must agree on, and what API Gateway can import."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from domain.http_request import MAX_BODY_BYTES
from domain.payment import DOCUMENT
from domain.region_state import State
from domain.signature import HEADER, TOLERANCE_SECONDS

API: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = API["components"]["schemas"]
OPERATIONS = [(path, method, operation) for path, item in API["paths"].items() for method, operation in item.items()]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(child)


def test_it_describes_the_whole_api() -> None:
    assert {(method, path): operation["operationId"] for path, method, operation in OPERATIONS} == {
        ("post", "/v1/webhooks/payments"): "acceptPayment",
        ("get", "/v1/payments"): "listPayments",
        ("get", "/v1/payments/{id}"): "readPayment",
        ("get", "/health/live"): "live",
        ("get", "/health/database"): "database",
        ("get", "/health/active"): "active",
    }


def test_a_payment_can_be_refused_in_every_way_that_the_function_and_what_stands_before_it_know() -> None:
    answers = API["paths"]["/v1/webhooks/payments"]["post"]["responses"]
    assert set(answers) == {"202", "400", "401", "403", "409", "413", "429", "500", "503"}
    assert set(API["paths"]["/v1/payments/{id}"]["get"]["responses"]) == {
        "200",
        "400",
        "401",
        "403",
        "404",
        "429",
        "500",
        "503",
    }


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[path for path, *_ in OPERATIONS])
def test_every_refusal_is_a_problem_document(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        assert list(answer["content"]) == ["application/json" if status < "300" else "application/problem+json"]
        assert ("Retry-After" in answer.get("headers", {})) == (status in {"429", "503"})


def test_payments_are_signed_and_health_is_not() -> None:
    for path, _, operation in OPERATIONS:
        assert ("security" in operation) == path.startswith("/v1/")
    assert API["components"]["securitySchemes"]["TapSignature"]["name"] == HEADER


def test_the_limits_are_those_of_the_code() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"{MAX_BODY_BYTES} bytes" in text
    assert f"{TOLERANCE_SECONDS} s off" in text
    assert "`active`" in text
    assert State.ACTIVE.value == "active"


def test_unknown_fields_are_refused_wherever_there_are_fields() -> None:
    for node in nodes(SCHEMAS["Payment"]):
        if node.get("type") == "object":
            assert node["additionalProperties"] is False


def test_every_text_that_a_sender_gives_has_a_longest_form() -> None:
    for node in nodes(SCHEMAS["Payment"]):
        if node.get("type") == "string":
            assert "maxLength" in node or "enum" in node


class TestApiGatewayCanImportIt:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html"""

    def test_models_have_alphanumeric_names(self) -> None:
        assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in SCHEMAS)

    def test_no_keyword_is_used_that_it_does_not_support(self) -> None:
        unsupported = {"nullable", "oneOf", "anyOf", "allOf", "discriminator", "example", "examples", "readOnly"}
        unsupported |= {"exclusiveMinimum", "exclusiveMaximum", "deprecated", "format", "minItems", "maxItems", "const"}
        assert not [node for node in nodes(API) if unsupported & node.keys()]

    def test_references_lead_to_models_only(self) -> None:
        references = {node["$ref"] for node in nodes(API) if "$ref" in node}
        assert references <= {f"#/components/schemas/{name}" for name in SCHEMAS}

    def test_security_stands_at_operations_and_not_at_the_root(self) -> None:
        assert "security" not in API

    def test_a_missing_signature_is_left_to_the_function_to_refuse(self) -> None:
        """As a required parameter it would be API Gateway's 400, not the documented 401."""
        assert not [node for node in nodes(API) if node.get("in") == "header" and "required" in node]

    def test_everything_is_validated(self) -> None:
        everything = {"validateRequestBody": True, "validateRequestParameters": True}
        assert API["x-amazon-apigateway-request-validators"] == {"all": everything}
        assert API["x-amazon-apigateway-request-validator"] == "all"

    def test_nothing_else_in_it_is_of_aws(self) -> None:
        extensions = {key for node in nodes(API) for key in node if key.startswith("x-")}
        assert extensions == {"x-amazon-apigateway-request-validators", "x-amazon-apigateway-request-validator"}


def test_the_shared_package_needs_no_environment() -> None:
    for module in ("signature", "payment", "payment_store", "http_request", "problem", "migrations", "database"):
        importlib.import_module(f"domain.{module}")
