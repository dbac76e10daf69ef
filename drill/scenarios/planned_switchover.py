"""The other region takes over as planned, under load: nothing is lost, and no payment fails."""

from drill.measure import WITHOUT_LOSS
from drill.steps import Scenario, counted, under_load, until_redirected, workflow

STEPS = (
    under_load(15),
    workflow("switchover", reason="drill: planned"),
    until_redirected(),
    under_load(10),
    counted(),
)
SCENARIO = Scenario(
    name="planned-switchover",
    title="A planned switchover under load",
    steps=STEPS,
    judged=WITHOUT_LOSS,
    in_an_account=True,
)
