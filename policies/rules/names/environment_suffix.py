"""Every name says which environment it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.rule import Severity, kind, rule
from policies.rules.names._names import JOINTS, UNKNOWN, Name, bears_a_name, described, environment, labels, names
from policies.rules.names._renaming import Renaming, rename


def _replaced(by: str) -> Renaming:
    """The name with something else where the environment is; a record gets it back from its zone."""

    def renaming(text: str, resource: Resource) -> str | bool:
        suffix = environment(resource) or ""
        if resource.type == "aws_route53_record":
            return False
        return re.sub(rf"(?<![a-z0-9]){re.escape(suffix)}(?![a-z0-9])", by.format(suffix), text)

    return renaming


def _first(text: str, resource: Resource) -> str | bool:
    named = described(resource)
    return not (named and named.is_dns) and f"{environment(resource)}-{_replaced('x')(text, resource)}"


@rule(
    id="TAP_NAME_ENVIRONMENT",
    title="Names end with the environment, in full",
    risk="Two environments in one account collide, or somebody changes the wrong one because its name does not tell.",
    remediation="End the name with the Environment of the provider's default tags; shorten other parts to make room.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:6.5.3", "NIST-800-53:CM-8", "WA-REL:REL08-BP05"],
    judges=kind("*", where=bears_a_name),
    passes=[
        {
            "aws_sqs_queue": {
                "payments": {"name": "tap-payments-use1-dev"},
                "ordered": {"name": "tap-ordered-use1-dev.fifo"},
            },
            "aws_vpc": {"main": {"tags": {"Name": "tap-vpc-use1-dev"}}},
            "aws_acm_certificate": {"regional": {"domain_name": "use1.dev.tap.example"}},
            "aws_cloudwatch_log_group": {
                "function": {"name": "/aws/lambda/tap-webhook-use1-dev"},
                "database": {"name": "/aws/rds/cluster/tap-ledger-use1-dev/postgresql"},
                "queue": {"name": "/tap/${aws_sqs_queue.payments.name}"},
            },
            "aws_wafv2_web_acl": {"ingress": {"name": "tap-ingress-use1-dev", "scope": "REGIONAL"}},
            "aws_lambda_alias": {"live": {"name": "live", "function_name": "tap-webhook-use1-dev"}},
        }
    ],
    fails=[
        {"aws_sqs_queue": {"bare": {"name": "tap-payments-use1"}}},
        {"aws_sqs_queue": {"first": {"name": "dev-tap-payments-use1"}}},
        {"aws_sqs_queue": {"truncated": {"name": "tap-payments-use1-de"}}},
        {"aws_sqs_queue": {"glued": {"name": "tap-payments-use1dev"}}},
        {"aws_sqs_queue": {"unknown": {"name": "tap-payments-use1-${var.environment}"}}},
        {"aws_sqs_queue": {"nameless": {"delay_seconds": 1}}},
        {"aws_vpc": {"tagged": {"tags": {"Name": "tap-vpc"}}}},
        {"aws_acm_certificate": {"another": {"domain_name": "use1.prod.tap.example"}}},
        {
            "provider": {"aws": [{"region": "us-east-1"}]},
            "aws_sqs_queue": {"nowhere": {"provider": "aws", "name": "tap-payments-use1-dev"}},
        },
    ],
    mutations=[
        rename("something else where the environment belongs", _replaced("x")),
        rename("the environment at the beginning", _first),
        rename("another environment that begins alike", _replaced("{}2")),
    ],
)
def name_environment(resource: Resource) -> Iterator[str]:
    """The own name and the ``Name`` tag; of a DNS name, one label. A name that is missing tells nothing."""
    suffix = environment(resource)
    if suffix is None:
        yield "its provider's default tags name no Environment, so nobody can tell how its name has to end"
        return
    named = described(resource)
    if named is not None and not any(name.described is named for name in names(resource)):
        yield f"it has no {named.attribute}; the one that Terraform or AWS makes up does not end with {suffix}"
    for name in names(resource):
        yield from _faults(name, suffix)


def _faults(name: Name, suffix: str) -> Iterator[str]:
    if name.described.is_dns:
        if suffix.lower() not in labels(name):
            yield f"{name.shown} has no part {suffix}"
    elif name.own != suffix and not name.own.endswith(tuple(f"{joint}{suffix}" for joint in JOINTS)):
        why = ", which only Terraform can tell," if name.own.endswith(UNKNOWN) else ""
        yield f"{name.shown}{why} does not end with the environment {suffix}"
