"""Which payments each store holds in a region: the ledger, the sessions table and the receipts."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from pg8000.native import Connection

from drill.deployed import Deployed
from drill.records import Settled

_READ_AT_ONCE: Final = 100
"""Keys in one BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""


class Ledger(Protocol):
    """The ledger, in whichever way it can be read."""

    def settled(self, region: str, ids: Sequence[str]) -> list[Settled]:
        """Those of the payments that it holds, as a region sees it."""

    def conflicts(self, region: str, run: str) -> int:
        """Payments of a run that came a second time with another content."""


class Database:
    """The ledger itself, which the embedded AWS has at an address of this machine."""

    def __init__(self, deployed: Deployed) -> None:
        """Read the credentials now: later their region may be gone."""
        self._deployed = deployed
        region = deployed.primary
        secret = deployed.client("secretsmanager", region).get_secret_value(
            SecretId=deployed.shared["database_secret_arns"][region]
        )
        self._credentials: dict[str, str] = json.loads(secret["SecretString"])

    def settled(self, region: str, ids: Sequence[str]) -> list[Settled]:
        """As the region's reader endpoint shows it."""
        found = self._run(
            region,
            "SELECT payment_id, region, epoch, settled_at FROM ledger.payments"
            " WHERE payment_id = ANY(CAST(:ids AS text[]))",
            ids=list(ids),
        )
        return [Settled(id_, where, int(epoch), at.timestamp()) for id_, where, epoch, at in found]

    def conflicts(self, region: str, run: str) -> int:
        """From the ledger's own table of them."""
        ((found,),) = self._run(
            region, "SELECT count(*) FROM ledger.conflicts WHERE payment_id LIKE :run || '-%'", run=run
        )
        return int(found)

    def _run(self, region: str, statement: str, **values: Any) -> list[list[Any]]:
        with Connection(
            self._credentials["username"],
            host=self._deployed.output(region, "reader_endpoint"),
            port=self._deployed.output(region, "database_port"),
            database="ledger",
            password=self._credentials["password"],
            ssl_context=ssl.create_default_context(cafile=str(self._deployed.trust_bundle)),
            timeout=10,
        ) as connection:
            return list(connection.run(statement, **values) or [])


class Table:
    """In an account nobody outside the VPC reaches the ledger: what the table says about it stands for it."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def settled(self, region: str, ids: Sequence[str]) -> list[Settled]:
        """The payments that settlement has closed."""
        return [
            Settled(
                item["payment_id"]["S"],
                item["region"]["S"],
                int(item["epoch"]["N"]),
                datetime.fromisoformat(item["closed_at"]["S"]).timestamp(),
            )
            for item in items(self._deployed, region, ids)
            if item["status"]["S"] == "settled"
        ]

    def conflicts(self, region: str, run: str) -> int:
        """Cannot be told apart here; the alarm on conflicts tells."""
        del region, run
        return 0


def ledger(deployed: Deployed) -> Ledger:
    """The ledger as this target lets one read it."""
    return Database(deployed) if deployed.embedded else Table(deployed)


def items(deployed: Deployed, region: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The payments in a region's table."""
    client, table = deployed.client("dynamodb", region), deployed.shared["sessions_table"]
    found: list[dict[str, Any]] = []
    for first in range(0, len(ids), _READ_AT_ONCE):
        keys = [{"pk": {"S": f"payment#{id_}"}} for id_ in ids[first : first + _READ_AT_ONCE]]
        wanted: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
        while wanted:
            answer = client.batch_get_item(RequestItems=wanted)
            found += answer["Responses"].get(table, [])
            wanted = answer.get("UnprocessedKeys", {})
    return found


def receipts(deployed: Deployed, region: str, run: str) -> Counter[str]:
    """How many receipts a region's bucket holds for each payment of a run."""
    bucket = deployed.shared["receipts_buckets"][region]
    pages = deployed.client("s3", region).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="payments/")
    names = (
        each["Key"].rpartition("/")[2].removesuffix(".json") for page in pages for each in page.get("Contents", [])
    )
    return Counter(name for name in names if name.startswith(f"{run}-"))
