"""What the examples of the destroyability rules cannot show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policies.examples import write
from policies.judge import judge
from policies.model.reading import read
from policies.rule import Example, Rule
from policies.rules.destroyability.forgotten import destroy_forgotten
from policies.rules.destroyability.log_groups import destroy_log_group
from policies.rules.destroyability.protection import destroy_protection
from policies.rules.destroyability.retained import destroy_retained

FUNCTION: dict[str, object] = {"function_name": "tap-webhook", "depends_on": ["aws_cloudwatch_log_group.logs"]}


def sentences(rule: object, example: Example, folder: Path) -> list[str]:
    assert isinstance(rule, Rule)
    verdict = judge(read(write(example, folder)), [rule])
    assert not verdict.problems
    return [finding.message for finding in verdict.findings]


@pytest.mark.parametrize("others", [[], [{"from": "aws_sqs_queue.older", "lifecycle": {"destroy": True}}]])
def test_a_removed_block_is_named_by_what_it_removes(others: list[object], tmp_path: Path) -> None:
    removed: Any = [*others, {"from": "aws_sqs_queue.old", "lifecycle": {"destroy": False}}]
    told = sentences(destroy_forgotten, {"aws_sns_topic": {"any": {}}, "removed": removed}, tmp_path)
    assert told == ["removed from aws_sqs_queue.old: destroy is False, so that it stays"]


def test_each_disk_that_stays_is_told(tmp_path: Path) -> None:
    disks = [{"delete_on_termination": kept} for kept in (False, True, "${var.keep}")]
    told = sentences(destroy_retained, {"aws_instance": {"bastion": {"ebs_block_device": disks}}}, tmp_path)
    assert [sentence.partition(":")[0] for sentence in told] == [
        "ebs_block_device.delete_on_termination is False",
        "ebs_block_device.delete_on_termination is ${var.keep}",
    ]


def test_what_a_type_says_itself_counts_instead_of_what_is_said_of_all_types(tmp_path: Path) -> None:
    protections = {"off": "INACTIVE", "on": "ACTIVE", "default": None}
    pools = {name: {"deletion_protection": protection} for name, protection in protections.items()}
    told = sentences(destroy_protection, {"aws_cognito_user_pool": pools}, tmp_path)
    assert told == ["deletion_protection is ACTIVE: AWS refuses to delete it"]


def test_a_log_group_counts_also_where_its_name_is_known_to_terraform_only(tmp_path: Path) -> None:
    name = "${var.prefix}-webhook"
    example: Example = {
        "aws_cloudwatch_log_group": {"logs": {"name": f"/aws/lambda/{name}"}},
        "aws_lambda_function": {"webhook": {**FUNCTION, "function_name": name}},
    }
    assert sentences(destroy_log_group, example, tmp_path) == []


def test_waiting_for_a_log_group_may_lead_through_a_policy(tmp_path: Path) -> None:
    example: Example = {
        "aws_cloudwatch_log_group": {"logs": {"name": "/aws/lambda/tap-webhook"}},
        "aws_iam_role_policy": {"webhook": {"policy": '{"Resource": "${aws_cloudwatch_log_group.logs.arn}:*"}'}},
        "aws_lambda_function": {"webhook": {**FUNCTION, "depends_on": ["aws_iam_role_policy.webhook"]}},
    }
    assert sentences(destroy_log_group, example, tmp_path) == []


def test_a_log_group_in_the_other_region_is_none(tmp_path: Path) -> None:
    example: Example = {
        "aws_cloudwatch_log_group": {"logs": {"provider": "aws.usw2", "name": "/aws/lambda/tap-webhook"}},
        "aws_lambda_function": {"webhook": FUNCTION},
    }
    (told,) = sentences(destroy_log_group, example, tmp_path)
    assert told.startswith("no aws_cloudwatch_log_group is named /aws/lambda/tap-webhook in us-east-1")
