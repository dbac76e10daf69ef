"""EC2, security groups: rules that name a prefix list, and rules for every protocol."""

from typing import Any
from xml.sax.saxutils import escape

from embedded.server.patching import Service, around, gap


@gap("services.ec2", "_parse_ip_permissions", "_p")
def prefix_lists_in(ec2: Service) -> None:
    """A rule's prefix lists are not read."""

    @around(ec2, "_parse_ip_permissions")
    def parse(original: Any, parameters: Any, prefix: str) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = original(parameters, prefix)
        for number, rule in enumerate(rules, 1):
            base = f"{prefix}.{number}.PrefixListIds"
            count = 1
            while prefix_list := ec2._p(parameters, f"{base}.{count}.PrefixListId"):
                entry = {"PrefixListId": prefix_list}
                if description := ec2._p(parameters, f"{base}.{count}.Description"):
                    entry["Description"] = description
                rule["PrefixListIds"].append(entry)
                count += 1
        return rules


@gap("services.ec2", "_parse_ip_permissions")
def every_protocol_has_no_ports(ec2: Service) -> None:
    """Revoking the default egress rule as protocol -1 with ports 0 to 0 revokes nothing: every group stays open."""

    @around(ec2, "_parse_ip_permissions")
    def parse(original: Any, parameters: Any, prefix: str) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = original(parameters, prefix)
        for rule in rules:
            if rule["IpProtocol"] == "-1":
                rule.pop("FromPort", None)
                rule.pop("ToPort", None)
        return rules


@gap("services.ec2", "_sg_rule_xml", "_sg_rule_id", "_sg_rule_tag_suffix", "_sg_rule_description", "get_account_id")
def prefix_lists_out(ec2: Service) -> None:
    """A rule's prefix lists are not shown."""

    @around(ec2, "_sg_rule_xml")
    def render(original: Any, group_id: str, rule: dict[str, Any], is_egress: bool = False) -> str:
        prefix_lists = rule.get("PrefixListIds", [])
        if not prefix_lists:
            return original(group_id, rule, is_egress=is_egress)  # type: ignore[no-any-return]
        others = any(rule.get(kind) for kind in ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs"))
        rule_id = ec2._sg_rule_id(group_id, is_egress, rule)
        description = ec2._sg_rule_description(rule)
        common = (
            f"<securityGroupRuleId>{rule_id}</securityGroupRuleId><groupId>{group_id}</groupId>"
            f"<groupOwnerId>{ec2.get_account_id()}</groupOwnerId><isEgress>{str(is_egress).lower()}</isEgress>"
            f"<ipProtocol>{rule.get('IpProtocol', '-1')}</ipProtocol><fromPort>{rule.get('FromPort', -1)}</fromPort>"
            f"<toPort>{rule.get('ToPort', -1)}</toPort>"
            + (f"<description>{escape(description)}</description>" if description else "")
            + ec2._sg_rule_tag_suffix(rule_id)
        )
        items = "".join(
            f"<item>{common}<prefixListId>{prefix_list['PrefixListId']}</prefixListId></item>"
            for prefix_list in prefix_lists
        )
        return (original(group_id, rule, is_egress=is_egress) if others else "") + items
