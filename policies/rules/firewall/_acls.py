"""Web ACLs and their rules, for rules and their examples."""

from __future__ import annotations

from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block

ACL: Final = "aws_wafv2_web_acl"
ASSOCIATION: Final = "aws_wafv2_web_acl_association"
LOGGING: Final = "aws_wafv2_web_acl_logging_configuration"


def blocks_requests(rule: Block) -> bool:
    """Whether a rule of an ACL refuses what it matches."""
    return "block" in rule.block("action")


def managed(rule: Block) -> Block:
    """The rule group of AWS's that a rule uses, or an empty block."""
    return rule.block("statement").block("managed_rule_group_statement")


def rate(rule: Block) -> Block:
    """The rate that a rule holds senders to, or an empty block."""
    return rule.block("statement").block("rate_based_statement")


def without_rules(title: str) -> Any:
    """For mutations: an ACL without the rules whose name begins with ``title``."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        rules = body.get("rule")
        body["rule"] = [rule for rule in rules if not rule["name"].startswith(title)] if rules else rules
        return bool(body["rule"] != rules)

    return change


def in_rules(title: str, change: Any) -> Any:
    """For mutations: ``change`` made to each rule whose name begins with ``title``."""

    def edit(body: dict[str, Any], _: Resource) -> bool:
        chosen = [rule for rule in body.get("rule", []) if rule["name"].startswith(title)]
        for rule in chosen:
            change(rule)
        return bool(chosen)

    return edit
