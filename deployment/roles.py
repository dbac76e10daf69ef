"""Roles of the account, made by boto3 because no stack owns them."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deployment.aws import code
from lib.settings import Settings

SESSION_SECONDS = 3_600
"""How long credentials of a role hold at most, unless it says otherwise: IAM's own default."""


def ensure_role(
    iam: Any,
    name: str,
    trust: dict[str, Any],
    description: str,
    settings: Settings,
    session_seconds: int = SESSION_SECONDS,
) -> str:
    """The ARN of a role with this trust policy, created or brought up to date."""
    try:
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(trust),
            Description=description,
            MaxSessionDuration=session_seconds,
            Tags=tags(settings),
        )
    except ClientError as error:
        if code(error) != "EntityAlreadyExists":
            raise
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        iam.update_role(RoleName=name, MaxSessionDuration=session_seconds)
        role = iam.get_role(RoleName=name)
    return str(role["Role"]["Arn"])


def tags(settings: Settings) -> list[dict[str, str]]:
    """What everything that bootstrap makes is tagged with."""
    return [{"Key": "Project", "Value": settings.prefix}, {"Key": "ManagedBy", "Value": "bootstrap"}]
