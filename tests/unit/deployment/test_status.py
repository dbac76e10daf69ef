"""What ``make status`` makes of what the regions say; tests/integration asks real ones."""

from __future__ import annotations

from deployment.status import RegionStatus, agreed, report

EAST, WEST = "us-east-1", "us-west-2"


def region(name: str, *, mirror: str = EAST, **states: str) -> RegionStatus:
    """A region that answers, with what its control item says of the two."""
    told = {EAST: states["east"], WEST: states["west"]} if states else {}
    return RegionStatus(name, {"active-region": mirror, "failover-workflow": f"arn:{name}"}, "3", told)


def lost(name: str) -> RegionStatus:
    return RegionStatus(name, trouble="does not answer: ConnectTimeoutError")


def test_the_control_item_decides_and_not_its_mirror_which_may_be_late() -> None:
    here = [region(name, mirror="none", east="standby", west="active") for name in (EAST, WEST)]
    assert agreed(here) == WEST


def test_the_mirror_is_believed_where_the_item_cannot_be_read() -> None:
    assert agreed([lost(EAST), region(WEST, mirror=EAST)]) == EAST


def test_regions_that_contradict_each_other_agree_on_nothing() -> None:
    apart = [region(EAST, east="active", west="standby"), region(WEST, east="fenced", west="active")]
    assert agreed(apart) is None
    assert any("do not agree" in line for line in report(apart))


def test_nobody_who_answers_means_nobody_is_active() -> None:
    assert agreed([lost(EAST), lost(WEST)]) is None


def test_only_a_region_that_answers_and_is_not_active_is_offered_for_promotion() -> None:
    told = "\n".join(report([lost(EAST), region(WEST, east="active", west="standby")]))
    assert "start-execution --region us-west-2" in told
    assert "arn:us-west-2" in told
    assert "start-execution --region us-east-1" not in told
    assert "does not answer: ConnectTimeoutError" in told
