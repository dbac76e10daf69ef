"""The role that GitHub deploys with may do all that a deployment was seen to do.

The embedded AWS records every permission that is used. What it cannot know (``iam:PassRole``, permissions that AWS
asks for beside the one of a call) is not judged here.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from deployment import github, session, target
from deployment.bootstrap import LOGGING_ROLE
from lib.settings import Settings
from tests.integration.platform import Platform

pytestmark = pytest.mark.embedded_only

DEPLOYING = ("terraform", target.APPLICATION)
UNKNOWN = "*"
"""What the record says where the emulator cannot tell the resource."""

NOT_ITS_TASK = (
    # An administrator bootstraps; on the embedded AWS every deploy does.
    *(("s3:CreateBucket", "*"), ("s3:Put*Configuration", "*"), ("s3:PutBucket*", "*")),
    ("apigateway:PATCH", "*/account"),
    *((f"iam:{action}Role*", f"*-{LOGGING_ROLE}") for action in ("Create", "Put", "Update", "Get")),
    *(("iam:CreateOpenIDConnectProvider", "*"), ("iam:CreatePolicy", "*"), ("iam:*", "*-github-deploy-*")),
    # An account brings its hosted zone; on the embedded AWS the deployment makes one.
    *((f"route53:{action}HostedZone", "*") for action in ("Create", "Delete")),
    *((f"route53:{action}", "arn:aws:route53:::hostedzone/*") for action in ("ChangeTagsForResource", "GetDNSSEC")),
)


@pytest.fixture
def destroyed() -> Iterator[target.Embedded]:
    """The embedded AWS on which a deployment was destroyed."""
    before = dict(os.environ)
    place = target.attach("embedded")
    assert isinstance(place, target.Embedded), "There is no embedded AWS to look at"
    yield place
    os.environ.clear()
    os.environ.update(before)


def used(place: target.Embedded) -> list[tuple[str, str, str]]:
    """Action, region and resource of every permission that Terraform and the driver have used."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{place.emulator.endpoint}/_embedded/actions", timeout=30) as response:
        record = json.load(response)
    return [
        (use["action"], use["region"], resource)
        for use in record
        if use["principal"] == "root" and use["tool"] in DEPLOYING
        for resource in use["resources"]
    ]


def refused(settings: Settings, uses: list[tuple[str, str, str]]) -> list[str]:
    """What of it the role may not do, although it is its task."""
    documents = github.permissions(settings).values()
    statements = [statement for document in documents for statement in document["Statement"]]
    return sorted(
        f"{action} in {region} on {resource}"
        for action, region, resource in uses
        if not any(fnmatchcase(action, task) and fnmatchcase(resource, on) for task, on in NOT_ITS_TASK)
        and not allowed(statements, action, region, resource)
    )


def allowed(statements: list[dict[str, Any]], action: str, region: str, resource: str) -> bool:
    """As IAM decides; conditions other than the region's are about what the record does not tell."""
    effects = set()
    for statement in statements:
        conditions = statement.get("Condition", {}).get("StringEquals", {})
        if (
            action in statement["Action"]
            and region in conditions.get("aws:RequestedRegion", [region])
            and (resource == UNKNOWN or any(fnmatchcase(resource, on) for on in statement["Resource"]))
        ):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def test_the_role_may_do_what_the_deploy_and_the_second_plan_did(platform: Platform) -> None:
    assert isinstance(platform.place, target.Embedded)
    uses = used(platform.place)
    assert {"ec2:CreateVpc", "rds:CreateDBCluster", "s3:PutObject"} < {action for action, _, _ in uses}
    assert refused(platform.settings, uses) == []


@pytest.mark.after_destroy
def test_the_role_may_do_what_the_destroy_did(destroyed: target.Embedded) -> None:
    uses = used(destroyed)
    assert {"ec2:DeleteVpc", "rds:DeleteDBCluster", "s3:DeleteObject"} < {action for action, _, _ in uses}
    assert refused(session.settings(), uses) == []
