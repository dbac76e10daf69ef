"""The Terraform state in S3: whether something is deployed, and locks that nobody holds any more."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from deployment.aws import client, code
from deployment.console import say
from deployment.errors import DeploymentError
from deployment.stacks import Runner, still_running
from deployment.synthesis import Stack
from lib.settings import Settings

_ABSENT = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")


def deployed(settings: Settings) -> list[str]:
    """The stacks of this suffix whose state still lists resources."""
    prefix = f"{settings.environment_suffix}/"
    return [key.removeprefix(prefix).removesuffix(".tfstate") for key in _filled(settings, prefix)]


def other_suffixes(settings: Settings) -> list[str]:
    """The suffixes beside this one that have something deployed with the same state bucket."""
    found = {key.partition("/")[0] for key in _filled(settings, "")}
    return sorted(found - {settings.environment_suffix})


def _filled(settings: Settings, prefix: str) -> list[str]:
    """The keys of the states below ``prefix`` that list resources."""
    s3, bucket = client("s3", settings.effective_state_region), settings.effective_state_bucket
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    except ClientError as error:
        if code(error) in _ABSENT:
            return []
        raise
    return [key for key in keys if key.endswith(".tfstate") and _resources(s3, bucket, key)]


def exists(stack: Stack) -> bool:
    """Whether the stack has a saved state, with or without resources."""
    try:
        _s3(stack).head_object(Bucket=stack.backend["bucket"], Key=stack.backend["key"])
    except ClientError as error:
        if code(error) in _ABSENT:
            return False
        raise
    return True


def forget(settings: Settings, stacks: list[Stack]) -> None:
    """Delete the emptied states of this suffix, so that the bucket holds only what is deployed."""
    s3 = client("s3", settings.effective_state_region)
    for stack in stacks:
        s3.delete_object(Bucket=settings.effective_state_bucket, Key=stack.backend["key"])


def check_locks(runner: Runner, stacks: list[Stack], *, release: bool) -> None:
    """Deal with locks that a killed Terraform has left.

    Args:
        runner: knows which Terraform works on which stack.
        stacks: whose locks to look at.
        release: whether a lock may be deleted: only where nobody but this checkout can hold it.

    Raises:
        DeploymentError: a Terraform still works on a stack, or a lock is there that only a person may release.
    """
    for stack in stacks:
        pid = still_running(runner.pid_file(stack))
        if pid:
            raise DeploymentError(
                f"{stack.name}: a Terraform of an earlier run still works on it (process {pid}).\n"
                f"  Wait until it is done, or end it in order with `kill -INT {pid}`; then run the command again."
            )
        holder = lock_holder(stack)
        if holder is None:
            continue
        if not release:
            raise DeploymentError(_explain(runner, stack, holder))
        _s3(stack).delete_object(Bucket=stack.backend["bucket"], Key=_lock_key(stack))
        say(f"{stack.name:<10} released the state lock that a killed Terraform left")


def lock_holder(stack: Stack) -> dict[str, Any] | None:
    """What Terraform wrote into the stack's lock, or None if nobody holds it."""
    try:
        answer = _s3(stack).get_object(Bucket=stack.backend["bucket"], Key=_lock_key(stack))
        return dict(json.loads(answer["Body"].read()))
    except ClientError as error:
        if code(error) in _ABSENT:
            return None
        raise


def _explain(runner: Runner, stack: Stack, holder: dict[str, Any]) -> str:
    who, since = holder.get("Who", "somebody"), holder.get("Created", "an unknown time")
    return (
        f"{stack.name}: its state is locked by {who} since {since} ({holder.get('Operation', 'an operation')}).\n"
        "  If that Terraform still runs, wait for it. If it was killed, release the lock and run the command again:\n"
        f"  {runner.unlock_command(stack, str(holder.get('ID', '<id>')))}"
    )


def _resources(s3: Any, bucket: str, key: str) -> bool:
    state = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return any(resource.get("mode") == "managed" for resource in state.get("resources", []))


def _s3(stack: Stack) -> Any:
    return client("s3", stack.backend["region"])


def _lock_key(stack: Stack) -> str:
    return f"{stack.backend['key']}.tflock"
