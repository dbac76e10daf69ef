"""Everything says whose it is: project, environment, the region's role, and who manages it."""

from __future__ import annotations

from typing import Any

from tests.integration.platform import Platform, Region


def wanted(platform: Platform, region: Region) -> dict[str, str]:
    return {
        "Project": platform.settings.prefix,
        "Environment": platform.shared["environment_suffix"],
        "ManagedBy": "terraform",
        "RegionRole": region.stack,
    }


def differing(tags: list[dict[str, str]], right: dict[str, str]) -> dict[str, str | None]:
    """The tags that are missing or wrong, as they are."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    return {key: found.get(key) for key, value in right.items() if found.get(key) != value}


def owner(platform: Platform, region: Region, resource: dict[str, Any]) -> Region:
    """Whose role a resource carries: a replica of the global table has the tags of the table that it repeats."""
    return platform.primary if ":dynamodb:" in resource["ResourceARN"] else region


def test_what_aws_lists_by_tag_is_tagged_completely(platform: Platform, region: Region) -> None:
    pages = platform.client("resourcegroupstaggingapi", region).get_paginator("get_resources")
    environment = [{"Key": "Environment", "Values": [platform.shared["environment_suffix"]]}]
    found: dict[str, Any] = {
        resource["ResourceARN"]: differing(resource["Tags"], wanted(platform, owner(platform, region, resource)))
        for page in pages.paginate(TagFilters=environment)
        for resource in page["ResourceTagMappingList"]
    }

    assert {arn.split(":")[2] for arn in found} >= {"lambda", "dynamodb", "kms", "sns"}
    assert not {arn: tags for arn, tags in found.items() if tags}


def test_every_part_of_the_network_is_tagged_and_named(platform: Platform, region: Region) -> None:
    ec2 = platform.client("ec2", region)
    here = [{"Name": "vpc-id", "Values": [region.outputs["vpc_id"]]}]
    parts: dict[str, list[dict[str, str]]] = {
        part[id_]: part.get("Tags", [])
        for operation, key, id_ in (
            ("describe_vpcs", "Vpcs", "VpcId"),
            ("describe_subnets", "Subnets", "SubnetId"),
            ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
            ("describe_security_groups", "SecurityGroups", "GroupId"),
            ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        )
        for part in getattr(ec2, operation)(Filters=here)[key]
    }

    assert len(parts) > 15
    assert not {id_: tags for id_, tags in parts.items() if differing(tags, wanted(platform, region))}
    names = [tag["Value"] for tags in parts.values() for tag in tags if tag["Key"] == "Name"]
    assert len(names) == len(parts)
    assert all(name.endswith(f"-{platform.shared['environment_suffix']}") for name in names)


def test_databases_and_secrets_are_tagged(platform: Platform, region: Region) -> None:
    cluster = platform.client("rds", region).describe_db_clusters(DBClusterIdentifier=region.outputs["cluster_id"])
    assert not differing(cluster["DBClusters"][0]["TagList"], wanted(platform, region))

    if region is platform.primary:  # a replica carries its primary's tags
        secret = platform.client("secretsmanager", region).describe_secret(
            SecretId=platform.shared["signing_secret_arns"][region.name]
        )
        assert not differing(secret["Tags"], wanted(platform, region))
