"""The role of an AWS service that works for this account."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import Condition, Statement, allow, allow_unscoped, document, trust


class ServiceRole(Construct):
    """A role that one service assumes, and that may do what is granted to it and nothing else."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        resource: str,
        service: str,
        description: str,
        source_arn: str | None = None,
    ) -> None:
        """``source_arn`` is the one resource on behalf of which the service may assume the role."""
        super().__init__(scope, id_)
        self._region = at.region.name
        role = IamRole(
            self,
            "role",
            provider=at.provider,
            name=at.name(resource),
            description=description,
            assume_role_policy=trust(service, account_id=at.account_id, source_arn=source_arn),
        )
        self._statements: list[Statement] = []
        self.policy = IamRolePolicy(
            self, "policy", provider=at.provider, name=at.name(resource), role=role.id, policy=document([])
        )
        self.arn: str = role.arn

    def allow(self, *actions: str, on: str | Sequence[str], when: Condition | None = None) -> None:
        """Let the service do ``actions`` on exact ARNs."""
        self._add(allow(*actions, on=on, when=when))

    def allow_unscoped(self, *actions: str) -> None:
        """Let the service do ``actions`` that IAM cannot scope to a resource, in the role's region."""
        self._add(allow_unscoped(*actions, region=self._region))

    def _add(self, statement: Statement) -> None:
        if statement not in self._statements:
            self._statements.append(statement)
        self.policy.policy = document(self._statements)
