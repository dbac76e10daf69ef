"""Every name says in which region it is, and tells the truth."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.model.regions import short
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.names._names import (
    GLOBAL,
    Name,
    bears_a_name,
    environment,
    is_a_protocols,
    labels,
    leaves_the_region_out,
    names,
    places,
    region_in,
)
from policies.rules.names._renaming import rename


def _tells_a_region(resource: Resource) -> bool:
    return bears_a_name(resource) and not is_a_protocols(resource)


def _region(text: str, resource: Resource, other: str) -> str | bool:
    """The name with another region in it; False if it has none."""
    for suffix in (GLOBAL, *(short(region) for region in resource.deployment.regions)):
        for before, after in (("-", "-"), ("", "."), (".", ".")):
            if f"{before}{suffix}{after}" in text:
                return text.replace(f"{before}{suffix}{after}", f"{before}{other}{after}")
    return False


def _other_side(text: str, resource: Resource) -> str | bool:
    here = resource.region
    elsewhere = sorted(short(region) for region in resource.deployment.regions - {here})
    wrong = [suffix for suffix in elsewhere if suffix not in places(resource)]
    return bool(wrong) and _region(text, resource, wrong[0])


def _moved(body: dict[str, object], resource: Resource) -> bool:
    """Another provider of the stack; what spans regions is named as before."""
    others = [p.name for p in resource.stack.providers.values() if p.region != resource.region]
    if not others or GLOBAL in places(resource):
        return False
    body["provider"] = others[0]
    return True


@rule(
    id="TAP_NAME_REGION",
    title="Names tell the region that the resource really is in, or global if it spans regions",
    risk="In an incident somebody works on the wrong side, because a name says use1 and the resource is in us-west-2.",
    remediation="Put the region as use1 or usw2 before the environment, and global for what is in both.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:12.5.1", "NIST-800-53:CM-8", "WA-REL:REL13-BP04"],
    judges=kind("*", where=_tells_a_region),
    passes=[
        {
            "aws_sqs_queue": {
                "here": {"name": "tap-payments-use1-dev"},
                "there": {"name": "tap-payments-usw2-dev", "provider": "aws.usw2"},
            },
            "aws_dynamodb_table": {
                "both": {"name": "tap-sessions-global-dev", "replica": [{"region_name": "us-west-2"}]},
                "one": {"name": "tap-cache-use1-dev"},
            },
            "aws_iam_role": {
                "used_here": {"name": "tap-webhook-use1-dev"},
                "used_everywhere": {"name": "tap-audit-global-dev"},
            },
            "aws_s3_bucket": {"receipts": {"bucket": "tap-receipts-000000000000-use1-dev"}},
            "aws_cloudwatch_log_group": {"database": {"name": "/aws/rds/cluster/tap-ledger-use1-dev/postgresql"}},
            "aws_route53_zone": {"main": {"name": "dev.tap.example", "tags": {"Name": "tap-dns-global-dev"}}},
            "aws_api_gateway_domain_name": {"regional": {"domain_name": "use1.dev.tap.example"}},
            "aws_route53_record": {
                "regional": {
                    "name": "use1.dev.tap.example",
                    "type": "A",
                    "alias": {"name": "${aws_api_gateway_domain_name.regional.regional_domain_name}"},
                },
                "shared": {"name": "global.dev.tap.example", "failover_routing_policy": {"type": "PRIMARY"}},
            },
        }
    ],
    fails=[
        {"aws_sqs_queue": {"other": {"name": "tap-payments-usw2-dev"}}},
        {"aws_sqs_queue": {"moved": {"name": "tap-payments-use1-dev", "provider": "aws.usw2"}}},
        {"aws_sqs_queue": {"spans": {"name": "tap-payments-global-dev"}}},
        {"aws_sqs_queue": {"silent": {"name": "tap-payments-dev"}}},
        {"aws_sqs_queue": {"long": {"name": "tap-payments-us-east-1-dev"}}},
        {"aws_api_gateway_stage": {"bare": {"stage_name": "dev"}}},
        {"aws_dynamodb_table": {"both": {"name": "tap-s-use1-dev", "replica": [{"region_name": "us-west-2"}]}}},
        {"aws_vpc": {"tagged": {"tags": {"Name": "tap-vpc-usw2-dev"}}}},
        {"aws_route53_zone": {"untold": {"name": "dev.tap.example"}}},
        {
            "aws_api_gateway_domain_name": {
                "there": {"domain_name": "usw2.dev.tap.example", "provider": "aws.usw2"},
            },
            "aws_route53_record": {
                "crossed": {
                    "name": "use1.dev.tap.example",
                    "type": "A",
                    "alias": {"name": "${aws_api_gateway_domain_name.there.regional_domain_name}"},
                }
            },
        },
        {
            "provider": {"aws": [{"default_tags": [{"tags": {"Environment": "dev"}}]}]},
            "aws_sqs_queue": {"nowhere": {"provider": "aws", "name": "tap-payments-use1-dev"}},
        },
    ],
    mutations=[
        rename("of the other region", _other_side),
        rename("without the region", lambda text, resource: _region(text, resource, "somewhere")),
        edit("the other region's provider", _moved),
    ],
)
def name_region(resource: Resource) -> Iterator[str]:
    """The part before the environment; of a DNS name, one label. A record is where it leads to."""
    right, suffix = places(resource), environment(resource)
    if not right:
        yield "nobody can tell which region it is in: its provider names none"
    if suffix is None:
        yield "its provider's default tags name no Environment, so nobody can tell where the region is in its name"
    if not right or suffix is None:
        return
    told = False
    for name in names(resource):
        if leaves_the_region_out(name, resource):
            continue
        told = True
        yield from _faults(name, right, suffix)
    if not told:
        yield f"neither a name nor a Name tag of it tells {_either(right)}"


def _faults(name: Name, right: frozenset[str], suffix: str) -> Iterator[str]:
    if name.described.is_dns:
        if not right & labels(name):
            yield f"{name.shown} has no part {_either(right)}"
    elif (told := region_in(name, suffix)) not in right:
        says = f"says {told!r}" if told else "says nothing"
        yield f"{name.shown} {says} where {_either(right)} belongs, before the environment {suffix}"


def _either(right: frozenset[str]) -> str:
    return " or ".join(sorted(right, key=lambda suffix: (suffix == GLOBAL, suffix)))
