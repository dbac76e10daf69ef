"""The active region answers, and too late for anybody: a grey failure, which health must see."""

from drill.measure import WITHOUT_LOSS
from drill.steps import Scenario, comes_back, region_slow, under_load, until_redirected, workflow

SCENARIO = Scenario(
    name="slow-primary",
    title="The active region is slow",
    steps=(
        under_load(15),
        region_slow(8),
        until_redirected(),
        workflow("failover", reason="drill: the region is slow"),
        *comes_back(),
    ),
    judged=WITHOUT_LOSS,
)
