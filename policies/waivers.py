"""Findings that stay: a reviewed file, in which each entry has a reason, an owner and an end."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

FIELDS: Final = ("rule", "resource", "reason", "owner", "expires")
ABOUT: Final = "about"
EVERYTHING: Final = "*"


class WaiverError(ValueError):
    """The file cannot be used; the message says which entry and why."""


@dataclass(frozen=True)
class Waiver:
    """A finding that stays until ``expires``. ``resource`` is a construct path, in which ``*`` stands for any part."""

    rule: str
    resource: str
    reason: str
    owner: str
    expires: date
    about: str = ""
    """The type of resource without which there is no such finding: where none is deployed nobody misses the waiver."""

    def covers(self, rule: str, path: str) -> bool:
        """Whether it speaks of that rule's finding on the resource of that construct path."""
        # Brackets are those of an instance, as in aws_subnet.a[0].
        return self.rule == rule and fnmatchcase(path, self.resource.replace("[", "[[]").replace("?", "[?]"))

    @property
    def whole_check(self) -> bool:
        """Whether it waives the rule on every resource, as plain checkov can be told to."""
        return self.resource == EVERYTHING

    def __str__(self) -> str:
        return f"{self.rule} on {self.resource}"


def read(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file, in its order.

    Raises:
        WaiverError: it is no TOML, an entry lacks a field, has one too many or an empty one, or stands twice.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WaiverError(f"{path.name} cannot be read: {error}") from None
    unknown = sorted(content.keys() - {"waiver"})
    entries = content.get("waiver", [])
    if unknown or not isinstance(entries, list):
        raise WaiverError(f"{path.name} holds {', '.join(unknown) or 'no list'}: entries are written as [[waiver]]")
    waivers = tuple(_waiver(path.name, number, entry) for number, entry in enumerate(entries, start=1))
    twice = [key for key, count in Counter((w.rule, w.resource) for w in waivers).items() if count > 1]
    if twice:
        raise WaiverError(f"{path.name}: listed twice: {', '.join(' on '.join(key) for key in twice)}")
    return waivers


def _waiver(file: str, number: int, entry: Mapping[str, Any]) -> Waiver:
    where = f"{file}: entry {number} ({entry.get('rule', 'without a rule')})"
    missing = [name for name in FIELDS if name not in entry]
    unknown = [name for name in entry if name not in (*FIELDS, ABOUT)]
    if missing or unknown:
        told = [f"lacks {', '.join(missing)}"] if missing else []
        told += [f"has {', '.join(unknown)}, which no waiver has"] if unknown else []
        raise WaiverError(f"{where} {' and '.join(told)}")
    for name in (*FIELDS[:-1], *([ABOUT] if ABOUT in entry else [])):
        if not isinstance(entry[name], str) or not entry[name].strip():
            raise WaiverError(f"{where}: {name} is empty")
    # A TOML date-time is a date to Python, and would be compared with a date in vain.
    if type(entry["expires"]) is not date:
        raise WaiverError(f"{where}: expires must be a date, such as 2027-06-30")
    return Waiver(**{name: entry[name] for name in (*FIELDS, ABOUT) if name in entry})
