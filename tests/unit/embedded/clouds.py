"""Two emulators to hold side by side: with the gaps closed, and as its makers ship it."""

import dataclasses
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.config import Config

from embedded import launcher
from embedded.launcher import Emulator

EAST, WEST = "us-east-1", "us-west-2"


@dataclasses.dataclass(frozen=True)
class Cloud:
    """An emulator, and clients that talk to it."""

    emulator: Emulator

    def client(self, service: str, region: str = EAST) -> Any:
        """Return a boto3 client that does not try again, so that a refusal is seen at once."""
        with mock.patch.dict(os.environ, self.emulator.environment(), clear=True):
            return boto3.client(service, region, config=Config(retries={"total_max_attempts": 1}))


def closes(*gaps: str) -> pytest.MarkDecorator:
    """Say which gaps (names of functions in embedded/server/gaps) a test is about."""
    return pytest.mark.closes(*gaps)


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def cloud_in(state_dir: Path, *, with_gaps: bool, report: Callable[[str], None]) -> Cloud:
    """Start an emulator on a free port."""
    with mock.patch.dict(os.environ):
        os.environ.pop("TAP_EMBEDDED_PORT", None)
        return Cloud(launcher.start(state_dir, progress=report, with_gaps=with_gaps))
