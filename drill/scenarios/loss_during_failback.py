"""The region that is to be active again is lost while it takes over; the one that has let go takes over again."""

from drill.measure import AFTER_A_LOSS
from drill.steps import (
    NEW,
    OLD,
    Scenario,
    comes_back,
    region_lost,
    under_load,
    until_redirected,
    workflow,
    workflow_begun,
)

SCENARIO = Scenario(
    name="loss-during-failback",
    title="The region that is failed back to is lost half-way",
    steps=(
        under_load(15),
        workflow_begun("switchover", until_it_enters="BeforeNextLook", reason="drill: back to where it was"),
        region_lost(NEW),
        until_redirected(OLD),
        workflow("failover", in_region=OLD, reason="drill: the region is lost once more"),
        *comes_back(NEW),
    ),
    judged=AFTER_A_LOSS,
    begins_in="standby",
)
