"""Secrets that no state file, plan or log ever holds: generated ephemerally, written with write-only attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cdktf import Fn, TerraformLocal, TerraformStack
from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret, SecretsmanagerSecretReplica
from cdktf_cdktf_provider_aws.secretsmanager_secret_version import SecretsmanagerSecretVersion
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.keys import PlatformKey
from lib.constructs.policy import Grantee

SECRET_LENGTH: Final = 48
"""Letters and digits: 285 bits, and safe in any connection string."""


class ReplicatedSecret(Construct):
    """A secret with a replica in the standby region: a JSON object with a generated value in one of its fields."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        primary: RegionContext,
        standby: RegionContext,
        key: PlatformKey,
        resource: str,
        description: str,
        generated_field: str,
        fields: Mapping[str, str] | None = None,
        version: int,
    ) -> None:
        """``version`` is what to raise to have a new value generated and written."""
        super().__init__(scope, id_)
        self._key = key
        self.name = primary.global_name(resource)
        secret = SecretsmanagerSecret(
            self,
            "secret",
            provider=primary.provider,
            name=self.name,
            description=description,
            kms_key_id=key.in_region(primary.region.name).arn,
            # No recovery window: a destroyed environment can be deployed again at once, under the same names.
            recovery_window_in_days=0,
            force_overwrite_replica_secret=True,
            replica=[
                SecretsmanagerSecretReplica(
                    region=standby.region.name, kms_key_id=key.in_region(standby.region.name).arn
                )
            ],
        )
        generated = _ephemeral_password(self, at=primary)
        constant = "".join(f'"{name}" = "{value}", ' for name, value in (fields or {}).items())
        SecretsmanagerSecretVersion(
            self,
            "value",
            provider=primary.provider,
            secret_id=secret.id,
            secret_string_wo=f'${{jsonencode({{{constant}"{generated_field}" = {generated}}})}}',
            secret_string_wo_version=version,
        )
        # A local, because the quotes of a function call inside a policy would keep scanners from reading it as JSON.
        replica = TerraformLocal(
            self, "replica-arn", Fn.replace(secret.arn, f":{primary.region.name}:", f":{standby.region.name}:")
        )
        self._arns = {primary.region.name: secret.arn, standby.region.name: replica.as_string}

    def arn_in(self, region: str) -> str:
        """The ARN in a region: replicas keep the name and its random ending, only the region differs.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
        """
        return self._arns[region]

    def arns(self, *regions: str) -> dict[str, str]:
        """The ARN by region name."""
        return {region: self.arn_in(region) for region in regions}

    def grant_read(self, grantee: Grantee, *, region: str) -> None:
        """Let ``grantee`` read the copy in its own region, and nothing else."""
        grantee.allow("secretsmanager:GetSecretValue", on=self.arn_in(region))
        self._key.in_region(region).grant_decrypt(grantee, via="secretsmanager")


def _ephemeral_password(scope: Construct, *, at: RegionContext) -> str:
    """Declare an ephemeral random password and return the expression that reads it.

    Ephemeral blocks have no construct in CDKTF; an override writes them.
    """
    name = scope.node.path.split("/", 1)[1].replace("/", "_")
    TerraformStack.of(scope).add_override(
        f"ephemeral.aws_secretsmanager_random_password.{name}",
        {
            "provider": at.provider.fqn,
            "password_length": SECRET_LENGTH,
            "exclude_punctuation": True,
            "require_each_included_type": True,
        },
    )
    return f"ephemeral.aws_secretsmanager_random_password.{name}.random_password"
