"""AWS's Query protocol (form in, XML out) to and from plain values, by the service model that botocore carries."""

import time
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's description of a service."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def parse_input(operation: OperationModel, parameters: dict[str, str]) -> dict[str, Any]:
    """Return the operation's input as the JSON protocol would carry it."""
    shape = operation.input_shape
    return (_parse(shape, parameters, "") or {}) if shape else {}


def render_output(operation: OperationModel, output: dict[str, Any], request_id: str) -> bytes:
    """Return the XML answer for ``output``; members that the model does not know are left out."""
    namespace = operation.service_model.metadata["xmlNamespace"]
    inner = _render(operation.output_shape, output) if operation.output_shape else ""
    return (
        f'<{operation.name}Response xmlns="{namespace}"><{operation.name}Result>{inner}</{operation.name}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation.name}Response>"
    ).encode()


def render_error(code: str, message: str, request_id: str) -> bytes:
    """Return the XML of a refusal."""
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _parse(shape: Any, parameters: dict[str, str], prefix: str) -> Any:
    if shape.type_name == "structure":
        return _parse_structure(shape, parameters, prefix)
    if shape.type_name == "list":
        return _parse_list(shape, parameters, prefix)
    value = parameters.get(prefix)
    if value is None:
        return None
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name in ("float", "double"):
        return float(value)
    return value == "true" if shape.type_name == "boolean" else value


def _parse_structure(shape: Any, parameters: dict[str, str], prefix: str) -> dict[str, Any] | None:
    members = {}
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        value = _parse(member, parameters, f"{prefix}.{key}" if prefix else key)
        if value is not None:
            members[name] = value
    return members or None


def _parse_list(shape: Any, parameters: dict[str, str], prefix: str) -> list[Any] | None:
    if parameters.get(prefix) == "":
        return []
    items: list[Any] = []
    while True:
        item = _parse(shape.member, parameters, f"{prefix}.member.{len(items) + 1}")
        if item is None:
            return items or None
        items.append(item)


def _render(shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        known = ((name, member) for name, member in shape.members.items() if value.get(name) is not None)
        return "".join(f"<{name}>{_render(member, value[name])}</{name}>" for name, member in known)
    if kind == "list":
        return "".join(f"<member>{_render(shape.member, item)}</member>" for item in value)
    if kind == "map":
        entries = value.items()
        return "".join(
            f"<entry><key>{escape(key)}</key><value>{_render(shape.value, item)}</value></entry>"
            for key, item in entries
        )
    return _render_scalar(shape, value)


def _render_scalar(shape: Shape, value: Any) -> str:
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp" and isinstance(value, int | float):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value))
    return escape(str(value))
