"""Route 53 and IAM can change nothing, and the platform is moved all the same, under load."""

from drill.measure import WITHOUT_LOSS
from drill.steps import (
    Scenario,
    control_planes_lost,
    control_planes_restored,
    counted,
    under_load,
    until_redirected,
    workflow,
)

SCENARIO = Scenario(
    name="control-planes-lost",
    title="A switchover while the control planes of Route 53 and IAM are lost",
    steps=(
        under_load(10),
        control_planes_lost(),
        workflow("switchover", reason="drill: nothing in us-east-1 can be changed"),
        until_redirected(),
        under_load(10),
        counted(),
        control_planes_restored(),
    ),
    judged=WITHOUT_LOSS,
)
