"""The region is lost, and the workflow that recovers from it is killed half-way and started again."""

from drill.measure import AFTER_A_LOSS
from drill.steps import Scenario, comes_back, region_lost, under_load, until_redirected, workflow, workflow_killed

SCENARIO = Scenario(
    name="workflow-interrupted",
    title="The failover is killed at its promotion and started again",
    steps=(
        under_load(15),
        region_lost(),
        until_redirected(),
        workflow_killed("failover", at="FailOver", reason="drill: the region does not answer"),
        workflow("failover", reason="drill: again, because the first one was killed"),
        *comes_back(),
    ),
    judged=AFTER_A_LOSS,
)
