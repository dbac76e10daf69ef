"""Which region a construct builds in, and how things are called there."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.provider import AwsProvider

from lib.naming import Naming
from lib.topology import GLOBAL_SUFFIX, Region


@dataclass(frozen=True)
class RegionContext:
    """A region as seen by a stack: its provider, its peer and its names."""

    region: Region
    peer: Region
    provider: AwsProvider
    naming: Naming
    account_id: str

    def name(self, resource: str) -> str:
        """The name of ``resource`` in this region."""
        return self.naming.name(resource, self.region.suffix)

    def global_name(self, resource: str) -> str:
        """The name of ``resource`` when it spans both regions."""
        return self.naming.name(resource, GLOBAL_SUFFIX)

    def bucket_name(self, resource: str) -> str:
        """The name of a bucket in this region."""
        return self.naming.bucket(resource, self.region.suffix, self.account_id)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account in this region."""
        return f"arn:aws:{service}:{self.region.name}:{self.account_id}:{resource}"

    def tags(self, resource: str) -> dict[str, str]:
        """Tags for what has no name of its own but a ``Name`` tag."""
        return {"Name": self.name(resource)}
