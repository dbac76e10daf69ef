"""EC2, VPC peering: DNS options of both sides, whichever region they are set in."""

import re
from typing import Any

from embedded.server.patching import Answer, Service, around, gap, text

_DNS = "AllowDnsResolutionFromRemoteVpc"
_SIDES = ("Requester", "Accepter")


@gap("services.ec2", "_ACTION_MAP", "_vpc_peering", "_p", "_xml", "_error")
def set_peering_options(ec2: Service) -> None:
    """ModifyVpcPeeringConnectionOptions is unknown."""

    def modify(parameters: Any) -> Any:
        peering_id = ec2._p(parameters, "VpcPeeringConnectionId")
        if peering_id not in ec2._vpc_peering:
            message = f"The vpcPeeringConnection ID '{peering_id}' does not exist"
            return ec2._error("InvalidVpcPeeringConnectionID.NotFound", message, 400)
        changed = ""
        for side in _SIDES:
            value = ec2._p(parameters, f"{side}PeeringConnectionOptions.{_DNS}", None)
            if value is None:
                continue
            # The record exists once per region; an option belongs to both.
            for key, record in ec2._vpc_peering._data.items():
                if key[-1] == peering_id:
                    record[f"{side}VpcInfo"]["PeeringOptions"] = value
            element = f"{side.lower()}PeeringConnectionOptions"
            changed += (
                f"<{element}><allowDnsResolutionFromRemoteVpc>{value}</allowDnsResolutionFromRemoteVpc></{element}>"
            )
        return ec2._xml(200, "ModifyVpcPeeringConnectionOptionsResponse", changed)

    ec2._ACTION_MAP["ModifyVpcPeeringConnectionOptions"] = modify


@gap("services.ec2", "_ACTION_MAP[DescribeVpcPeeringConnections]", "_vpc_peering")
def describe_peering_options(ec2: Service) -> None:
    """DescribeVpcPeeringConnections shows no options."""

    def with_options(found: re.Match[str]) -> str:
        xml = found[0]
        record = ec2._vpc_peering.get(found[1]) or {}
        for side in _SIDES:
            value = record.get(f"{side}VpcInfo", {}).get("PeeringOptions", "false")
            options = f"<allowDnsResolutionFromRemoteVpc>{value}</allowDnsResolutionFromRemoteVpc>"
            closing = f"</{side.lower()}VpcInfo>"
            xml = xml.replace(closing, f"<peeringOptions>{options}</peeringOptions>{closing}")
        return xml

    @around(ec2, "_ACTION_MAP[DescribeVpcPeeringConnections]")
    def describe(original: Any, parameters: Any) -> Answer:
        status, headers, body = original(parameters)
        item = r"<vpcPeeringConnectionId>(.*?)</vpcPeeringConnectionId>.*?</accepterVpcInfo>"
        return status, headers, re.sub(item, with_options, text(body), flags=re.DOTALL).encode()
