"""A region's state is what the control item says; and what is done when it says nothing is decided."""

import pytest

from domain.region_state import Control, RegionState, RegionStateError, State
from tests.unit.functions.support import REGION, Cloud, ControlItem


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def reader(cloud: Cloud, table: str, region: str = REGION, *, cache_seconds: float = 0.0) -> RegionState:
    return RegionState(cloud.client("dynamodb"), table, region, cache_seconds=cache_seconds)


@pytest.mark.parametrize("state", State)
def test_it_is_what_the_control_item_says(
    cloud: Cloud, sessions_table: str, control_item: ControlItem, state: State
) -> None:
    control_item.put(state.value, epoch=7)
    assert reader(cloud, sessions_table).current() == Control(state, 7, REGION if state is State.ACTIVE else None)


def test_without_a_control_item_it_is_standby(cloud: Cloud, sessions_table: str, control_item: ControlItem) -> None:
    control_item.remove()
    assert reader(cloud, sessions_table).current() == Control(State.STANDBY, 0)


def test_a_region_that_is_not_in_it_is_standby(cloud: Cloud, sessions_table: str, control_item: ControlItem) -> None:
    control_item.put("active", epoch=3)
    assert reader(cloud, sessions_table, "eu-west-1").current() == Control(State.STANDBY, 3, REGION)


@pytest.mark.parametrize("state", ["", "Active", "promoting"])
def test_a_state_that_nobody_knows_is_standby(
    cloud: Cloud, sessions_table: str, control_item: ControlItem, state: str
) -> None:
    control_item.put(state)
    assert reader(cloud, sessions_table).current().state is State.STANDBY


def test_a_change_is_seen_after_the_cache_time_and_not_before(
    cloud: Cloud, sessions_table: str, control_item: ControlItem
) -> None:
    clock = Clock()
    region_state = RegionState(cloud.client("dynamodb"), sessions_table, REGION, cache_seconds=5, clock=clock)
    assert region_state.current().state is State.ACTIVE
    control_item.put("fenced")
    clock.now = 4.9
    assert region_state.current().state is State.ACTIVE
    clock.now = 5.0
    assert region_state.current().state is State.FENCED


def test_a_fresh_reading_passes_the_cache_by(cloud: Cloud, sessions_table: str, control_item: ControlItem) -> None:
    region_state = reader(cloud, sessions_table, cache_seconds=3600)
    region_state.current()
    control_item.put("standby")
    assert region_state.fresh().state is State.STANDBY


class TestWhenTheTableCannotBeRead:
    def test_the_state_that_was_read_before_counts(self, cloud: Cloud) -> None:
        table, client = "short-lived", cloud.client("dynamodb")
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        ControlItem(client, table).put("fenced")
        region_state = reader(cloud, table)
        region_state.current()
        client.delete_table(TableName=table)
        assert region_state.current().state is State.FENCED

    def test_and_never_was_there_is_no_state(self, cloud: Cloud) -> None:
        with pytest.raises(RegionStateError, match="ResourceNotFoundException"):
            reader(cloud, "no-such-table").current()
