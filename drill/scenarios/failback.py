"""Back to the region that was deployed as the primary one, under load: the switchover, run the other way."""

from drill.measure import WITHOUT_LOSS
from drill.scenarios.planned_switchover import STEPS
from drill.steps import Scenario

SCENARIO = Scenario(
    name="failback",
    title="Failback to the primary region under load",
    steps=STEPS,
    judged=WITHOUT_LOSS,
    begins_in="standby",
    in_an_account=True,
)
