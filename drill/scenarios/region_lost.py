"""The active region is gone under load; the other one is promoted; later the lost one comes back and rejoins."""

from drill.measure import AFTER_A_LOSS
from drill.steps import Scenario, comes_back, region_lost, under_load, until_redirected, workflow

SCENARIO = Scenario(
    name="region-lost",
    title="The active region is lost under load",
    steps=(
        under_load(15),
        region_lost(),
        until_redirected(),
        workflow("failover", reason="drill: the region does not answer"),
        *comes_back(),
    ),
    judged=AFTER_A_LOSS,
)
