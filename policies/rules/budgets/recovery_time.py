"""Payments flow and are settled again within the recovery time that was promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.budgets import RECOVERS_IN_TIME, is_failover_workflow, is_primary_record, sums_of
from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule


def _takes_time(resource: Resource) -> bool:
    return is_primary_record(resource) or is_failover_workflow(resource)


def _primaries(resource: Resource) -> list[Resource]:
    return [record for record in resource.deployment.resources("aws_route53_record") if is_primary_record(record)]


def _decides(check: Resource) -> list[Resource]:
    """The PRIMARY records whose check it is, or is a child of."""
    parents = check.users("aws_route53_health_check")
    users = {record.key: record for each in (check, *parents) for record in each.users("aws_route53_record")}
    return [record for record in users.values() if is_primary_record(record)]


def _slow_caches(body: dict[str, Any], _: Resource) -> bool:
    environment = body.get("environment")
    variables = environment.get("variables", {}) if isinstance(environment, dict) else {}
    cached = [name for name in variables if name.endswith("_CACHE_SECONDS")]
    variables.update(dict.fromkeys(cached, "600"))
    return bool(cached)


def _record(**body: Any) -> dict[str, Any]:
    return {
        "type": "A",
        "failover_routing_policy": {"type": "PRIMARY"},
        "health_check_id": "${aws_route53_health_check.both.id}",
        "alias": {"name": "${aws_lb.home.dns_name}", "zone_id": "Z1", "evaluate_target_health": False},
        **body,
    }


def _checks(**live: Any) -> dict[str, Any]:
    return {
        "both": {"type": "CALCULATED", "child_healthchecks": ["${aws_route53_health_check.live.id}"]},
        "live": {"type": "HTTPS", "request_interval": 30, "failure_threshold": 3, **live},
    }


_WORKFLOW = '{{{}"States": {{"Promote": {{"Resource": "arn:aws:states:::aws-sdk:rds:failoverGlobalCluster"}}}}}}'


@rule(
    id="TAP_BUDGET_RECOVERY_TIME",
    title="Detection, caches, DNS and the failover workflow add up to no more than the recovery time that was promised",
    risk="Each part looks harmless alone; together they keep payments out for longer than was promised.",
    remediation="Shorten the longest term of the sum, or agree on a longer recovery time and publish it as the budget.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.10.1", "NIST-800-53:CP-10(4)", "NIST-800-53:CP-2(3)", "WA-REL:REL13-BP01"],
    judges=kind(*RECOVERS_IN_TIME, where=_takes_time),
    passes=[
        {"aws_route53_record": {"home": _record()}, "aws_route53_health_check": _checks()},
        {
            "aws_route53_record": {"home": _record(alias=None, ttl=120)},
            "aws_route53_health_check": _checks(request_interval=10),
        },
        {"aws_sfn_state_machine": {"failover": {"definition": _WORKFLOW.format('"TimeoutSeconds": 600, ')}}},
    ],
    fails=[
        {"aws_route53_record": {"home": _record()}, "aws_route53_health_check": _checks(failure_threshold=10)},
        {"aws_route53_record": {"home": _record()}, "aws_route53_health_check": _checks(type="${var.type}")},
        {"aws_route53_record": {"home": _record(health_check_id=None)}},
        {
            "aws_route53_record": {"home": _record(alias=None, ttl=300)},
            "aws_route53_health_check": _checks(),
        },
        {
            "aws_route53_record": {"home": _record()},
            "aws_route53_health_check": _checks(),
            "output": {"recovery_budgets": {"value": {"ingest_rto": 120}}},
        },
        {"aws_sfn_state_machine": {"failover": {"definition": _WORKFLOW.format('"TimeoutSeconds": 901, ')}}},
        {"aws_sfn_state_machine": {"endless": {"definition": _WORKFLOW.format("")}}},
    ],
    mutations=[
        put(
            "failure_threshold",
            10,
            "aws_route53_health_check",
            where=lambda check: "failure_threshold" in check and bool(_decides(check)),
            seen_on=_decides,
        ),
        put(
            "child_healthchecks",
            ["${var.others}"],
            "aws_route53_health_check",
            where=lambda check: "child_healthchecks" in check and bool(_decides(check)),
            seen_on=_decides,
        ),
        edit("what functions cache, for 600 s", _slow_caches, "aws_lambda_function", seen_on=_primaries),
        drop("health_check_id"),
        edit(
            "a record of 600 s instead of an alias",
            lambda body, _: body.update(alias=None, ttl=600),
            "aws_route53_record",
            where=is_primary_record,
        ),
    ],
)
def recovery_time(resource: Resource) -> Iterator[str]:
    """What any part of the sum leaves open is no promise, and fails like a sum that is too large."""
    for found in sums_of(resource):
        if not found.within_budget:
            yield str(found)
