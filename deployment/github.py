"""GitHub's OIDC provider and the role that its workflows deploy with: no long-lived keys."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deployment.aws import client, code
from deployment.roles import ensure_role
from lib.settings import Settings

HOST = "token.actions.githubusercontent.com"
_SERVICES = (
    *("acm", "apigateway", "backup", "cloudwatch", "dynamodb", "ec2", "events", "kms", "lambda", "logs", "rds"),
    *("route53", "s3", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "states", "wafv2", "xray"),
)
_ROLE_ACTIONS = (
    *(
        "CreateRole",
        "DeleteRole",
        "GetRole",
        "UpdateRole",
        "UpdateAssumeRolePolicy",
        "TagRole",
        "UntagRole",
        "ListRoleTags",
    ),
    *("PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies"),
    "ListInstanceProfilesForRole",
)


def deploy_role(settings: Settings, repository: str) -> str:
    """A role that only this repository's ``production`` environment on GitHub may assume."""
    iam = client("iam", settings.primary_region)
    provider = f"arn:aws:iam::{settings.account_id}:oidc-provider/{HOST}"
    try:
        iam.create_open_id_connect_provider(Url=f"https://{HOST}", ClientIDList=["sts.amazonaws.com"])
    except ClientError as error:
        if code(error) != "EntityAlreadyExists":
            raise
    name = f"{settings.prefix}-github-deploy-global"
    arn = ensure_role(iam, name, _trust(provider, repository), f"Deploys {repository}", settings)
    iam.put_role_policy(RoleName=name, PolicyName="deploy", PolicyDocument=json.dumps(_permissions(settings, name)))
    return f"{arn} for {repository}"


def _trust(provider: str, repository: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{HOST}:aud": "sts.amazonaws.com",
                        f"{HOST}:sub": f"repo:{repository}:environment:production",
                    }
                },
            }
        ],
    }


def _permissions(settings: Settings, name: str) -> dict[str, Any]:
    """The services of the stacks in the two regions, and IAM for the roles that carry the prefix."""
    regions = [settings.primary_region, settings.standby_region, settings.effective_state_region]
    iam = f"arn:aws:iam::{settings.account_id}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Services",
                "Effect": "Allow",
                "Action": [f"{service}:*" for service in _SERVICES],
                "Resource": "*",
                # Route 53 is served from us-east-1 and reports that region.
                "Condition": {"StringEquals": {"aws:RequestedRegion": sorted({*regions, "us-east-1"})}},
            },
            {
                "Sid": "RolesOfThisProject",
                "Effect": "Allow",
                "Action": [f"iam:{action}" for action in _ROLE_ACTIONS],
                "Resource": f"{iam}:role/{settings.prefix}-*",
            },
            {
                "Sid": "RolesForServices",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": f"{iam}:role/{settings.prefix}-*",
                "Condition": {"StringLike": {"iam:PassedToService": "*.amazonaws.com"}},
            },
            {
                "Sid": "NotItself",
                "Effect": "Deny",
                "Action": ["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"],
                "Resource": f"{iam}:role/{name}",
            },
            {
                "Sid": "ServiceLinkedRoles",
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": f"{iam}:role/aws-service-role/*",
            },
        ],
    }
