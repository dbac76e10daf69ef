"""Primary and standby differ only in what their roles allow, and swapping the roles mirrors the whole deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit.app import STACKS, Deployment, synthesize

MIRROR = {"use1": "usw2", "usw2": "use1", "us-east-1": "us-west-2", "us-west-2": "us-east-1"}
OTHER_NETWORK = {"10.20.": "10.30.", "10.30.": "10.20."}
THIRD_ZONE = {"use1-az4": "use1-az3"}
"""us-east-1's third zone; construct ids carry its number, so that it must be equal before regions are exchanged."""

Path = tuple[str, ...]


def exchanged(text: str, *exchanges: Mapping[str, str]) -> str:
    """``text`` with all keys of ``exchanges`` replaced at once, longest first."""
    pairs = {old: new for exchange in exchanges for old, new in exchange.items()}
    return re.sub("|".join(sorted(map(re.escape, pairs), key=len, reverse=True)), lambda found: pairs[found[0]], text)


def plain(text: str) -> str:
    """``text`` without the hashes of construct paths, in which ids differ, and with the same zones in both regions."""
    text = exchanged(text, THIRD_ZONE)
    return re.sub(r"\baz4\b|(?<=-)az4", "az3", re.sub(r"_[0-9A-F]{8}", "", text))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar with the way to it; documents inside strings are opened, and statements ordered."""
    if isinstance(value, str) and value.startswith("{") and not value.startswith("{%"):
        value = json.loads(value)
    if value and isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif value and isinstance(value, list):
        ordered = sorted(value, key=json.dumps) if path[-1] == "Statement" else value
        for index, inner in enumerate(ordered):
            yield from leaves(inner, (*path, str(index)))
    else:
        yield path, value


def differences(one: str, other: str) -> set[Path]:
    """Where two stacks' texts differ, as the paths to the differing values."""
    first, second = (dict(leaves(without_metadata(json.loads(text)))) for text in (one, other))
    return {path for path in first.keys() | second.keys() if first.get(path) != second.get(path)}


def without_metadata(stack: dict[str, Any]) -> dict[str, Any]:
    """A stack without what CDKTF writes for itself."""
    stack.pop("//")
    for section in ("resource", "data"):
        for bodies in stack.get(section, {}).values():
            for body in bodies.values():
                body.pop("//", None)
    return stack


def text(deployment: Deployment, stack: str) -> str:
    return plain((deployment.folder / "stacks" / stack / "cdk.tf.json").read_text(encoding="utf-8"))


def own_copies(stack: str) -> str:
    """A region's stack with one name for what exists once per region: the key, and each secret."""
    stack = stack.replace("aws_kms_replica_keykey_replicaarn", "aws_kms_keykeyarn")
    return re.sub(r"local(\w+-secret)_replica-arn", r"aws_secretsmanager_secret\1arn", stack)


ROLE_ALLOWS = {
    # The primary creates the database, its master user and its schema; the standby joins as a reader.
    ("resource", "aws_rds_cluster", "ledger_cluster"): {
        "database_name",
        "master_username",
        "master_password_wo",
        "master_password_wo_version",
        "source_region",
    },
    ("ephemeral", "aws_secretsmanager_secret_version", "ledger_master"): {"provider", "secret_id"},
    ("resource", "aws_lambda_invocation", "migration_run"): {
        "depends_on", "function_name", "input", "provider", "triggers",
    },
    # The standby's consumer is off until a failover.
    ("resource", "aws_lambda_event_source_mapping", "queue_mapping"): {"enabled"},
    # Route 53's metrics exist in us-east-1 only, so the routing stack's alarms use that region's topic.
    ("output", "cross-stack-output-aws_sns_topicalerts_topicarn"): {"sensitive", "value"},
    ("provider", "aws", "0", "default_tags", "0", "tags"): {"RegionRole"},
    # Each has its own state; all states are in one place.
    ("terraform", "backend", "s3"): {"key", "bucket", "region"},
    ("data", "terraform_remote_state", "cross-stack-reference-input-global", "config"): {"bucket", "region"},
}  # fmt: skip


def test_the_two_regions_differ_only_in_what_their_roles_allow(deployment: Deployment) -> None:
    primary = exchanged(own_copies(text(deployment, "primary")), MIRROR, OTHER_NETWORK)
    found: dict[Path, set[str]] = {}
    for path in differences(primary, own_copies(text(deployment, "secondary"))):
        (place,) = [place for place in ROLE_ALLOWS if path[: len(place)] == place] or [path]
        found.setdefault(place, set()).add(path[len(place)] if len(path) > len(place) else "")
    assert found == ROLE_ALLOWS


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesize(tmp_path_factory.mktemp("swapped"), primary_region="us-west-2", standby_region="us-east-1")


PINNED_TO_US_EAST_1 = {
    # AWS/Route53 metrics: the alarms stay where they are, and with them the topic that they tell.
    "routing": {
        ("resource", "aws_cloudwatch_metric_alarm", "alarm-primary-health"),
        ("resource", "aws_cloudwatch_metric_alarm", "alarm-standby-health"),
    },
    "primary": {("output", "cross-stack-output-aws_sns_topicalerts_topicarn")},
    "secondary": {("output", "cross-stack-output-aws_sns_topicalerts_topicarn")},
    "global": set(),
}


@pytest.mark.parametrize("stack", STACKS)
def test_swapped_roles_give_the_mirrored_deployment(deployment: Deployment, swapped: Deployment, stack: str) -> None:
    mirrored = exchanged(text(deployment, stack), MIRROR)
    found = {path[:3] if path[0] == "resource" else path[:2] for path in differences(mirrored, text(swapped, stack))}
    assert found == PINNED_TO_US_EAST_1[stack]


def test_the_alarms_on_both_regions_health_are_where_their_metric_is(
    deployment: Deployment, swapped: Deployment
) -> None:
    for roles, topic, sides in (
        (deployment, "primary", {"primary": "use1", "standby": "usw2"}),
        (swapped, "secondary", {"primary": "usw2", "standby": "use1"}),
    ):
        alarms = [alarm for alarm in roles.resources("aws_cloudwatch_metric_alarm") if alarm.stack == "routing"]
        assert {alarm.path for alarm in alarms} == {"alarm-primary-health", "alarm-standby-health"}
        for alarm in alarms:
            assert roles.region_of(alarm) == "us-east-1"
            (action,) = alarm.body["alarm_actions"]
            assert roles.target("routing", action).stack == topic
            check = roles.target("routing", alarm.body["dimensions"]["HealthCheckId"])
            assert check.path == f"health/{sides[alarm.path.split('-')[1]]}"


@pytest.mark.parametrize(("primary", "standby"), [("us-east-1", "us-east-2"), ("us-east-2", "us-east-1")])
def test_the_other_pair_of_regions_gives_the_same_deployment(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory, primary: str, standby: str
) -> None:
    other = synthesize(tmp_path_factory.mktemp("pair"), primary_region=primary, standby_region=standby)
    addresses = [{plain(it.address.replace("use2", "usw2")) for it in each.resources()} for each in (deployment, other)]
    if primary == "us-east-2":
        addresses[0] = {exchanged(address, MIRROR) for address in addresses[0]}
    assert addresses[0] == addresses[1]
    assert {other.region_of(resource) for resource in other.resources()} == {primary, standby}
