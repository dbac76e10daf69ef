"""Nothing is outside the two regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.regions import named_in, short, zones_in
from policies.model.values import strings
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule

_ELSEWHERE: Final = "eu-central-1"
_BUCKET: Final = {"bucket": "b"}


def _replicas_elsewhere(body: dict[str, Any], _: Resource) -> bool:
    replicas = body.get("replica")
    if not isinstance(replicas, list):
        return False
    attribute = "region_name" if "region_name" in replicas[0] else "region"
    body["replica"] = [{**replica, attribute: _ELSEWHERE} for replica in replicas]
    return True


def _moved(body: dict[str, Any], resource: Resource) -> None:
    """Every mention of the region that the resource is in, in a policy or a service's name."""
    for name, value in body.items():
        if name != "//" and isinstance(value, str) and resource.region:
            body[name] = value.replace(f":{resource.region}:", f":{_ELSEWHERE}:")
            body[name] = body[name].replace(f".{resource.region}.", f".{_ELSEWHERE}.")


@rule(
    id="TAP_TOPOLOGY_REGION_PLACEMENT",
    title="Nothing is in, or speaks of, a region other than the two",
    risk="Data, keys or permissions lie in a region that no failover considers, no alarm watches and no contract with "
    "the card holders names.",
    remediation="Give the resource a provider of the primary or the standby region, and name no other region in ARNs, "
    "service names, zones and replicas.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:12.5.2", "NIST-800-53:SA-9(5)", "NIST-800-53:CP-6(1)", "WA-REL:REL10-BP01"],
    judges=kind("*", where=lambda resource: resource.type.startswith("aws_")),
    passes=[
        {"aws_s3_bucket": {"here": _BUCKET, "there": {**_BUCKET, "provider": "aws.usw2"}}},
        {"aws_subnet": {"s": {"availability_zone_id": "use1-az4"}}},
        {"aws_iam_policy": {"p": {"policy": "arn:aws:sns:us-west-2:000000000000:alerts"}}},
    ],
    fails=[
        {"aws_s3_bucket": {"nowhere": {**_BUCKET, "provider": "aws.euc1"}}},
        {
            "provider": {"aws": [{"region": "us-east-1"}, {"region": "eu-central-1", "alias": "euc1"}]},
            "aws_s3_bucket": {"far": {**_BUCKET, "provider": "aws.euc1"}},
        },
        {"aws_s3_bucket": {"own_region": {**_BUCKET, "region": "eu-central-1"}}},
        {"aws_subnet": {"zone": {"availability_zone": "eu-central-1a"}}},
        {"aws_subnet": {"zone_id": {"availability_zone_id": "euc1-az2"}}},
        {"aws_secretsmanager_secret": {"s": {"replica": [{"region": "eu-central-1"}]}}},
        {"aws_iam_policy": {"p": {"policy": "arn:aws:sns:eu-central-1:000000000000:alerts"}}},
    ],
    mutations=[
        put("provider", "aws.euc1"),
        edit("replicas elsewhere", _replicas_elsewhere, "aws_dynamodb_table", "aws_secretsmanager_secret"),
        edit("ARNs and services elsewhere", _moved, "aws_iam_role_policy", "aws_vpc_endpoint", "aws_kms_key"),
        put("peer_region", _ELSEWHERE, "aws_vpc_peering_connection"),
        put("availability_zone_id", "euc1-az1", "aws_subnet"),
        put("dimensions.SourceRegion", _ELSEWHERE, "aws_cloudwatch_metric_alarm"),
    ],
)
def region_placement(resource: Resource) -> Iterator[str]:
    """The provider's region counts; and every text in the resource, whatever it is for."""
    deployment = resource.deployment
    pair = {region for region in (deployment.primary, deployment.standby) if region}
    if resource.region is None:
        yield f"provider is {resource.get('provider')}, whose region nobody can tell"
    elif resource.region not in pair:
        yield f"it is in {resource.region}; the two regions are {', '.join(sorted(pair)) or 'not known'}"
    short_pair = {short(region) for region in pair}
    cleared, texts = resource.stack.cleared["names another region"], resource.words.texts
    if not cleared.issuperset(texts):
        cleared.update(text for text in texts if named_in(text) <= pair and zones_in(text) <= short_pair)
    if cleared.issuperset(texts):
        return
    named: set[str] = set()
    zones: set[str] = set()
    for text in strings(resource.body):
        named |= named_in(text)
        zones |= zones_in(text)
    # A domain or an environment may be called like a region, and says nothing then.
    for fixed in deployment.twins.fixed if named - pair or zones else ():
        named -= named_in(fixed)
        zones -= zones_in(fixed)
    for region in sorted(named - pair):
        yield f"it names {region}; the two regions are {', '.join(sorted(pair)) or 'not known'}"
    for zone in sorted(zones - short_pair):
        yield f"it names a zone of {zone}, which is neither of the two regions"
