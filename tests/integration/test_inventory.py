"""What looks for leftovers after a destroy sees everything while it is there; else it would prove nothing."""

from __future__ import annotations

import pytest

from tests.integration.leftovers import GLOBAL, REGIONAL, listed
from tests.integration.platform import Platform, Region

MADE_BY_AWS_ALONE = {"database snapshots", "network interfaces"}
"""No stack makes them, but a destroy can leave them behind."""

OF_AN_INGRESS = {
    **dict.fromkeys(("APIs", "API domains"), "api-gateway"),
    **dict.fromkeys(("load balancers", "target groups"), "load-balancer"),
}
"""What is there with one choice of the ingress only."""


@pytest.mark.parametrize("kind", [kind for kind in REGIONAL if kind not in MADE_BY_AWS_ALONE])
def test_every_kind_of_resource_is_seen_in_both_regions(platform: Platform, region: Region, kind: str) -> None:
    service, lister = REGIONAL[kind]
    expected = OF_AN_INGRESS.get(kind, platform.settings.ingress) == platform.settings.ingress

    assert bool(listed(platform.client(service, region), lister)) is expected


@pytest.mark.parametrize("kind", GLOBAL)
def test_every_kind_of_resource_without_a_region_is_seen(platform: Platform, kind: str) -> None:
    service, lister = GLOBAL[kind]

    assert listed(platform.client(service, platform.primary), lister)


def test_no_kind_of_resource_is_forgotten(platform: Platform) -> None:
    """Every service that a stack uses has a lister; ``aws_vpc_…`` and the like are EC2's."""
    services = {service for service, _ in (*REGIONAL.values(), *GLOBAL.values())}
    by_prefix = {
        "acm": "acm", "api": "apigateway", "backup": "backup", "cloudwatch": "cloudwatch", "db": "rds",
        "dynamodb": "dynamodb",
        "iam": "iam", "kms": "kms", "lambda": "lambda", "lb": "elbv2", "rds": "rds", "route53": "route53", "s3": "s3",
        "secretsmanager": "secretsmanager", "sesv2": "sesv2", "sfn": "stepfunctions", "sns": "sns", "sqs": "sqs",
        "ssm": "ssm",
        "wafv2": "wafv2",
        **dict.fromkeys(
            ("default", "eip", "flow", "internet", "nat", "route", "security", "subnet", "vpc"), "ec2"
        ),
    }  # fmt: skip
    for stack in platform.stacks():
        for kind, _, _ in stack.resources():
            prefix = kind.removeprefix("aws_").partition("_")[0]
            service = "events" if kind.startswith("aws_cloudwatch_event_") else by_prefix.get(prefix)
            assert service in services, f"{kind}: add a lister to leftovers.py"
