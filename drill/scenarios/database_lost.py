"""Functions and queue of the active region run on, but its ledger is gone: a grey failure that health must see."""

from drill.measure import WITHOUT_LOSS
from drill.steps import Scenario, comes_back, database_lost, under_load, until_redirected, workflow

SCENARIO = Scenario(
    name="database-lost",
    title="The active region's database is lost, all else runs on",
    steps=(
        under_load(15),
        database_lost(),
        until_redirected(),
        workflow("failover", reason="drill: the ledger does not answer"),
        *comes_back(),
    ),
    # Table, bucket and replication live: nothing that was accepted may be lost.
    judged=WITHOUT_LOSS,
)
