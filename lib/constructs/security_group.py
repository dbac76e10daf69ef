"""Security groups that allow nothing until somebody connects them."""

from __future__ import annotations

from typing import Any, Final

from cdktf import Token
from cdktf_cdktf_provider_aws.security_group import SecurityGroup as AwsSecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from lib.constructs.context import RegionContext

HTTPS: Final = 443


class SecurityGroup(Construct):
    """A security group without rules; the methods add single TCP rules, each with a description.

    Rules are resources of their own, because two groups that name each other inline make a circle. Ports are numbers
    or number tokens. Descriptions may hold letters, digits, spaces and ``._-:/()#,@[]+=&;{}!$*``.
    """

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, resource: str, vpc_id: str, description: str
    ) -> None:
        super().__init__(scope, id_)
        self.resource = resource
        self._at = at
        self._group = AwsSecurityGroup(
            self,
            "group",
            name=at.name(resource),
            description=description,
            vpc_id=vpc_id,
            tags=at.tags(resource),
            provider=at.provider,
        )

    @property
    def id(self) -> str:
        """The id of the group."""
        return str(self._group.id)

    def connect(self, to: SecurityGroup, port: float, description: str | None = None) -> None:
        """Let members of this group open connections to members of ``to``: the rule here and the one there."""
        self.allow_to(to, port, description)
        to.allow_from(self, port, description)

    def allow_from(self, other: SecurityGroup, port: float, description: str | None = None) -> None:
        """Accept connections from members of ``other``, a group of the same region."""
        self._ingress(other.resource, port, description, referenced_security_group_id=other.id)

    def allow_to(self, other: SecurityGroup, port: float, description: str | None = None) -> None:
        """Open connections to members of ``other``, a group of the same region."""
        self._egress(other.resource, port, description, referenced_security_group_id=other.id)

    def allow_to_prefix_list(self, prefix_list_id: str, port: float, *, peer: str) -> None:
        """Open connections to an AWS service behind a gateway endpoint; ``peer`` is its name (``dynamodb``)."""
        self._egress(peer, port, None, prefix_list_id=prefix_list_id)

    def allow_from_range(self, cidr: str, port: float, *, peer: str) -> None:
        """Accept connections from addresses: for the other region, whose groups cannot be named; ``peer`` says what."""
        self._ingress(peer, port, None, cidr_ipv4=cidr)

    def allow_to_range(self, cidr: str, port: float, *, peer: str) -> None:
        """Open connections to addresses: for the other region, whose groups cannot be named; ``peer`` says what."""
        self._egress(peer, port, None, cidr_ipv4=cidr)

    def _ingress(self, peer: str, port: float, description: str | None, **source: Any) -> None:
        VpcSecurityGroupIngressRule(
            self, _rule_id("from", peer, port), **self._rule("from", peer, port, description), **source
        )

    def _egress(self, peer: str, port: float, description: str | None, **target: Any) -> None:
        VpcSecurityGroupEgressRule(
            self, _rule_id("to", peer, port), **self._rule("to", peer, port, description), **target
        )

    def _rule(self, direction: str, peer: str, port: float, description: str | None) -> dict[str, Any]:
        return {
            "security_group_id": self.id,
            "ip_protocol": "tcp",
            "from_port": port,
            "to_port": port,
            "description": description or f"{self.resource} {direction} {peer}",
            "tags": self._at.tags(f"{self.resource}-{direction}-{peer}"),
            "provider": self._at.provider,
        }


def _rule_id(direction: str, peer: str, port: float) -> str:
    # A token's text changes from run to run, and with it Terraform's address of the rule.
    return f"{direction}-{peer}" if Token.is_unresolved(port) else f"{direction}-{peer}-{port:g}"
