"""A deployment can be copied with resources that it lacks, so that rules against a kind can be tried on a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.examples import STACK, write
from policies.model.reading import read
from policies.mutation import add

TOPIC = {"aws_sns_topic": {"alerts": {"name": "tap-alerts-use1-dev"}}}


@pytest.mark.parametrize(
    ("address", "mode", "type_"),
    [
        ("random_password.admin", "resource", "random_password"),
        ("data.aws_ssm_parameter.token", "data", "aws_ssm_parameter"),
        ("ephemeral.aws_ssm_parameter.token", "ephemeral", "aws_ssm_parameter"),
    ],
)
def test_each_stack_gets_the_resource_where_its_first_provider_is(
    address: str, mode: str, type_: str, tmp_path: Path
) -> None:
    deployment = read(write(TOPIC, tmp_path))
    (mutant,) = add(address, {"length": 20}).mutants(deployment, [])
    added = mutant.edited
    assert (added.address, added.mode, added.type, added.region) == (address, mode, type_, "us-east-1")
    assert added.get("length") == 20
    assert mutant.expected == ((STACK, address),)
    assert added in mutant.deployment.blocks_by_mode[mode]
    assert address not in deployment.stacks[0].resources
