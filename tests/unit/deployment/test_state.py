"""The state in S3: what is deployed, and locks that a killed Terraform has left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployment import bootstrap, state
from deployment.aws import client
from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts
from deployment.stacks import Runner
from deployment.synthesis import Stack
from deployment.terraform import Terraform
from lib.settings import Settings

LOCK = {"ID": "1b2c", "Operation": "OperationTypeApply", "Who": "ada@laptop", "Created": "2026-01-02T03:04:05Z"}


@pytest.fixture
def stack(settings: Settings, tmp_path: Path) -> Stack:
    """A stack with its backend in the settings' bucket."""
    bootstrap.state_bucket(settings)
    key = f"{settings.environment_suffix}/one.tfstate"
    backend = {"bucket": settings.effective_state_bucket, "key": key, "region": settings.effective_state_region}
    file = tmp_path / "cdk.tf.json"
    file.write_text(json.dumps({"terraform": {"backend": {"s3": backend}}}))
    return Stack("one", tmp_path, file, ())


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner that runs nothing."""
    program = Terraform("terraform", "1.11.4")
    return Runner(program, dict(os.environ), tmp_path / "home", tmp_path / "logs", Interrupts())


def put(stack: Stack, key: str, content: object) -> None:
    body = json.dumps(content).encode()
    client("s3", stack.backend["region"]).put_object(Bucket=stack.backend["bucket"], Key=key, Body=body)


def test_a_stack_is_deployed_while_its_state_lists_resources(settings: Settings, stack: Stack) -> None:
    assert state.deployed(settings) == []
    put(stack, stack.backend["key"], {"resources": [{"mode": "data"}, {"mode": "managed"}]})
    assert state.deployed(settings) == ["one"]
    put(stack, stack.backend["key"], {"resources": [{"mode": "data"}]})
    assert state.deployed(settings) == []
    state.forget(settings, [stack])


def test_another_suffix_in_the_same_bucket_is_seen_while_its_state_lists_resources(
    settings: Settings, stack: Stack
) -> None:
    put(stack, stack.backend["key"], {"resources": [{"mode": "managed"}]})
    assert state.other_suffixes(settings) == []
    put(stack, "other/global.tfstate", {"resources": [{"mode": "managed"}]})
    assert state.other_suffixes(settings) == ["other"]
    put(stack, "other/global.tfstate", {"resources": []})
    assert state.other_suffixes(settings) == []
    state.forget(settings, [stack])


def test_without_a_bucket_nothing_is_deployed(settings: Settings) -> None:
    assert state.deployed(settings.model_copy(update={"state_bucket": "nobody-made-this-one"})) == []


def test_where_nobody_else_can_hold_it_a_left_lock_is_released(stack: Stack, runner: Runner) -> None:
    put(stack, f"{stack.backend['key']}.tflock", LOCK)
    state.check_locks(runner, [stack], release=True)
    assert state.lock_holder(stack) is None


def test_elsewhere_a_lock_is_explained_with_its_holder_and_the_command(stack: Stack, runner: Runner) -> None:
    put(stack, f"{stack.backend['key']}.tflock", LOCK)
    with pytest.raises(DeploymentError) as refused:
        state.check_locks(runner, [stack], release=False)
    for part in ("ada@laptop", "2026-01-02T03:04:05Z", "force-unlock 1b2c", "-chdir="):
        assert part in str(refused.value)
    assert state.lock_holder(stack) == LOCK, "it is still there"
    state.check_locks(runner, [stack], release=True)


def test_a_terraform_that_still_works_is_waited_for_even_here(stack: Stack, runner: Runner) -> None:
    working = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", "-chdir=x"], stdin=subprocess.PIPE
    )
    try:
        runner.pid_file(stack).write_text(str(working.pid))
        with pytest.raises(DeploymentError, match=f"kill -INT {working.pid}"):
            state.check_locks(runner, [stack], release=True)
    finally:
        working.communicate()
    state.check_locks(runner, [stack], release=True)
