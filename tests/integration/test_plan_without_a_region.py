"""Terraform while a region does not answer: what can be planned is planned, and the rest is said."""

from __future__ import annotations

import pytest

from deployment.deploy import plan
from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts
from tests.integration.outage import lost
from tests.integration.platform import Platform

pytestmark = [pytest.mark.failover, pytest.mark.disruptive, pytest.mark.embedded_only]


def test_the_standbys_stack_is_planned_while_the_primary_region_is_lost(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    with lost(platform, platform.primary):
        assert plan(Interrupts(), lost=platform.primary.name) == 0

    told = capsys.readouterr().out
    assert f"Plan of secondary, while {platform.primary.name} is lost" in told
    assert "A deploy would change nothing" in told
    assert "Plan of primary" not in told


def test_without_the_state_nothing_can_be_planned(platform: Platform) -> None:
    with pytest.raises(DeploymentError, match="Terraform's state is in"):
        plan(Interrupts(), lost=platform.standby.name)


def test_a_region_that_is_none_of_the_two_is_refused() -> None:
    with pytest.raises(DeploymentError, match="none of the deployment's regions"):
        plan(Interrupts(), lost="eu-west-1")
