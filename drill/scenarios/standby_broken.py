"""The standby's own ledger is down: a promotion must be refused, and payments go on where they are."""

from drill.measure import NO_FAILED_PAYMENT, NO_LOSS, REFUSED
from drill.steps import NEW, Scenario, database_lost, healthy, region_restored, under_load, workflow

SCENARIO = Scenario(
    name="standby-broken",
    title="A promotion of a broken standby is refused",
    steps=(
        under_load(5),
        database_lost(NEW),
        workflow("switchover", reason="drill: nobody has looked at the standby", refused=True),
        under_load(5),
        region_restored(NEW),
        healthy(NEW),
    ),
    judged=("ingest_rto", f"{REFUSED} StandbyIsBroken", NO_LOSS, NO_FAILED_PAYMENT),
)
