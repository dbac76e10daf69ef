"""Logs are kept for a time that somebody has chosen."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule


@rule(
    id="TAP_LOG_RETENTION",
    title="Log groups have a retention",
    risk="Without one, logs are kept and paid for without end, and longer than personal data in them may be kept.",
    remediation="Set retention_in_days to what the audit asks for (PCI DSS: 365).",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:10.5.1", "NIST-800-53:AU-11", "WA-REL:REL06-BP05"],
    judges=kind("aws_cloudwatch_log_group"),
    passes=[{"aws_cloudwatch_log_group": {"year": {"retention_in_days": 365}}}],
    fails=[
        {"aws_cloudwatch_log_group": {"silent": {"name": "/aws/lambda/webhook"}}},
        {"aws_cloudwatch_log_group": {"endless": {"retention_in_days": 0}}},
        {"aws_cloudwatch_log_group": {"unknown": {"retention_in_days": "${var.days}"}}},
    ],
    mutations=[
        drop("retention_in_days"),
        put("retention_in_days", 0),
        put("retention_in_days", "${var.days}"),
    ],
)
def log_retention(group: Resource) -> Iterator[str]:
    """0 and nothing both mean for ever."""
    days = group.number("retention_in_days")
    if days is None or days <= 0:
        yield f"retention_in_days is {group.get('retention_in_days')}: the logs are kept for ever, or nobody knows"
