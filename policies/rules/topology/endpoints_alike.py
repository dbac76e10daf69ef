"""Functions reach the same services privately in either region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.model.regions import named_in
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import apart, each

_WEST: Final = {"provider": "aws.usw2"}
_S3: Final = {"service_name": "com.amazonaws.us-east-1.s3", "vpc_endpoint_type": "Gateway"}
_S3_WEST: Final = {**_S3, **_WEST, "service_name": "com.amazonaws.us-west-2.s3"}


@rule(
    id="TAP_TOPOLOGY_ENDPOINTS_ALIKE",
    title="VPC endpoints lead to the same services, under the same policy, in both regions",
    risk="A function that reaches a service through an endpoint here is cut off from it, or refused, there: it fails "
    "on the first request after a failover.",
    remediation="Make the endpoint in both VPCs, of the region's own service, with the same policy, subnets and route "
    "tables.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:1.2.1", "NIST-800-53:CP-8", "WA-REL:REL02-BP02", "WA-REL:REL13-BP04"],
    judges=kind("aws_vpc_endpoint"),
    passes=[{"aws_vpc_endpoint": {"s3_use1": _S3, "s3_usw2": _S3_WEST}}],
    fails=[
        {"aws_vpc_endpoint": {"s3_use1": _S3, "s3_usw2": {**_S3_WEST, "policy": "{}"}}},
        {"aws_vpc_endpoint": {"s3_use1": _S3, "s3_usw2": {**_S3_WEST, "service_name": "com.amazonaws.us-west-2.sqs"}}},
        {"aws_vpc_endpoint": {"s3_use1": {**_S3, "service_name": "com.amazonaws.us-west-2.s3"}}},
        {"aws_vpc_endpoint": {"s3_use1": {**_S3, "service_name": "${var.service}"}}},
    ],
    mutations=[
        drop("policy"),
        put("service_name", "com.amazonaws.us-east-1.sqs"),
        put("service_name", "com.amazonaws.us-west-2.sqs"),
        put("private_dns_enabled", value=False, where=lambda endpoint: "private_dns_enabled" in endpoint),
        edit("one route table less", each("route_table_ids", lambda tables: tables[1:])),
        edit("one subnet less", each("subnet_ids", lambda subnets: subnets[1:])),
    ],
)
def endpoints_alike(endpoint: Resource) -> Iterator[str]:
    """All attributes; and the service is the region's own, which a difference cannot tell if both sides are wrong."""
    service = endpoint.literal("service_name")
    if service is None or named_in(service) != {endpoint.region}:
        yield f"service_name is {endpoint.get('service_name')}, which is no service of {endpoint.region}"
    yield from apart(endpoint)
