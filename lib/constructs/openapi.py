"""What an ingress reads from the API's OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


def operations(document: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


def require_functions(document: Mapping[str, Any], routes: Mapping[str, object]) -> None:
    """Raise ValueError unless ``routes`` names a function for each operation, and for nothing else."""
    described = {operation["operationId"] for _, _, operation in operations(document)}
    if described != set(routes):
        raise ValueError(f"OpenAPI operations {sorted(described)} and routes {sorted(routes)} differ")
