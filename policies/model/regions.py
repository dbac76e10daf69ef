"""AWS regions, as far as their names tell."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_NAME = re.compile(
    r"(?<![a-zA-Z0-9])((?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-isob|-iso)?"
    r"-(?:central|north|south|east|west|northeast|northwest|southeast|southwest)-\d{1,2})(?:[a-z]?)(?![a-zA-Z0-9])"
)
_ZONE_ID = re.compile(r"(?<![a-zA-Z0-9])([a-z]{3,6}\d{1,2})-az\d{1,2}(?![a-zA-Z0-9])")
_COMPOUND: Final = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}

HEALTH_METRICS: Final = "us-east-1"
"""The one region that has Route 53's metrics, whatever the regions of a deployment.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


@lru_cache(maxsize=256)
def short(region: str) -> str:
    """A region as AWS writes it in the ids of its zones: ``use1`` for us-east-1, ``apse2`` for ap-southeast-2.

    https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
    """
    area, *directions = region.split("-")
    return area + "".join(_COMPOUND.get(part, part[:1]) for part in directions[:-1]) + "".join(directions[-1:])


@lru_cache(maxsize=8192)
def named_in(text: str) -> frozenset[str]:
    """The regions that a text names: in an ARN, in a service's name, alone, or as part of a zone's name."""
    return frozenset(_NAME.findall(text)) if "-" in text else frozenset()


@lru_cache(maxsize=8192)
def zones_in(text: str) -> frozenset[str]:
    """The short forms of the regions whose zone ids a text names: ``use1`` for ``use1-az4``."""
    return frozenset(_ZONE_ID.findall(text)) if "-az" in text else frozenset()


def is_region(text: str | None) -> bool:
    """Whether a text is the name of a region and nothing else."""
    return text is not None and named_in(text) == {text}
