"""The failover that no person starts: the alarm on the other region's health does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration import failover
from tests.integration.platform import Platform, Region, eventually

pytestmark = [pytest.mark.only_with(automatic_failover="on"), pytest.mark.disruptive]

STARTED_SECONDS = 30


@contextmanager
def alarmed(platform: Platform, region: Region) -> Iterator[None]:
    """The region's alarm on its peer goes off, as it would after minutes, and is calm again after the block."""
    cloudwatch = platform.client("cloudwatch", region)
    (name,) = [
        alarm["AlarmName"]
        for page in cloudwatch.get_paginator("describe_alarms").paginate()
        for alarm in page["MetricAlarms"]
        if alarm.get("MetricName") == "PeerHealthy"
    ]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="integration test")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="integration test")
    try:
        yield
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="integration test")


def executions(platform: Platform, region: Region) -> set[str]:
    """Those of the region's workflow so far."""
    pages = platform.client("stepfunctions", region).get_paginator("list_executions")
    machine = region.outputs["failover_workflow_arn"]
    return {each["executionArn"] for page in pages.paginate(stateMachineArn=machine) for each in page["executions"]}


def test_the_alarm_starts_the_workflow_which_moves_nothing_while_the_other_region_is_well(platform: Platform) -> None:
    standby = platform.standby
    before, known = failover.control(platform, standby), executions(platform, standby)

    with alarmed(platform, standby):
        new = eventually(lambda: executions(platform, standby) - known, bool, within=STARTED_SECONDS)
        (started,) = new
        outcome = failover.ended(platform, standby, started)

    assert (outcome.status, outcome.error) == ("FAILED", "PeerIsHealthy")
    assert failover.control(platform, standby) == before
    assert failover.writer(platform) == platform.primary.name
