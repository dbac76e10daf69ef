"""The active region answers, and too late for anybody: a grey failure, which health must see."""

from drill.measure import KEPT, NO_FAILED_PAYMENT, NO_LOSS
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
    judged=(
        "ingest_rto",
        "settlement_rto",
        "ledger_rpo",
        "sessions_rpo",
        "receipts_rpo",
        NO_LOSS,
        NO_FAILED_PAYMENT,
        KEPT,
    ),
)
