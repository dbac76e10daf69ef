"""Judgements to report on: what real rules say of our deployment and of edits of it, and what others might write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from policies import rules
from policies.assessment import Told, assess, found
from policies.budgets import Sum, Term
from policies.judgement import Check, Judgement
from policies.model.deployment import Deployment, Resource
from policies.model.locations import Places
from policies.rule import Rule
from policies.waivers import Waiver

TODAY = date(2026, 11, 28)

RECOVERY = "TAP_TABLE_POINT_IN_TIME_RECOVERY"
INTERVAL = "TAP_HEALTH_CHECK_INTERVAL"
DEAD_LETTER = "CKV_AWS_116"
FUNCTIONS = 24
"""As many as we deploy, in both regions together: each has the finding that ``DEAD_LETTERS`` waives."""

DEAD_LETTERS = Waiver(DEAD_LETTER, "*", "Every function is invoked synchronously.", "platform", date(2027, 11, 30))
SLOW_CHECKS = Waiver(INTERVAL, "routing/health/*", "Asked every minute for now.", "payments", date(2026, 12, 5))

HOSTILE = (
    '</script><script>alert("1")</script> <img src=x onerror=alert(1)> ]]> \x1b[31m\x00 \u202egnp.exe ${var.x} \ud800'
)
"""Markup, a terminal's colour, a null, text that runs backwards, half a character."""

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
SETTLEMENT = Sum(
    "settlement", "RTO", 900, (Term("detection", 90, "health check"), Term("workflow", None, "no machine"))
)
"""Nothing states how long the workflow takes."""

SESSIONS = Sum("sessions", "RPO", 60, (Term("lag before the alarm", 75, "alarm"),), subject="global/sessions/table")
"""Over budget."""


def judgement(
    deployment: Deployment,
    *only: str,
    waivers: Sequence[Waiver] = (),
    problems: Sequence[str] = (),
    budgets: Sequence[Sum] = (INGEST,),
) -> Judgement:
    """What all rules say of a deployment, or ``only`` some; and a check of checkov's, which fails every function."""
    judged = assess(deployment, chosen(*only), waivers, TODAY, also=builtin(deployment))
    return replace(judged, problems=(*judged.problems, *problems), budgets=tuple(budgets))


def chosen(*ids: str) -> tuple[Rule, ...]:
    """Rules by their ids; all if there are none."""
    return tuple(rule for rule in rules.every() if not ids or rule.id in ids)


def builtin(deployment: Deployment) -> Told:
    """One of checkov's checks with its findings, as the gate tells them."""
    functions = deployment.resources("aws_lambda_function")
    title = "Ensure that AWS Lambda function is configured for a Dead Letter Queue(DLQ)"
    check = Check(
        id=DEAD_LETTER,
        title=title,
        family="checkov",
        severity="",
        controls=(),
        risk="",
        remediation="",
        guideline="https://docs.prismacloud.io/en/enterprise-edition/policy-reference/aws-policies",
        judged=len(functions),
        failed=len(functions),
        evidence=tuple(function.path for function in functions),
    )
    places = Places()
    return Told((check,), tuple(found(check, function, title, places) for function in functions))


def broken(ours: Deployment) -> Deployment:
    """Our deployment with a table without recovery in either region, and a health check that is slow."""
    (table,) = ours.resources("aws_dynamodb_table")
    check = slow_check(ours)
    body = {name: value for name, value in table.body.items() if name != "point_in_time_recovery"}
    replicas = [{**replica.body, "point_in_time_recovery": False} for replica in table.blocks("replica")]
    slow = {**check.body, "request_interval": 60}
    return ours.with_bodies({table.key: {**body, "replica": replicas}, check.key: slow})


def slow_check(ours: Deployment) -> Resource:
    """The health check that ``broken`` makes slow."""
    return next(check for check in ours.resources("aws_route53_health_check") if check.text("fqdn"))


def hostile(judged: Judgement) -> Judgement:
    """The same, with text in every place that others write which ought to do nothing but be shown."""
    findings = tuple(
        replace(
            one,
            check=replace(one.check, title=HOSTILE, risk=HOSTILE, remediation=HOSTILE, guideline="javascript:alert(1)"),
            stack=HOSTILE,
            address=HOSTILE,
            path=HOSTILE,
            file=HOSTILE,
            message=HOSTILE,
        )
        for one in judged.findings
    )
    checks = tuple(
        replace(check, title=HOSTILE, guideline="javascript:alert(1)", evidence=(HOSTILE,)) for check in judged.checks
    )
    waiver = replace(DEAD_LETTERS, reason=HOSTILE, owner=HOSTILE, resource=HOSTILE)
    term = Term(HOSTILE, 1, HOSTILE)
    return replace(
        judged,
        checks=checks,
        findings=(*findings, replace(findings[0], waiver=waiver)),
        waivers=((waiver, 1),),
        problems=(HOSTILE,),
        notes=(HOSTILE,),
        budgets=(Sum(HOSTILE, "RTO", 2, (term,), (term,), HOSTILE),),
    )
