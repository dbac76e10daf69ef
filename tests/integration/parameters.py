"""Means of the tests of parameters: their names, and their values as a region has them."""

from __future__ import annotations

from lib.topology import REGIONS
from tests.integration.platform import Platform, Region


def name(platform: Platform, region: Region, resource: str) -> str:
    """The name of a parameter in a region."""
    return platform.settings.naming.name(resource, REGIONS[region.name].suffix)


def read(platform: Platform, region: Region, resource: str) -> str:
    """The value of a parameter in a region."""
    answer = platform.client("ssm", region).get_parameter(Name=name(platform, region, resource))
    return str(answer["Parameter"]["Value"])


def write(platform: Platform, region: Region, resource: str, value: str) -> None:
    """Put another value into a parameter of a region."""
    platform.client("ssm", region).put_parameter(Name=name(platform, region, resource), Value=value, Overwrite=True)
