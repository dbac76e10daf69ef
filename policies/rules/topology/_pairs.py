"""What has to be there in both regions, and how rules say in what the two sides differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import Edit
from policies.rule import Kind, kind

_ONE_FOR_BOTH: Final = frozenset(
    {
        # AWS keeps their other side, which rules of their own see to.
        "aws_dynamodb_global_table",
        "aws_dynamodb_table",
        "aws_dynamodb_table_item",
        "aws_dynamodb_table_replica",
        "aws_kms_key",
        "aws_kms_replica_key",
        "aws_rds_global_cluster",
        "aws_secretsmanager_secret",
        "aws_secretsmanager_secret_policy",
        "aws_secretsmanager_secret_rotation",
        "aws_secretsmanager_secret_version",
        # They join the two regions.
        "aws_s3_bucket_replication_configuration",
        "aws_vpc_peering_connection",
        "aws_vpc_peering_connection_accepter",
        "aws_vpc_peering_connection_options",
        # It does something once, and replication carries the effect over.
        "aws_lambda_invocation",
    }
)

GLOBAL_SERVICES: Final = ("aws_budgets_", "aws_cloudfront_", "aws_globalaccelerator_", "aws_iam_", "aws_route53_")
"""Services without regions: what a stack of both regions makes in them serves both.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
"""

_METRICS_OF_ONE_REGION: Final = frozenset({"AWS/Billing", "AWS/CloudFront", "AWS/GlobalAccelerator", "AWS/Route53"})
"""What is reported to one region only, so that its alarms can be nowhere else.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


def belongs_in_both(resource: Resource) -> bool:
    """Whether a resource of one region has to have a twin in the other."""
    if resource.deployment.peer(resource.region) is None or resource.type in _ONE_FOR_BOTH:
        return False
    if resource.type.startswith(GLOBAL_SERVICES) and spans_regions(resource):
        return False
    return resource.text("namespace") not in _METRICS_OF_ONE_REGION


def spans_regions(resource: Resource) -> bool:
    """Whether the resource's stack has providers of several regions."""
    return len({provider.region for provider in resource.stack.providers.values() if provider.type == "aws"}) > 1


def twinned(*types: str) -> Kind:
    """The resources of some types that have a twin. A missing one is another rule's to tell, and it does."""
    return kind(*types, where=lambda resource: resource.twin is not None)


def apart(resource: Resource, *, only: Collection[str] | None = None, but: Collection[str] = ()) -> Iterator[str]:
    """A sentence for each attribute in which the resource and its twin differ: ``only`` some, or all ``but`` some."""
    twin = resource.twin
    if twin is None:
        return
    for difference in resource.deployment.twins.differences(resource):
        if (only is not None and difference.top not in only) or difference.top in but:
            continue
        if difference.here == difference.there:
            yield f"{difference.attribute} is {difference.here} in both regions, so that one side means the wrong one"
        else:
            yield f"{difference.attribute} is {difference.here}; in {twin.region} it is {difference.there}"


def other_side(resource: Resource) -> list[Resource]:
    """For mutations: the twin, which must be found wrong when the resource is removed."""
    return [resource.twin] if resource.twin is not None and belongs_in_both(resource) else []


def other_provider() -> Edit:
    """For mutations: the resource in the other region, if its stack has a provider of that region."""

    def change(body: dict[str, Any], resource: Resource) -> bool:
        peer = resource.deployment.peer(resource.region)
        names = [name for name, p in resource.stack.providers.items() if peer is not None and p.region == peer]
        body.update(provider=names[0]) if names else None
        return bool(names)

    return change


def each(attribute: str, change: Callable[[Any], Any]) -> Edit:
    """For mutations: an attribute changed by a function of its old value, where there is one."""

    def edit(body: dict[str, Any], _: Resource) -> bool:
        if attribute not in body:
            return False
        body[attribute] = change(body[attribute])
        return True

    return edit
