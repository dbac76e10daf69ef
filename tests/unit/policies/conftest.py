"""The real synthesized deployment, as the rules see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.model.deployment import Deployment
from policies.model.reading import read

if TYPE_CHECKING:
    from tests.unit.app import Deployment as Synthesized


@pytest.fixture(scope="session")
def ours(deployment: Synthesized) -> Deployment:
    """What the app synthesizes with its default settings, read by the policies' own reader."""
    return read(deployment.folder)
