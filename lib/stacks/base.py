"""What every stack has: its backend, its providers and its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdktf import App, S3Backend, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags

from lib.constructs.context import RegionContext
from lib.settings import Settings
from lib.topology import Region


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
