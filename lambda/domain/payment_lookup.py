"""What a lookup asks for: the query's parameters, held to the operation ``listPayments`` of the published document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

import fastjsonschema

from domain.payment import DOCUMENT
from domain.problem import Problem

PATH = "/v1/payments"


@dataclass(frozen=True)
class Lookup:
    """A list of payments of one customer, or of one status where ``customer`` is None."""

    customer: str | None
    status: str
    limit: int
    cursor: str | None


def parse_lookup(query: Mapping[str, str]) -> Lookup:
    """Return what ``query`` asks for. Raises Problem 400 that says what is wrong and repeats nothing of it."""
    schemas = _schemas()
    unknown = set(query) - set(schemas)
    if unknown:
        raise _refused(f"There is an unknown parameter; known are {', '.join(schemas)}.")
    if ("status" in query) == ("customer" in query):
        raise _refused("Give either status or customer.")
    values = {name: _value(text, schemas[name]) for name, text in query.items()}
    for name, value in values.items():
        try:
            _validator(name)(value)
        except fastjsonschema.JsonSchemaValueException:
            raise _refused(f"{name} is not as the API's document describes it.") from None
    return Lookup(
        customer=values.get("customer"),
        status=values.get("status", ""),
        limit=values.get("limit", schemas["limit"]["default"]),
        cursor=values.get("cursor"),
    )


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    """A number where the document has one and the text is one; else the text, for the document to refuse."""
    is_number = schema["type"] == "integer" and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if is_number else text


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    parameters = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"][PATH]["get"]["parameters"]
    return {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}


@cache
def _validator(name: str) -> Any:
    return fastjsonschema.compile({"$schema": "http://json-schema.org/draft-04/schema", **_schemas()[name]})


def _refused(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-lookup", detail)
