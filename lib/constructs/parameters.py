"""What a region tells whoever cannot ask Terraform, whose state lies in one region: perhaps in the lost one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import Grantee

STATUS: Final = "make status"
"""The reader of most parameters: what a person asks first when a region is lost."""


@dataclass(frozen=True)
class Parameter:
    """One name and its value, in one region."""

    name: str
    arn: str

    def grant_read(self, grantee: Grantee) -> None:
        """Let ``grantee`` read the value."""
        grantee.allow("ssm:GetParameter", on=self.arn)

    def grant_mirror(self, grantee: Grantee) -> None:
        """Let ``grantee`` keep the value as something else says."""
        grantee.allow("ssm:GetParameter", "ssm:PutParameter", on=self.arn)


class Parameters(Construct):
    """Names and addresses. None of them is a secret."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext) -> None:
        super().__init__(scope, id_)
        self._at = at

    def tell(self, resource: str, value: str, *, reader: str) -> None:
        """Keep ``value`` where ``reader`` looks for it."""
        self._parameter(resource, value, reader, lifecycle=None)

    def start(self, resource: str, first: str, *, reader: str) -> Parameter:
        """A parameter whose value belongs to somebody else once it is there: a mirror, or a flag."""
        return self._parameter(
            resource, first, reader, lifecycle=TerraformResourceLifecycle(ignore_changes=["insecure_value"])
        )

    def _parameter(
        self, resource: str, value: str, reader: str, *, lifecycle: TerraformResourceLifecycle | None
    ) -> Parameter:
        name = self._at.name(resource)
        SsmParameter(
            self,
            resource,
            provider=self._at.provider,
            name=name,
            type="String",
            # Not "value", which Terraform hides in plans as if it were a secret.
            insecure_value=value,
            description=f"Read by {reader}",
            lifecycle=lifecycle,
        )
        return Parameter(name, self._at.arn("ssm", f"parameter/{name}"))
