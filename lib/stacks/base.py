"""What every stack has: its backend, its providers, and a guard against resources in a region that nobody named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jsii
from cdktf import (
    Annotations,
    App,
    Aspects,
    IAspect,
    S3Backend,
    TerraformDataSource,
    TerraformOutput,
    TerraformResource,
    TerraformStack,
)
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import IConstruct

from lib.constructs.context import RegionContext
from lib.settings import Settings
from lib.topology import Region


@jsii.implements(IAspect)
class NamesItsProvider:
    """Refuses a resource that does not name a provider of its own stack.

    Synth and validation would succeed, and Terraform put it in whatever region the environment names.
    """

    def __init__(self, own: Sequence[AwsProvider]) -> None:
        self._own = own

    def visit(self, node: IConstruct) -> None:
        """Called by CDKTF for every construct of the stack."""
        if not isinstance(node, TerraformResource | TerraformDataSource):
            return
        provider = node.provider
        # Asking whose provider it is takes six calls to Node; for one of our own the answer is known.
        if any(provider is own for own in self._own):
            return
        if provider is None:
            if node.terraform_resource_type.startswith("aws_"):
                Annotations.of(node).add_error("names no provider; pass provider=<context>.provider")
        elif TerraformStack.of(provider).node.path != TerraformStack.of(node).node.path:
            Annotations.of(node).add_error("names a provider of another stack; use this stack's own context")


class TapStack(TerraformStack):
    """A stack with its own state in the shared S3 backend and a provider per region."""

    def __init__(self, app: App, name: str, *, settings: Settings, regions: Sequence[Region]) -> None:
        super().__init__(app, name)
        self.settings = settings
        backend = S3Backend(
            self,
            bucket=settings.effective_state_bucket,
            key=f"{settings.environment_suffix}/{name}.tfstate",
            region=settings.effective_state_region,
            encrypt=True,
        )
        # S3's own lock instead of a DynamoDB table; the binding is older than the option.
        backend.add_override("use_lockfile", True)
        primary, _ = settings.roles
        self._role_names = {role.region.name: role.name for role in settings.roles}
        self._contexts = {
            region.name: RegionContext(
                region=region,
                peer=primary.peer if region == primary.region else primary.region,
                provider=self._provider(region, aliased=len(regions) > 1),
                naming=settings.naming,
                account_id=settings.account_id,
            )
            for region in regions
        }
        Aspects.of(self).add(NamesItsProvider([context.provider for context in self._contexts.values()]))

    def at(self, region: Region) -> RegionContext:
        """The context of one of this stack's regions."""
        return self._contexts[region.name]

    def outputs(self, values: Mapping[str, Any]) -> None:
        """Publish values for people, tests and the deployment's own round trip; none may be secret."""
        for name, value in values.items():
            output = TerraformOutput(self, f"output-{name}", value=value)
            output.override_logical_id(name)

    def _provider(self, region: Region, *, aliased: bool) -> AwsProvider:
        return AwsProvider(
            self,
            f"aws-{region.suffix}",
            alias=region.suffix if aliased else None,
            region=region.name,
            # A wrong profile in somebody's shell must not deploy into another account.
            allowed_account_ids=[self.settings.account_id],
            default_tags=[
                AwsProviderDefaultTags(
                    tags={
                        "Project": self.settings.prefix,
                        "Environment": self.settings.environment_suffix,
                        "RegionRole": self._role_names[region.name],
                        "ManagedBy": "terraform",
                    }
                )
            ],
        )
