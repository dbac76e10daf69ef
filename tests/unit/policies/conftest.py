"""The real synthesized deployment, as the rules see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policies.judgement import Judgement
from policies.model.deployment import Deployment
from policies.model.reading import read
from tests.unit.policies.judgements import DEAD_LETTERS, INGEST, SESSIONS, SETTLEMENT, broken, hostile, judgement

if TYPE_CHECKING:
    from tests.unit.app import Deployment as Synthesized


@pytest.fixture(scope="session")
def ours(deployment: Synthesized) -> Deployment:
    """What the app synthesizes with its default settings, read by the policies' own reader."""
    return read(deployment.folder)


@pytest.fixture(scope="session")
def passing(ours: Deployment) -> Judgement:
    """What all rules say of what we deploy, with one waiver."""
    return judgement(ours, waivers=[DEAD_LETTERS])


@pytest.fixture(scope="session")
def failing(ours: Deployment) -> Judgement:
    """What they say of an edit of it; something could not be judged, and two budgets are broken."""
    return judgement(
        broken(ours),
        waivers=[DEAD_LETTERS],
        problems=["stacks/routing/cdk.tf.json cannot be parsed: Expecting value: line 1 column 1 (char 0)"],
        budgets=(INGEST, SETTLEMENT, SESSIONS),
    )


@pytest.fixture(scope="session")
def attacked(failing: Judgement) -> Judgement:
    """The same, of Terraform whose author wants to do harm through its reports."""
    return hostile(failing)
