"""AWS takes every name as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.rule import Severity, kind, rule
from policies.rules.names._names import UNKNOWN, Name, bears_a_name, names
from policies.rules.names._renaming import rename
from policies.rules.names._table import TABLE


def _longer(text: str, resource: Resource) -> str:
    """The name with a middle that makes it one character too long."""
    named = TABLE.get(resource.type)
    if named is not None and named.is_dns:
        return f"{'x' * 64}.{text}"
    longest = 256 if named is None else named.longest
    head, hyphen, tail = text.partition("-")
    return f"{head}{hyphen}{'x' * (longest + 1 - len(text))}{tail}"


def _foreign(text: str, resource: Resource) -> str | bool:
    """A control character, which nothing allows."""
    named = TABLE.get(resource.type)
    return f"{text[:1]}\x07{text[1:]}" if named is None or named.longest else False


@rule(
    id="TAP_NAME_LIMITS",
    title="Names have the length and the characters that AWS allows for what they name",
    risk="The apply stops halfway, or somebody truncates names until two of them are the same.",
    remediation="Shorten the parts before the region, or allow shorter environments; never truncate the whole.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:2.2.1", "NIST-800-53:CM-6", "WA-REL:REL01-BP03"],
    judges=kind("*", where=bears_a_name),
    passes=[
        {
            "aws_lb": {"ingress": {"name": "tap-ingress-usw2-thirteen0chars"}},
            "aws_s3_bucket": {"receipts": {"bucket": "tap-receipts-000000000000-use1-dev"}},
            "aws_sqs_queue": {"ordered": {"name": "tap-ordered-use1-dev.fifo"}},
            "aws_kms_alias": {"platform": {"name": "alias/tap-platform-use1-dev"}},
            "aws_ssm_parameter": {"deep": {"name": "/tap/settings/limits-use1-dev"}},
            "aws_cloudwatch_log_group": {
                "execution": {"name": "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.main.id}/tap-use1-dev"},
            },
            "aws_api_gateway_rest_api": {"main": {"name": "tap-payments-use1-dev"}},
            "aws_acm_certificate": {"any": {"domain_name": "*.dev.tap.example"}},
            "aws_vpc": {"main": {"tags": {"Name": "tap-vpc-use1-dev"}}},
        }
    ],
    fails=[
        {"aws_lb": {"long": {"name": "tap-ingress-with-a-long-name-use1-dev"}}},
        {"aws_lb": {"internal": {"name": "internal-tap-use1-dev"}}},
        {"aws_s3_bucket": {"capital": {"bucket": "TAP-receipts-000000000000-use1-dev"}}},
        {"aws_s3_bucket": {"short": {"bucket": "ab"}}},
        {"aws_sqs_queue": {"dotted": {"name": "tap.payments-use1-dev"}}},
        {"aws_backup_vault": {"long": {"name": "tap-" + "x" * 40 + "-use1-dev"}}},
        {"aws_kms_alias": {"bare": {"name": "tap-platform-use1-dev"}}},
        {"aws_kms_alias": {"reserved": {"name": "alias/aws/tap-use1-dev"}}},
        {"aws_rds_cluster": {"doubled": {"cluster_identifier": "tap--ledger-use1-dev"}}},
        {"aws_cloudwatch_event_archive": {"long": {"name": "tap-" + "x" * 40 + "-use1-dev"}}},
        {"aws_sqs_queue": {"unknown": {"name": "tap-${var.name}-use1-dev"}}},
        {"aws_acm_certificate": {"label": {"domain_name": "x" * 64 + ".dev.tap.example"}}},
        {"aws_vpc": {"tag": {"tags": {"Name": "x" * 257}}}},
    ],
    mutations=[
        rename("one character, or label, too long", _longer),
        rename("a character that nothing allows", _foreign),
        rename("empty", lambda _text, resource: "" if resource.type in TABLE else False),
    ],
)
def name_limits(resource: Resource) -> Iterator[str]:
    """Length and characters of the whole name, known as far as people choose it."""
    for name in names(resource):
        if UNKNOWN in name.own and not name.own.startswith(f"{UNKNOWN}."):
            yield f"{name.shown} holds something that only Terraform can tell, so nobody knows its length"
        elif name.described.longest:
            yield from _faults(name)


def _faults(name: Name) -> Iterator[str]:
    # What AWS makes up itself is right; for the pattern it is a letter.
    text, described = name.text.replace(UNKNOWN, "x"), name.described
    if not described.shortest <= len(text) <= described.longest:
        allowed = f"{described.shortest} to {described.longest}"
        yield f"{name.shown} has {len(text)} characters; AWS allows {allowed}: {described.page}"
    if text and not re.fullmatch(described.characters.pattern, text, re.ASCII | re.DOTALL):
        yield f"{name.shown} is not what AWS allows, {described.characters.words}: {described.page}"
