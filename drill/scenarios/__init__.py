"""One scenario a file; each module's ``SCENARIO`` is what it does, and what must hold."""

from __future__ import annotations

from drill.scenarios import (
    control_planes_lost,
    database_lost,
    failback,
    functions_failing,
    loss_during_failback,
    partition,
    planned_switchover,
    region_lost,
    slow_primary,
    standby_broken,
    workflow_interrupted,
)
from drill.steps import Scenario

DEFAULT = region_lost.SCENARIO
SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        region_lost,
        database_lost,
        planned_switchover,
        failback,
        functions_failing,
        standby_broken,
        control_planes_lost,
        partition,
        slow_primary,
        loss_during_failback,
        workflow_interrupted,
    )
}
