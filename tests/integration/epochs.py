"""A failover as the ledger and the control item see it: an epoch begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pg8000.native import Connection

from tests.integration import settlement
from tests.integration.platform import Platform, eventually
from tests.integration.states import CONTROL, control_item

REPLICATION_SECONDS = 60


def master(platform: Platform) -> Connection:
    """The ledger, as the user that made its tables."""
    return settlement.connection(platform, platform.primary.outputs["writer_endpoint"], "master_secret_arns")


@contextmanager
def next_epoch(platform: Platform) -> Iterator[int]:
    """A new epoch, of this number, while the block runs; then the old one, and what was settled meanwhile is its."""
    held = int(control_item(platform, platform.primary)["epoch"]["N"])
    table, dynamodb = platform.shared["sessions_table"], platform.client("dynamodb", platform.primary)

    def declare(epoch: int) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=CONTROL,
            UpdateExpression="SET epoch = :epoch",
            ExpressionAttributeValues={":epoch": {"N": str(epoch)}},
        )

    with master(platform) as ledger:
        ledger.run(
            "INSERT INTO ledger.epochs (epoch, region) VALUES (:next, :region)",
            next=held + 1,
            region=platform.primary.name,
        )
        ledger.run("UPDATE ledger.current_epoch SET epoch = :next", next=held + 1)
        declare(held + 1)
        try:
            yield held + 1
        finally:
            ledger.run("UPDATE ledger.current_epoch SET epoch = :held", held=held)
            declare(held)
            for table_name in ("payments", "conflicts"):
                ledger.run(f"UPDATE ledger.{table_name} SET epoch = :held WHERE epoch > :held", held=held)  # noqa: S608
            ledger.run("DELETE FROM ledger.epochs WHERE epoch > :held", held=held)
            for each in platform.regions.values():
                progress = {"pk": {"S": f"comparison#{each.name}"}}
                platform.client("dynamodb", each).delete_item(TableName=table, Key=progress)
                eventually(
                    lambda each=each: control_item(platform, each)["epoch"],  # type: ignore[misc]
                    lambda seen: seen == {"N": str(held)},
                    within=REPLICATION_SECONDS,
                )
