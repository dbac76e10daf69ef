"""EC2, network ACLs: which subnet uses which, and port ranges."""

import uuid
from typing import Any

from embedded.server.patching import Service, around, gap


def _associate_with_default(ec2: Service, subnet_id: str) -> None:
    acls = ec2._network_acls.values()
    if any(each["SubnetId"] == subnet_id for acl in acls for each in acl["Associations"]):
        return
    vpc_id = (ec2._subnets.get(subnet_id) or {}).get("VpcId")
    for acl in acls:
        if acl["IsDefault"] and acl["VpcId"] == vpc_id:
            association = {"NetworkAclAssociationId": f"aclassoc-{uuid.uuid4().hex[:17]}", "SubnetId": subnet_id}
            acl["Associations"].append(association)


@gap("services.ec2", "_ACTION_MAP[DescribeNetworkAcls]", "_network_acls", "_subnets", "_parse_filters")
def acl_of_a_subnet(ec2: Service) -> None:
    """DescribeNetworkAcls ignores filters by association, and subnets do not start on their VPC's default ACL."""

    @around(ec2, "_ACTION_MAP[DescribeNetworkAcls]")
    def describe(original: Any, parameters: dict[str, Any]) -> Any:
        filters = ec2._parse_filters(parameters)
        subnets = filters.get("association.subnet-id")
        associations = filters.get("association.association-id")
        for subnet_id in subnets or []:
            _associate_with_default(ec2, subnet_id)
        if not subnets and not associations:
            return original(parameters)
        found = [
            acl["NetworkAclId"]
            for acl in ec2._network_acls.values()
            if any(
                (not subnets or each["SubnetId"] in subnets)
                and (not associations or each["NetworkAclAssociationId"] in associations)
                for each in acl["Associations"]
            )
        ]
        others = {name: value for name, value in parameters.items() if not name.startswith("NetworkAclId")}
        wanted = {f"NetworkAclId.{n}": acl_id for n, acl_id in enumerate(found or ["acl-none"], 1)}
        return original({**others, **wanted})


@gap("services.ec2", "_ACTION_MAP[ReplaceNetworkAclAssociation]", "_network_acls", "_p")
def replaced_association_keeps_its_subnet(ec2: Service) -> None:
    """ReplaceNetworkAclAssociation forgets the subnet."""

    @around(ec2, "_ACTION_MAP[ReplaceNetworkAclAssociation]")
    def replace(original: Any, parameters: Any) -> Any:
        association = ec2._p(parameters, "AssociationId")
        every = [each for acl in ec2._network_acls.values() for each in acl["Associations"]]
        subnet_id = next((each["SubnetId"] for each in every if each["NetworkAclAssociationId"] == association), "")
        answer = original(parameters)
        for each in (ec2._network_acls.get(ec2._p(parameters, "NetworkAclId")) or {}).get("Associations", []):
            each["SubnetId"] = each["SubnetId"] or subnet_id
        return answer
