"""What AWS's service authorization reference says about actions and ARNs, as far as rules need it.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parents[1] / "data" / "service_authorization.json"
"""Written by ``python -m policies.data``."""


@lru_cache(maxsize=1)
def _reference() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


@lru_cache(maxsize=1024)
def is_unscopable(action: str) -> bool:
    """Whether AWS offers no resource that the action could be held to; an action that it does not know is not."""
    service, _, name = action.lower().partition(":")
    return name in _reference()["unscopable"].get(service, ())


def names_a_whole_resource(service: str, tail: str) -> bool:
    """Whether an ARN whose last three fields begin with ``tail`` is about parts of one resource that it names.

    ``us-east-1:111122223333:table/sessions/`` is, whatever may follow; ``us-east-1:111122223333:table/sess`` is not.
    """
    return any(pattern.match(tail) for pattern in _parts(service))


@lru_cache(maxsize=64)
def _parts(service: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(part) for part in _reference()["parts"].get(service, ()))


def _pattern(part: str) -> re.Pattern[str]:
    region, account, resource = part.split(":", 2)
    kind, _, end = resource.partition("{}")
    place = ":".join("[^:]+" if field else "" for field in (region, account))
    return re.compile(f"{place}:{re.escape(kind)}[^{end}]+{end}")
