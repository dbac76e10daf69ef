"""Nothing of the active region's code runs, while its database, tables and queues go on: a bad release, for one."""

from drill.measure import WITHOUT_LOSS
from drill.steps import Scenario, comes_back, functions_failing, under_load, until_redirected, workflow

SCENARIO = Scenario(
    name="functions-failing",
    title="The active region's functions fail, its database is fine",
    steps=(
        under_load(15),
        functions_failing(),
        until_redirected(),
        workflow("failover", reason="drill: no function of the region works"),
        *comes_back(),
    ),
    # Table, bucket and ledger live: nothing that was accepted may be lost.
    judged=WITHOUT_LOSS,
)
