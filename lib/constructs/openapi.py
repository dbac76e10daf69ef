"""What an ingress serves, as the API's OpenAPI document says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lib.constructs.certificate import CertifiedName
from lib.constructs.functions import Function

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


def operations(document: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


@dataclass(frozen=True)
class PublicApi:
    """The operations of an OpenAPI document, the function behind each ``operationId``, and the names that lead there.

    Raises ValueError if there is an operation without a function, or the other way round.
    """

    document: Mapping[str, Any]
    routes: Mapping[str, Function]
    failover_name: CertifiedName
    regional_name: CertifiedName

    def __post_init__(self) -> None:
        described = {operation["operationId"] for _, _, operation in operations(self.document)}
        if described != set(self.routes):
            raise ValueError(f"OpenAPI operations {sorted(described)} and routes {sorted(self.routes)} differ")

    @property
    def names(self) -> tuple[CertifiedName, CertifiedName]:
        """The shared name and the regional one."""
        return self.failover_name, self.regional_name
