"""The other region takes over as planned, under load: nothing is lost, and no payment fails."""

from drill.measure import KEPT, NO_FAILED_PAYMENT, NO_LOSS
from drill.steps import Scenario, counted, under_load, until_redirected, workflow

STEPS = (
    under_load(15),
    workflow("switchover", reason="drill: planned"),
    until_redirected(),
    under_load(10),
    counted(),
)
JUDGED = (
    "ingest_rto",
    "settlement_rto",
    "ledger_rpo",
    "sessions_rpo",
    "receipts_rpo",
    NO_LOSS,
    NO_FAILED_PAYMENT,
    KEPT,
)
SCENARIO = Scenario(
    name="planned-switchover",
    title="A planned switchover under load",
    steps=STEPS,
    judged=JUDGED,
    in_an_account=True,
)
