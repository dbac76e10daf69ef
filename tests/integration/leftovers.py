"""What is there, service by service: a lister per kind of resource that the platform deploys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

Lister = Callable[[Any], Iterator[str]]
"""Yields the name or id of each resource that a service's client can see, with what tells whose it is."""


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """All items of a paginated operation."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def tagged(resource: dict[str, Any], id_: str) -> str:
    """An id with its ``Name`` tag, which holds prefix and suffix as every name does."""
    names = [tag["Value"] for tag in resource.get("Tags", []) if tag["Key"] == "Name"]
    return " ".join([resource[id_], *names])


def _ec2(operation: str, key: str, id_: str, *, gone: str = "", state: str = "State") -> Lister:
    """Resources of EC2; what AWS still lists for a while in the state ``gone`` is not there any more."""

    def lister(ec2: Any) -> Iterator[str]:
        for resource in pages(ec2, operation, key):
            is_gone = gone and _code(resource.get(state)) == gone
            if not is_gone and not resource.get("IsDefault"):
                yield tagged(resource, id_)

    return lister


def _code(state: Any) -> str:
    return str(state.get("Code", state.get("Name", ""))) if isinstance(state, dict) else str(state)


def _ec2_addresses(ec2: Any) -> Iterator[str]:
    for address in ec2.describe_addresses()["Addresses"]:
        yield tagged(address, "AllocationId")


def _in_default_vpc(ec2: Any) -> set[str]:
    return {vpc["VpcId"] for vpc in pages(ec2, "describe_vpcs", "Vpcs") if vpc["IsDefault"]}


def _ec2_of_vpc(operation: str, key: str, id_: str) -> Lister:
    """Resources that every VPC has; the account's default VPC is not ours."""

    def lister(ec2: Any) -> Iterator[str]:
        default = _in_default_vpc(ec2)
        for resource in pages(ec2, operation, key):
            attached = [attachment.get("VpcId") for attachment in resource.get("Attachments", [])]
            if not {resource.get("VpcId"), *attached} & default:
                yield tagged(resource, id_)

    return lister


def _named(operation: str, key: str, field: str) -> Lister:
    def lister(client: Any) -> Iterator[str]:
        for item in pages(client, operation, key):
            yield str(item if isinstance(item, str) else item[field])

    return lister


def _kms_keys(kms: Any) -> Iterator[str]:
    """Keys pending deletion stay listed for their waiting time: AWS deletes none at once."""
    for key in pages(kms, "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyState"] not in ("PendingDeletion", "PendingReplicaDeletion") and (
            described["KeyManager"] == "CUSTOMER"
        ):
            yield f"{described['KeyId']} {described['Description']}"


def _kms_aliases(kms: Any) -> Iterator[str]:
    for alias in pages(kms, "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            yield alias["AliasName"]


def _parameter_groups(rds: Any) -> Iterator[str]:
    for group in pages(rds, "describe_db_cluster_parameter_groups", "DBClusterParameterGroups"):
        if not group["DBClusterParameterGroupName"].startswith("default."):
            yield group["DBClusterParameterGroupName"]


def _automated_backups(rds: Any) -> Iterator[str]:
    for snapshot in pages(rds, "describe_db_cluster_snapshots", "DBClusterSnapshots"):
        yield snapshot["DBClusterSnapshotIdentifier"]


def _secrets(secretsmanager: Any) -> Iterator[str]:
    # Those that wait for deletion count: a name that is taken keeps the next deployment from being made.
    yield from (s["Name"] for s in pages(secretsmanager, "list_secrets", "SecretList", IncludePlannedDeletion=True))


def _health_checks(route53: Any) -> Iterator[str]:
    for check in pages(route53, "list_health_checks", "HealthChecks"):
        tags = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check["Id"])
        yield tagged({"Id": check["Id"], "Tags": tags["ResourceTagSet"]["Tags"]}, "Id")


def _zones(route53: Any) -> Iterator[str]:
    yield from (
        f"{zone['Id']} {zone['Name'].rstrip('.')}" for zone in pages(route53, "list_hosted_zones", "HostedZones")
    )


def _web_acls(waf: Any) -> Iterator[str]:
    yield from (acl["Name"] for acl in waf.list_web_acls(Scope="REGIONAL")["WebACLs"])


def _roles(iam: Any) -> Iterator[str]:
    for role in pages(iam, "list_roles", "Roles"):
        if not role["Path"].startswith("/aws-service-role/"):
            yield role["RoleName"]


def _buckets(s3: Any) -> Iterator[str]:
    yield from (bucket["Name"] for bucket in s3.list_buckets()["Buckets"])


def _mail_identities(sesv2: Any) -> Iterator[str]:
    # The one who lists has no paginator for this operation.
    yield from (identity["IdentityName"] for identity in sesv2.list_email_identities()["EmailIdentities"])


REGIONAL: dict[str, tuple[str, Lister]] = {
    "VPCs": ("ec2", _ec2("describe_vpcs", "Vpcs", "VpcId")),
    "subnets": ("ec2", _ec2_of_vpc("describe_subnets", "Subnets", "SubnetId")),
    "route tables": ("ec2", _ec2_of_vpc("describe_route_tables", "RouteTables", "RouteTableId")),
    "internet gateways": ("ec2", _ec2_of_vpc("describe_internet_gateways", "InternetGateways", "InternetGatewayId")),
    "NAT gateways": ("ec2", _ec2("describe_nat_gateways", "NatGateways", "NatGatewayId", gone="deleted")),
    "elastic addresses": ("ec2", _ec2_addresses),
    "VPC endpoints": ("ec2", _ec2("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", gone="deleted")),
    "peering connections": (
        "ec2",
        _ec2(
            "describe_vpc_peering_connections",
            "VpcPeeringConnections",
            "VpcPeeringConnectionId",
            gone="deleted",
            state="Status",
        ),
    ),
    "security groups": ("ec2", _ec2_of_vpc("describe_security_groups", "SecurityGroups", "GroupId")),
    "network interfaces": (
        "ec2",
        _ec2_of_vpc("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ),
    "flow logs": ("ec2", _ec2("describe_flow_logs", "FlowLogs", "FlowLogId")),
    "database clusters": ("rds", _named("describe_db_clusters", "DBClusters", "DBClusterIdentifier")),
    "database instances": ("rds", _named("describe_db_instances", "DBInstances", "DBInstanceIdentifier")),
    "global databases": ("rds", _named("describe_global_clusters", "GlobalClusters", "GlobalClusterIdentifier")),
    "database subnet groups": ("rds", _named("describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName")),
    "database parameter groups": ("rds", _parameter_groups),
    "database snapshots": ("rds", _automated_backups),
    "tables": ("dynamodb", _named("list_tables", "TableNames", "")),
    "secrets": ("secretsmanager", _secrets),
    "keys": ("kms", _kms_keys),
    "key aliases": ("kms", _kms_aliases),
    "functions": ("lambda", _named("list_functions", "Functions", "FunctionName")),
    "event source mappings": (
        "lambda",
        _named("list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    ),
    "queues": ("sqs", _named("list_queues", "QueueUrls", "")),
    "parameters": ("ssm", _named("describe_parameters", "Parameters", "Name")),
    "state machines": ("stepfunctions", _named("list_state_machines", "stateMachines", "name")),
    "schedules": ("events", _named("list_rules", "Rules", "Name")),
    "APIs": ("apigateway", _named("get_rest_apis", "items", "name")),
    "API domains": ("apigateway", _named("get_domain_names", "items", "domainName")),
    "load balancers": ("elbv2", _named("describe_load_balancers", "LoadBalancers", "LoadBalancerName")),
    "target groups": ("elbv2", _named("describe_target_groups", "TargetGroups", "TargetGroupName")),
    "web ACLs": ("wafv2", _web_acls),
    "certificates": ("acm", _named("list_certificates", "CertificateSummaryList", "DomainName")),
    "dashboards": ("cloudwatch", _named("list_dashboards", "DashboardEntries", "DashboardName")),
    "alarms": ("cloudwatch", _named("describe_alarms", "MetricAlarms", "AlarmName")),
    "topics": ("sns", _named("list_topics", "Topics", "TopicArn")),
    "subscriptions": ("sns", _named("list_subscriptions", "Subscriptions", "TopicArn")),
    "backup vaults": ("backup", _named("list_backup_vaults", "BackupVaultList", "BackupVaultName")),
    "backup plans": ("backup", _named("list_backup_plans", "BackupPlansList", "BackupPlanName")),
    "mail identities": ("sesv2", _mail_identities),
    "log groups": ("logs", _named("describe_log_groups", "logGroups", "logGroupName")),
}

GLOBAL: dict[str, tuple[str, Lister]] = {
    "roles": ("iam", _roles),
    "hosted zones": ("route53", _zones),
    "health checks": ("route53", _health_checks),
    "buckets": ("s3", _buckets),
}


def listed(client: Any, lister: Lister) -> list[str]:
    """Everything that a lister finds; a region that has never used a service may not know it."""
    try:
        return list(lister(client))
    except ClientError as error:
        raise AssertionError(f"{client.meta.service_model.service_name} cannot be listed: {error}") from None
