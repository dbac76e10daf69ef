"""After payments, refusals and health checks there is nothing that Terraform would change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployment import session, terraform
from deployment.interrupt import Interrupts
from deployment.session import Session
from deployment.stacks import PLAN_IS_EMPTY
from tests.integration import payments
from tests.integration.platform import Platform

STACKS = ("global", "primary", "secondary", "routing")


@pytest.fixture(scope="module")
def work(platform: Platform) -> Iterator[Session]:
    """Terraform on the stacks as they were deployed, connected with their states."""
    with session.alone():
        work = session.open_session(
            terraform.find(), platform.place, platform.settings, platform.stacks(), Interrupts()
        )
        work.connect()
        yield work


@pytest.fixture(scope="module")
def traffic(platform: Platform) -> None:
    """What a deployment lives through in its first minute."""
    for region in platform.regions.values():
        assert platform.send(region, payments.body()).status == 202
        assert platform.send(region, "{}").status == 400
        for question in ("live", "database", "active"):
            platform.get(region, f"/health/{question}")


def test_these_are_all_the_stacks(work: Session) -> None:
    assert {stack.name for stack in work.stacks} == set(STACKS)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.usefixtures("traffic")
def test_the_second_plan_is_empty(work: Session, name: str) -> None:
    """With a refresh: what is really there is what the stacks say."""
    (stack,) = (stack for stack in work.stacks if stack.name == name)

    assert work.runner.plan(stack) == PLAN_IS_EMPTY, f"`make plan` shows what {name} would change"
