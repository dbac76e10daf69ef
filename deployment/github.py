"""GitHub's OIDC provider and the role that its workflows deploy with: no long-lived keys, no ``*`` in an action."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deployment.aws import client, code
from deployment.deploy_actions import POLICIES, Grant
from deployment.roles import ensure_role, tags
from lib.settings import Settings

HOST = "token.actions.githubusercontent.com"
POLICY_CHARACTERS = 6_144
"""Without white space, of one managed policy; a role takes 10 of them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

ROLE = "github-deploy-global"
ENVIRONMENT = "production"
"""Of the repository on GitHub: its reviewers approve a deployment before the role can be assumed."""

SESSION_SECONDS = 7_200
"""Aurora in two regions may take an hour; a state that is not saved before credentials end is lost with the runner."""

_POLICY_VERSIONS = 5
"""As many as IAM keeps (same page)."""

_SINGLETONS = (ROLE, "apigateway-logs-global")
_ROLE_CHANGES = (
    "CreateRole",
    "DeleteRole",
    "DeleteRolePolicy",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
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
    name = f"{settings.prefix}-{ROLE}"
    trust = _trust(provider, repository)
    arn = ensure_role(iam, name, trust, f"Deploys {repository}", settings, session_seconds=SESSION_SECONDS)
    for part, document in permissions(settings).items():
        policy = _ensure_policy(iam, f"{settings.prefix}-github-deploy-{part}-global", compact(document), settings)
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return f"{arn} for {repository}"


def permissions(settings: Settings) -> dict[str, dict[str, Any]]:
    """The documents of the role's policies, by what each is about."""
    values = {
        "prefix": settings.prefix,
        "account": settings.account_id,
        "bucket": settings.effective_state_bucket,
        "domain": settings.domain,
        "zone": settings.hosted_zone_id or "*",
    }
    # Route 53 and STS may be served from us-east-1 and report that region.
    regions = sorted(
        {settings.primary_region, settings.standby_region, settings.effective_state_region, "us-east-1"},
    )
    statements = {part: [_statement(grant, values, regions) for grant in grants] for part, grants in POLICIES.items()}
    statements["functions"].append(_singletons_stay(settings))
    return {part: {"Version": "2012-10-17", "Statement": listed} for part, listed in statements.items()}


def compact(document: dict[str, Any]) -> str:
    """As IAM counts it: without white space."""
    return json.dumps(document, separators=(",", ":"))


def _statement(grant: Grant, values: dict[str, str], regions: list[str]) -> dict[str, Any]:
    conditions: dict[str, dict[str, list[str]]] = {}
    if grant.service != "iam":
        conditions["StringEquals"] = {"aws:RequestedRegion": regions}
    if grant.when:
        operator, key, wanted = grant.when
        conditions.setdefault(operator, {})[key] = [value.format(**values) for value in wanted]
    return {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": grant.full_actions,
        "Resource": [resource.format(**values) for resource in grant.on],
        **({"Condition": conditions} if conditions else {}),
    }


def _singletons_stay(settings: Settings) -> dict[str, Any]:
    """What bootstrap made carries the prefix too; a deployment must not change it, least of all this role."""
    return {
        "Sid": "NotWhatBootstrapMade",
        "Effect": "Deny",
        "Action": [f"iam:{action}" for action in _ROLE_CHANGES],
        "Resource": [f"arn:aws:iam::{settings.account_id}:role/{settings.prefix}-{name}" for name in _SINGLETONS],
    }


def _ensure_policy(iam: Any, name: str, document: str, settings: Settings) -> str:
    """The ARN of a managed policy with this document; a changed one becomes its new default version."""
    try:
        made = iam.create_policy(PolicyName=name, PolicyDocument=document, Tags=tags(settings))
        return str(made["Policy"]["Arn"])
    except ClientError as error:
        if code(error) != "EntityAlreadyExists":
            raise
    arn = f"arn:aws:iam::{settings.account_id}:policy/{name}"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    current = next(version["VersionId"] for version in versions if version["IsDefaultVersion"])
    if iam.get_policy_version(PolicyArn=arn, VersionId=current)["PolicyVersion"]["Document"] != json.loads(document):
        others = [version for version in versions if not version["IsDefaultVersion"]]
        if len(versions) >= _POLICY_VERSIONS:
            oldest = min(others, key=lambda version: version["CreateDate"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    return arn


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
                        f"{HOST}:sub": f"repo:{repository}:environment:{ENVIRONMENT}",
                    }
                },
            }
        ],
    }
