"""Terraform writes an item of a global table once, and never over what a failover wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule


def _is_shared(item: Resource) -> bool:
    """Whether the item is in a table that both regions write to, as far as can be told."""
    table = item.target("table_name")
    return not item.stack.planned and (table is None or bool(table.blocks("replica")))


def _item(**lifecycle: Any) -> dict[str, Any]:
    return {
        "aws_dynamodb_table": {"sessions": {"name": "sessions", "replica": [{"region_name": "us-west-2"}]}},
        "aws_dynamodb_table_item": {
            "control": {"table_name": "${aws_dynamodb_table.sessions.name}", "item": "{}", "lifecycle": lifecycle}
        },
    }


@rule(
    id="TAP_RECOVERY_ITEM_DRIFT",
    title="Terraform ignores the content of items in tables that both regions write to",
    risk="The regions' states are in such an item: the next apply after a failover would make the dead region active.",
    remediation='Add "item" to lifecycle.ignore_changes: Terraform writes it once, and the failover workflow owns it.',
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CP-10", "NIST-800-53:CM-3", "WA-REL:REL13-BP04"],
    judges=kind("aws_dynamodb_table_item", where=_is_shared),
    passes=[_item(ignore_changes=["item"]), _item(ignore_changes="all"), _item(ignore_changes=["item", "range_key"])],
    fails=[_item(), _item(ignore_changes=["hash_key"]), _item(ignore_changes=[])],
    mutations=[
        drop("lifecycle"),
        put("lifecycle.ignore_changes", []),
        put("lifecycle.ignore_changes", ["hash_key"]),
    ],
)
def recovery_item_drift(item: Resource) -> Iterator[str]:
    """An item whose table is not known counts as one of a shared table."""
    ignored = item.block("lifecycle").texts("ignore_changes")
    if "item" not in ignored and ignored != ("all",):
        yield f"lifecycle.ignore_changes lacks item: {', '.join(ignored) or 'nothing is ignored'}"
