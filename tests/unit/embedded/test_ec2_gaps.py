"""The network: zones, endpoints, flow logs, security groups, network ACLs, peering."""

import json
from typing import Any

from tests.unit.embedded.clouds import EAST, WEST, Cloud, closes, unique

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def vpc(cloud: Cloud, region: str = EAST) -> str:
    created = cloud.client("ec2", region).create_vpc(CidrBlock="10.7.0.0/16")
    return str(created["Vpc"]["VpcId"])


def group(cloud: Cloud, vpc_id: str) -> str:
    created = cloud.client("ec2").create_security_group(GroupName=unique("sg"), Description="x", VpcId=vpc_id)
    return str(created["GroupId"])


@closes("zones_by_id")
def test_a_subnet_is_made_in_the_zone_that_was_asked_for(cloud: Cloud) -> None:
    subnet = cloud.client("ec2").create_subnet(
        VpcId=vpc(cloud), CidrBlock="10.7.1.0/24", AvailabilityZoneId="use1-az4"
    )["Subnet"]
    assert (subnet["AvailabilityZoneId"], subnet["AvailabilityZone"]) == ("use1-az4", "us-east-1d")


@closes("zones_described")
def test_the_zones_of_a_region_are_listed(cloud: Cloud) -> None:
    zones = cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    assert [zone["ZoneId"] for zone in zones] == [f"use1-az{number}" for number in range(1, 7)]
    assert [zone["ZoneName"][-1] for zone in zones] == list("abcdef")


class TestAnInterfaceEndpoint:
    def created(self, cloud: Cloud) -> tuple[str, str]:
        vpc_id = vpc(cloud)
        group_id = group(cloud, vpc_id)
        endpoint = cloud.client("ec2").create_vpc_endpoint(
            VpcId=vpc_id,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{EAST}.secretsmanager",
            SecurityGroupIds=[group_id],
            PrivateDnsEnabled=True,
            PolicyDocument=json.dumps(POLICY),
        )["VpcEndpoint"]
        return endpoint["VpcEndpointId"], group_id

    def described(self, cloud: Cloud, endpoint_id: str) -> Any:
        return cloud.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]

    @closes("endpoint_settings_at_create", "endpoint_settings_described")
    def test_keeps_policy_groups_and_private_dns(self, cloud: Cloud) -> None:
        endpoint_id, group_id = self.created(cloud)
        endpoint = self.described(cloud, endpoint_id)
        assert json.loads(endpoint["PolicyDocument"]) == POLICY
        assert [each["GroupId"] for each in endpoint["Groups"]] == [group_id]
        assert endpoint["PrivateDnsEnabled"] is True

    @closes("endpoint_settings_at_modify")
    def test_can_be_given_other_groups(self, cloud: Cloud) -> None:
        endpoint_id, old = self.created(cloud)
        new = group(cloud, self.described(cloud, endpoint_id)["VpcId"])
        cloud.client("ec2").modify_vpc_endpoint(
            VpcEndpointId=endpoint_id, AddSecurityGroupIds=[new], RemoveSecurityGroupIds=[old], PrivateDnsEnabled=False
        )
        endpoint = self.described(cloud, endpoint_id)
        assert [each["GroupId"] for each in endpoint["Groups"]] == [new]
        assert endpoint["PrivateDnsEnabled"] is False


@closes("flow_log_settings_at_create", "flow_log_settings_described")
def test_a_flow_log_keeps_its_role_interval_format_and_tags(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    role = "arn:aws:iam::000000000000:role/flow-logs"
    created = ec2.create_flow_logs(
        ResourceIds=[vpc(cloud)],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestination=f"arn:aws:logs:{EAST}:000000000000:log-group:/aws/vpc/flow",
        DeliverLogsPermissionArn=role,
        MaxAggregationInterval=60,
        TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "Name", "Value": "flow"}]}],
    )
    (flow_log,) = ec2.describe_flow_logs(FlowLogIds=created["FlowLogIds"])["FlowLogs"]
    assert flow_log["DeliverLogsPermissionArn"] == role
    assert flow_log["MaxAggregationInterval"] == 60
    assert flow_log["LogFormat"].startswith("${version}")
    assert flow_log["LogGroupName"] == "/aws/vpc/flow"
    assert flow_log["Tags"] == [{"Key": "Name", "Value": "flow"}]


@closes("prefix_lists_in", "prefix_lists_out")
def test_a_rule_can_name_a_prefix_list(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    group_id = group(cloud, vpc(cloud))
    to_s3 = {"PrefixListId": "pl-0123", "Description": "to S3"}
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [to_s3]}
    ec2.authorize_security_group_egress(GroupId=group_id, IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    (rule,) = [each for each in rules["SecurityGroupRules"] if each["ToPort"] == 443]
    assert (rule["PrefixListId"], rule["Description"], rule["IsEgress"]) == ("pl-0123", "to S3", True)


@closes("every_protocol_has_no_ports")
def test_a_group_can_be_closed_by_revoking_its_default_rule(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    group_id = group(cloud, vpc(cloud))
    everything = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[everything])
    (closed,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert closed["IpPermissionsEgress"] == []


class TestNetworkAcls:
    def subnet_and_acl(self, cloud: Cloud) -> tuple[str, Any]:
        ec2 = cloud.client("ec2")
        subnet_id = ec2.create_subnet(VpcId=vpc(cloud), CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
        return subnet_id, self.acls_of(cloud, subnet_id)

    def acls_of(self, cloud: Cloud, subnet_id: str) -> Any:
        filters = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        return cloud.client("ec2").describe_network_acls(Filters=filters)["NetworkAcls"]

    @closes("acl_of_a_subnet")
    def test_a_subnet_starts_on_its_vpc_s_default_acl(self, cloud: Cloud) -> None:
        subnet_id, acls = self.subnet_and_acl(cloud)
        (acl,) = acls
        assert acl["IsDefault"]
        assert subnet_id in [each["SubnetId"] for each in acl["Associations"]]

    @closes("replaced_association_keeps_its_subnet")
    def test_a_subnet_can_move_to_another_acl(self, cloud: Cloud) -> None:
        ec2 = cloud.client("ec2")
        subnet_id, (acl,) = self.subnet_and_acl(cloud)
        new = ec2.create_network_acl(VpcId=acl["VpcId"])["NetworkAcl"]["NetworkAclId"]
        (association,) = [each for each in acl["Associations"] if each["SubnetId"] == subnet_id]
        ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=new)
        (now,) = self.acls_of(cloud, subnet_id)
        assert now["NetworkAclId"] == new


@closes("set_peering_options", "describe_peering_options")
def test_each_side_of_a_peering_sets_its_own_dns_option(cloud: Cloud) -> None:
    here, there = cloud.client("ec2"), cloud.client("ec2", WEST)
    peering = here.create_vpc_peering_connection(VpcId=vpc(cloud), PeerVpcId=vpc(cloud, WEST), PeerRegion=WEST)
    peering_id = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    there.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
    allowed = {"AllowDnsResolutionFromRemoteVpc": True}

    here.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=peering_id, RequesterPeeringConnectionOptions=allowed
    )
    there.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=peering_id, AccepterPeeringConnectionOptions=allowed
    )

    for client in (here, there):
        described = client.describe_vpc_peering_connections(VpcPeeringConnectionIds=[peering_id])
        (found,) = described["VpcPeeringConnections"]
        for side in ("RequesterVpcInfo", "AccepterVpcInfo"):
            assert found[side]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
