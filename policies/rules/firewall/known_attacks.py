"""A web ACL refuses inputs that are known to be attacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.firewall._acls import ACL, in_rules, managed, without_rules

GROUP: Final = "AWSManagedRulesKnownBadInputsRuleSet"
"""https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html"""

_LOG4J: Final = "Log4JRCE"


def _acl(override: dict[str, Any] | None = None, **statement: Any) -> dict[str, Any]:
    group = {"vendor_name": "AWS", "name": GROUP, **statement}
    known = {
        "name": GROUP,
        "override_action": {"none": {}} if override is None else override,
        "statement": {"managed_rule_group_statement": group},
    }
    return {ACL: {"wall": {"rule": [known]}}}


def _only_counting(rule: dict[str, Any]) -> None:
    rule["override_action"] = {"count": {}}


def _without_log4j(rule: dict[str, Any]) -> None:
    counted = {"name": f"{_LOG4J}_BODY", "action_to_use": {"count": {}}}
    rule["statement"]["managed_rule_group_statement"]["rule_action_override"] = [counted]


def _for_some(rule: dict[str, Any]) -> None:
    rule["statement"]["managed_rule_group_statement"]["scope_down_statement"] = {"geo_match_statement": {}}


@rule(
    id="TAP_FIREWALL_KNOWN_ATTACKS",
    title="Every web ACL refuses inputs that are known to be attacks, Log4j's lookups among them",
    risk="Requests that exploit known holes, such as CVE-2021-44228, reach whatever reads them.",
    remediation=f"Add the managed rule group {GROUP} with override_action none, for all requests, and let its "
    f"{_LOG4J} rules block.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:6.4.2", "NIST-800-53:SI-3", "NIST-800-53:SI-10", "WA-REL:REL05-BP02"],
    judges=kind(ACL),
    passes=[
        _acl(),
        _acl(rule_action_override=[{"name": "Host_localhost_HEADER", "action_to_use": {"count": {}}}]),
        _acl(rule_action_override=[{"name": f"{_LOG4J}_BODY", "action_to_use": {"block": {}}}]),
    ],
    fails=[
        {ACL: {"wall": {"rule": []}}},
        _acl(override={"count": {}}),
        _acl(name="AWSManagedRulesCommonRuleSet"),
        _acl(vendor_name="Somebody"),
        _acl(rule_action_override=[{"name": f"{_LOG4J}_HEADER", "action_to_use": {"count": {}}}]),
        _acl(excluded_rule=[{"name": _LOG4J}]),
        _acl(scope_down_statement={"geo_match_statement": {"country_codes": ["US"]}}),
    ],
    mutations=[
        edit("without the rule group", without_rules(GROUP)),
        edit("it counts and does not block", in_rules(GROUP, _only_counting)),
        edit("Log4j is only counted", in_rules(GROUP, _without_log4j)),
        edit("for some requests only", in_rules(GROUP, _for_some)),
    ],
)
def firewall_known_attacks(acl: Resource) -> Iterator[str]:
    """The group must be there, block, and leave none of its rules on Log4j out."""
    groups = [
        one
        for one in acl.blocks("rule")
        if managed(one).text("name") == GROUP and managed(one).text("vendor_name") == "AWS"
    ]
    if not groups:
        yield f"it has no rule with AWS's group {GROUP}"
    for one in groups:
        yield from _faults(one)


def _faults(rule: Block) -> Iterator[str]:
    name, group = rule.get("name"), managed(rule)
    if "none" not in rule.block("override_action"):
        yield f"rule {name} overrides the group's actions: {rule.get('override_action')}"
    if "scope_down_statement" in group:
        yield f"rule {name} looks at some requests only: it has a scope_down_statement"
    for excluded in group.blocks("excluded_rule"):
        if (excluded.text("name") or _LOG4J).startswith(_LOG4J):
            yield f"rule {name} excludes {excluded.get('name')}"
    for override in group.blocks("rule_action_override"):
        of_log4j = (override.text("name") or _LOG4J).startswith(_LOG4J)
        if of_log4j and "block" not in override.block("action_to_use"):
            yield f"rule {name} lets {override.get('name')} do {override.get('action_to_use')} instead of block"
