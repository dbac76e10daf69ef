"""A payment as its sender reports it: strict JSON that fits the published schema ``Payment``."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.problem import FieldError, Problem

if TYPE_CHECKING:
    from fastjsonschema import JsonSchemaValueException

DOCUMENT = Path(__file__).parent.parent / "openapi.json"
_MAX_DIGITS = 18  # beyond any amount, and below what makes int() slow


@dataclass(frozen=True)
class Payment:
    """A valid payment; ``amount`` in minor units. The sha-256 is of the content, not of its white space."""

    id: str
    amount: int
    currency: str
    customer_reference: str
    customer_email: str | None
    description: str | None
    body_sha256: str


def parse_payment(raw: bytes) -> Payment:
    """Return the payment in ``raw``. Raises Problem 400 that says what is wrong and repeats nothing of the body."""
    content = _strict_json(raw)
    _validate(content)
    customer = content["customer"]
    return Payment(
        id=content["id"],
        amount=content["amount"],
        currency=content["currency"],
        customer_reference=customer["reference"],
        customer_email=customer.get("email"),
        description=content.get("description"),
        body_sha256=_digest(content),
    )


def is_payment_id(text: str) -> bool:
    """Tell whether ``text`` has the form of a sender's id, as the schema has it."""
    return _fault("id", text) is None


def _strict_json(raw: bytes) -> Any:
    """JSON without what parsers disagree on: duplicate keys, NaN, fractions, lone surrogates, other encodings."""
    try:
        content = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_int=_integer,
            parse_float=_refuse_fraction,
            parse_constant=_refuse_fraction,
        )
        # Lone surrogates pass the parser, and no store takes them.
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _RefusedError) else "It is not UTF-8 encoded JSON."
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed-body", reason) from None
    return content


class _RefusedError(ValueError):
    pass


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _RefusedError("An object holds the same key twice.")
    return content


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _RefusedError("A number is too large.")
    return int(text)


def _refuse_fraction(_text: str) -> Any:
    raise _RefusedError("Numbers are integers, without fraction or exponent.")


def _digest(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


@cache
def _validator(part: str) -> Any:
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    schema = schemas["Payment"] if part == "payment" else schemas["Payment"]["properties"][part]
    # Here and not above: a new process answers sooner, and a request that is not signed never comes this far.
    import fastjsonschema  # noqa: PLC0415

    return fastjsonschema.compile({"$schema": "http://json-schema.org/draft-04/schema", **schema})


def _fault(part: str, content: Any) -> "JsonSchemaValueException | None":
    """What is wrong with a payment, or a part of it; None if nothing is."""
    validate = _validator(part)
    from fastjsonschema import JsonSchemaValueException  # noqa: PLC0415  # as above

    try:
        validate(content)
    except JsonSchemaValueException as error:
        return error
    return None


def _validate(content: Any) -> None:
    error = _fault("payment", content)
    if error is not None:
        # path[0] is the validator's own name for the root.
        pointer = "/".join(["#", *error.path[1:]])
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid-payment",
            "The body is not a payment as the API's document describes it.",
            errors=[FieldError(pointer, _explain(error))],
        )


def _explain(error: "JsonSchemaValueException") -> str:
    definition: dict[str, Any] = error.definition
    limit = definition.get(error.rule)
    match error.rule:
        case "type":
            return f"must be of type {limit}"
        case "required":
            return "lacks a required field; required are " + ", ".join(definition["required"])
        case "additionalProperties":
            return "holds an unknown field; known are " + ", ".join(definition["properties"])
        case "enum":
            return "must be one of the values that the API's document lists"
        case rule:
            return f"breaks the rule {rule} {limit}"
