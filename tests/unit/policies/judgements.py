"""Judgements to report on: real verdicts on real deployments, in the form that the gate hands to reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from policies import rules
from policies.budgets import Sum, Term
from policies.judge import Finding, judge
from policies.judgement import Check, Found, Judgement
from policies.model.deployment import Deployment
from policies.model.locations import lines
from policies.rule import Rule
from policies.waivers import Waiver

TODAY = date(2026, 11, 28)

BUILTIN = Check(
    id="CKV_AWS_116",
    title="Ensure that AWS Lambda function is configured for a Dead Letter Queue(DLQ)",
    family="checkov",
    severity="",
    controls=(),
    risk="",
    remediation="",
    guideline="https://docs.prismacloud.io/en/enterprise-edition/policy-reference/aws-policies",
    judged=0,
    failed=0,
)

INGEST = Sum(
    "ingest",
    "RTO",
    300,
    (
        Term("detection", 90, "aws_route53_health_check: request_interval × failure_threshold"),
        Term("resolvers ask again", 60, "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"),
        Term("cached state", 5, "CONTROL_CACHE_SECONDS"),
    ),
    (Term("a person decides", 600, "not in the configuration"),),
)
FAILOVER = Sum(
    "settlement", "RTO", 900, (Term("detection", 90, "health check"), Term("the workflow", None, "no state machine"))
)
"""Nothing states how long the workflow takes."""
SESSIONS = Sum("sessions", "RPO", 60, (Term("replication lag before the alarm", 61.5, "alarm on ReplicationLatency"),))


def judgement(
    deployment: Deployment,
    *,
    waivers: Sequence[Waiver] = (),
    problems: Sequence[str] = (),
    budgets: Sequence[Sum] = (INGEST,),
    notes: Sequence[str] = (),
    chosen: Sequence[Rule] = (),
) -> Judgement:
    """What all rules say of a deployment; the built-in check stands for those of checkov, and fails every function."""
    verdict = judge(deployment, chosen or rules.every())
    checks = {}
    for rule in verdict.rules:
        checks[rule.id] = Check(
            id=rule.id,
            title=rule.title,
            family=rule.family,
            severity=rule.severity.value,
            controls=rule.controls,
            risk=rule.risk,
            remediation=rule.remediation,
            guideline="",
            judged=len(verdict.judged[rule.id]),
            failed=sum(map(bool, verdict.answers[rule.id].values())),
            evidence=tuple(resource.path for resource in verdict.judged[rule.id]),
        )
    findings = [_found(checks[finding.rule.id], finding, waivers) for finding in verdict.findings]
    if any(waiver.rule == BUILTIN.id for waiver in waivers):
        functions = deployment.resources("aws_lambda_function")
        paths = tuple(function.path for function in functions)
        builtin = replace(BUILTIN, judged=len(functions), failed=len(functions), evidence=paths)
        checks[BUILTIN.id] = builtin
        findings += [
            _found(builtin, Finding(verdict.rules[0], function, BUILTIN.title), waivers) for function in functions
        ]
    used = tuple((waiver, sum(found.waiver == waiver for found in findings)) for waiver in waivers)
    return Judgement(
        deployment=deployment,
        checks=tuple(checks.values()),
        findings=tuple(findings),
        waivers=used,
        problems=(*verdict.problems, *problems),
        budgets=tuple(budgets),
        on=TODAY,
        notes=tuple(notes),
    )


def _found(check: Check, finding: Finding, waivers: Sequence[Waiver]) -> Found:
    resource = finding.resource
    file = resource.stack.files[0] if resource.stack.files else Path()
    return Found(
        check=check,
        stack=resource.stack.name,
        address=resource.address,
        path=resource.path,
        file=file.relative_to(resource.deployment.folder).as_posix(),
        lines=lines(file, (resource.mode, resource.type, resource.name)),
        source=resource.source,
        message=finding.message,
        waiver=next((waiver for waiver in waivers if waiver.covers(check.id, resource.path)), None),
    )


DEAD_LETTERS = Waiver("CKV_AWS_116", "*", "Every function is invoked synchronously.", "platform", date(2027, 11, 30))
"""Covers what the built-in check finds."""


def broken(ours: Deployment) -> Deployment:
    """Our deployment with a table without recovery in either region, and a health check that is slow."""
    (table,) = ours.resources("aws_dynamodb_table")
    check = next(check for check in ours.resources("aws_route53_health_check") if check.text("fqdn"))
    body = {name: value for name, value in table.body.items() if name != "point_in_time_recovery"}
    replicas = [{**replica.body, "point_in_time_recovery": False} for replica in table.blocks("replica")]
    slow = {**check.body, "request_interval": 60}
    return ours.with_bodies({table.key: {**body, "replica": replicas}, check.key: slow})
