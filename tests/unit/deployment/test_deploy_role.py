"""What the role that GitHub deploys with may do: spelled out, known to AWS, as narrow as AWS lets it be."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from policy_sentry.querying.actions import get_action_data

from deployment import bootstrap, github
from deployment.aws import client
from deployment.deploy_actions import POLICIES
from lib.settings import Settings
from tests.unit.app import Deployment

MANAGED_POLICIES_OF_A_ROLE = 10
GRANTS = [grant for grants in POLICIES.values() for grant in grants]
ACTIONS = sorted({action for grant in GRANTS for action in grant.full_actions})


@cache
def scopes(action: str) -> frozenset[str]:
    """The resource types that an action can be held to, as in the service authorization reference."""
    service, _, name = action.partition(":")
    data = get_action_data(service, name)
    return frozenset(row["resource_arn_format"] for row in data[service] if row["action"] == action) if data else data


def statements(settings: Settings) -> list[dict[str, Any]]:
    return [statement for document in github.permissions(settings).values() for statement in document["Statement"]]


def attached(settings: Settings) -> dict[str, tuple[str, dict[str, Any]]]:
    """By name: the version and the document of every policy that the role has in the account."""
    iam = client("iam", settings.primary_region)
    role = f"{settings.prefix}-github-deploy-global"
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    found = {}
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
        found[policy["PolicyName"]] = (version, document)
    return found


def test_every_action_is_spelled_out_and_known_to_aws() -> None:
    assert [action for action in ACTIONS if "*" in action or not scopes(action)] == []


def test_an_action_is_on_every_resource_only_where_aws_has_nothing_to_name() -> None:
    unscoped = {action for grant in GRANTS if grant.on == ("*",) for action in grant.full_actions}
    # Of these AWS can name resources: VPCs by their id alone, and alarms, which are looked up across all.
    assert {action for action in unscoped if scopes(action) != {"*"}} == {
        "ec2:DescribeVpcAttribute",
        "cloudwatch:DescribeAlarms",
    }


def test_an_action_on_an_arn_can_be_held_to_it() -> None:
    for grant in GRANTS:
        if grant.on != ("*",):
            assert [action for action in grant.full_actions if scopes(action) == {"*"}] == [], grant.sid


def test_every_statement_is_held_to_the_regions_of_the_deployment_but_those_of_iam() -> None:
    for statement in statements(Settings()):
        if not statement["Action"][0].startswith("iam:"):
            regions = statement["Condition"]["StringEquals"]["aws:RequestedRegion"]
            assert regions == ["us-east-1", "us-west-2"]


def test_it_passes_roles_to_the_services_that_the_stacks_roles_trust_and_to_no_other(deployment: Deployment) -> None:
    trusted = {"events.amazonaws.com"}  # starts the failover, if the settings say so
    for role in deployment.resources("aws_iam_role"):
        for statement in json.loads(role.body["assume_role_policy"])["Statement"]:
            trusted.add(statement["Principal"]["Service"])
    (passing,) = [statement for statement in statements(Settings()) if statement["Action"] == ["iam:PassRole"]]
    assert set(passing["Condition"]["StringEquals"]["iam:PassedToService"]) == trusted


def test_the_policies_fit_into_iam_with_the_longest_settings() -> None:
    settings = Settings().model_copy(
        update={"prefix": "p" * 8, "domain": f"{'d' * 186}.com", "state_bucket": "b" * 63, "state_region": "us-east-2"}
    )
    documents = github.permissions(settings)
    assert len(documents) <= MANAGED_POLICIES_OF_A_ROLE
    for part, document in documents.items():
        assert len(github.compact(document)) <= github.POLICY_CHARACTERS, part


def test_it_can_change_neither_itself_nor_another_singleton() -> None:
    (denied,) = [statement for statement in statements(Settings()) if statement["Effect"] == "Deny"]
    assert {resource.rpartition("/")[2] for resource in denied["Resource"]} == {
        "tap-github-deploy-global",
        f"tap-{bootstrap.LOGGING_ROLE}",
    }
    assert {"iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"} < set(denied["Action"])
    assert not {"iam:AttachRolePolicy", "iam:CreatePolicyVersion"} & set(ACTIONS)


def test_bootstrap_attaches_them_once_and_brings_a_changed_one_up_to_date(settings: Settings) -> None:
    settings = settings.model_copy(update={"prefix": "herald"})  # other tests share the emulator, and want no such role
    wanted = {
        f"{settings.prefix}-github-deploy-{part}-global": document
        for part, document in github.permissions(settings).items()
    }
    github.deploy_role(settings, "someone/tap")
    first = attached(settings)
    assert {name: document for name, (_, document) in first.items()} == wanted
    github.deploy_role(settings, "someone/tap")
    assert attached(settings) == first
    name = f"{settings.prefix}-github-deploy-edge-global"
    for zone in ("Z1", "Z2", "Z3", "Z4", "Z5", settings.hosted_zone_id):  # more often than IAM keeps versions
        github.deploy_role(settings.model_copy(update={"hosted_zone_id": zone}), "someone/tap")
        document = attached(settings)[name][1]
        (names,) = [statement for statement in document["Statement"] if statement["Sid"] == "Names"]
        assert names["Resource"] == [f"arn:aws:route53:::hostedzone/{zone or '*'}"]
    assert document == wanted[name]
