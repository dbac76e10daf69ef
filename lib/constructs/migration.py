"""The ledger's schema, brought up to date by Terraform once per deployed version of the code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.functions import Function


class Migration(Construct):
    """Invokes the migration function on the writer, again whenever the code or the credentials change."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        function: Function,
        code_sha256: str,
        credentials_version: int,
        after: Sequence[ITerraformDependable],
    ) -> None:
        """``after`` are the writer's instances: before one is available the endpoint accepts no connection."""
        super().__init__(scope, id_)
        LambdaInvocation(
            self,
            "run",
            provider=at.provider,
            function_name=function.function_name,
            input=json.dumps({}),
            triggers={"code": code_sha256, "credentials_version": str(credentials_version)},
            depends_on=list(after),
        )
