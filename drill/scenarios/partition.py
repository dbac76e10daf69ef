"""Nothing passes between the regions, both live, and the standby is promoted: an attempt at a split brain."""

from drill.measure import WITHOUT_LOSS
from drill.steps import Scenario, comes_back, region_cut_off, under_load, until_redirected, workflow

SCENARIO = Scenario(
    name="partition",
    title="A partition with both sides alive",
    steps=(
        under_load(15),
        region_cut_off(),
        workflow("failover", reason="drill: the region cannot be reached from here"),
        until_redirected(),
        *comes_back(),
    ),
    judged=WITHOUT_LOSS,
)
