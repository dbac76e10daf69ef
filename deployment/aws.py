"""boto3, with explicit regions and short error codes."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})


def client(service: str, region: str) -> Any:
    """A client for one service in one region."""
    return boto3.client(service, region_name=region, config=_CONFIG)


def code(error: ClientError) -> str:
    """AWS's code of an error, such as ``NoSuchBucket``."""
    return str(error.response.get("Error", {}).get("Code", ""))
