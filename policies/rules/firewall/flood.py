"""A web ACL holds every address to a rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.firewall._acls import ACL, blocks_requests, in_rules, rate

_ADDRESSES: Final = frozenset({"IP", "FORWARDED_IP"})
_PER_MINUTE_AT_MOST: Final = 1_000_000
"""More from one address in a minute is no sender, whatever it sends."""

_DEFAULT_WINDOW: Final = 300
"""https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html"""


def _acl(action: str = "block", **statement: Any) -> dict[str, Any]:
    limited = {"limit": 2000, "aggregate_key_type": "IP", **statement}
    flood = {"name": "flood", "action": {action: {}}, "statement": {"rate_based_statement": limited}}
    return {ACL: {"wall": {"rule": [flood]}}}


def _is_rate(rule: dict[str, Any]) -> bool:
    return "rate_based_statement" in rule["statement"]


def _rates(change: Any) -> Any:
    """For mutations: ``change`` made to each rule with a rate."""
    return in_rules("", lambda rule: change(rule) if _is_rate(rule) else None)


def _statement(**values: Any) -> Any:
    return _rates(lambda rule: rule["statement"]["rate_based_statement"].update(values))


def _without_rates(body: dict[str, Any], _: Resource) -> bool:
    body["rule"] = [rule for rule in body.get("rule", []) if not _is_rate(rule)]
    return True


@rule(
    id="TAP_FIREWALL_FLOOD",
    title="Every web ACL holds each address to a rate, whatever it sends",
    risk="A single sender uses up what the region can take, and the requests of all others are refused.",
    remediation='Add a rule with rate_based_statement, aggregate_key_type "IP", without scope_down_statement, that '
    "blocks.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:6.4.2", "NIST-800-53:SC-5", "WA-REL:REL05-BP02"],
    judges=kind(ACL),
    passes=[_acl(), _acl(limit=600_000, evaluation_window_sec=60), _acl(aggregate_key_type=None)],
    fails=[
        {ACL: {"wall": {}}},
        _acl(action="count"),
        _acl(scope_down_statement={"geo_match_statement": {"country_codes": ["US"]}}),
        _acl(aggregate_key_type="CUSTOM_KEYS"),
        _acl(limit="${var.limit}"),
        _acl(limit=2_000_000_000),
        _acl(limit=2_000_000, evaluation_window_sec=60),
    ],
    mutations=[
        edit("without a rate", _without_rates),
        edit("they count and do not block", _rates(lambda rule: rule.update(action={"count": {}}))),
        edit("for some requests only", _statement(scope_down_statement={"geo_match_statement": {}})),
        edit("a rate that nobody reaches", _statement(limit=2_000_000_000)),
    ],
)
def firewall_flood(acl: Resource) -> Iterator[str]:
    """One rule is enough that blocks, has no scope, counts by address, and has a limit that can be reached."""
    if not any(_holds(rule) for rule in acl.blocks("rule")):
        yield (
            "none of its rules blocks what comes from one address beyond a rate of "
            f"{_PER_MINUTE_AT_MOST} requests a minute or less"
        )


def _holds(rule: Block) -> bool:
    statement = rate(rule)
    limit = statement.number("limit")
    window = statement.number("evaluation_window_sec") if "evaluation_window_sec" in statement else _DEFAULT_WINDOW
    by_address = "aggregate_key_type" not in statement or statement.text("aggregate_key_type") in _ADDRESSES
    return (
        blocks_requests(rule)
        and by_address
        and "scope_down_statement" not in statement
        and limit is not None
        and bool(window)
        and limit * 60 <= _PER_MINUTE_AT_MOST * (window or 0)
    )
