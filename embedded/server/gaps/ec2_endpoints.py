"""EC2, VPC endpoints: policy, security groups, private DNS."""

import json
from typing import Any
from xml.sax.saxutils import escape

from embedded.server.patching import Service, around, gap

_OPEN_POLICY = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)


@gap(
    "services.ec2",
    "_ACTION_MAP[CreateVpcEndpoint]",
    "_create_vpc_endpoint",
    "_vpc_endpoints",
    "_p",
    "_parse_member_list",
)
def endpoint_settings_at_create(ec2: Service) -> None:
    """CreateVpcEndpoint drops the policy, the security groups and private DNS."""

    @around(ec2, "_ACTION_MAP[CreateVpcEndpoint]")
    def create(original: Any, parameters: Any) -> Any:
        before = set(ec2._vpc_endpoints)
        answer = original(parameters)
        for created in set(ec2._vpc_endpoints) - before:
            ec2._vpc_endpoints[created].update(
                PolicyDocument=ec2._p(parameters, "PolicyDocument"),
                Groups=ec2._parse_member_list(parameters, "SecurityGroupId"),
                PrivateDnsEnabled=ec2._p(parameters, "PrivateDnsEnabled") == "true",
            )
        return answer


@gap("services.ec2", "_ACTION_MAP[ModifyVpcEndpoint]", "_vpc_endpoints", "_p", "_parse_member_list")
def endpoint_settings_at_modify(ec2: Service) -> None:
    """ModifyVpcEndpoint drops the security groups and private DNS."""

    @around(ec2, "_ACTION_MAP[ModifyVpcEndpoint]")
    def modify(original: Any, parameters: Any) -> Any:
        answer = original(parameters)
        endpoint = ec2._vpc_endpoints.get(ec2._p(parameters, "VpcEndpointId"))
        if endpoint is not None:
            private_dns = ec2._p(parameters, "PrivateDnsEnabled")
            if private_dns:
                endpoint["PrivateDnsEnabled"] = private_dns == "true"
            removed = ec2._parse_member_list(parameters, "RemoveSecurityGroupId")
            kept = [group for group in endpoint.get("Groups", []) if group not in removed]
            endpoint["Groups"] = kept + ec2._parse_member_list(parameters, "AddSecurityGroupId")
        return answer


@gap("services.ec2", "_vpce_fields_xml", "_security_groups")
def endpoint_settings_described(ec2: Service) -> None:
    """DescribeVpcEndpoints shows neither policy nor security groups nor private DNS."""

    @around(ec2, "_vpce_fields_xml")
    def render(original: Any, endpoint: dict[str, Any], tag: str = "item") -> str:
        groups = "".join(
            f"<item><groupId>{group}</groupId>"
            f"<groupName>{escape((ec2._security_groups.get(group) or {}).get('GroupName', ''))}</groupName></item>"
            for group in endpoint.get("Groups", [])
        )
        policy = escape(endpoint.get("PolicyDocument") or _OPEN_POLICY)
        private_dns = str(bool(endpoint.get("PrivateDnsEnabled"))).lower()
        described = (
            f"<policyDocument>{policy}</policyDocument><groupSet>{groups}</groupSet>"
            f"<privateDnsEnabled>{private_dns}</privateDnsEnabled>"
        )
        xml: str = original(endpoint, tag)
        return xml.replace("</vpcEndpointId>", f"</vpcEndpointId>{described}", 1)
