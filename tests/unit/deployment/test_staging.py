"""The standby first: which region that is, which stacks are applied, and what it must show before the other follows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment import bootstrap, payment, schedule, session, staging, state
from deployment.aws import client
from deployment.errors import DeploymentError
from deployment.synthesis import Stack
from lib.settings import Settings

EAST, WEST = "us-east-1", "us-west-2"
NAMES = {EAST: "use1.dev.tap.example", WEST: "usw2.dev.tap.example"}
ORDER = {
    "global": (),
    "primary": ("global",),
    "secondary": ("global", "primary"),
    "routing": ("global", "primary", "secondary"),
}


@pytest.fixture
def stacks(settings: Settings, tmp_path: Path) -> list[Stack]:
    """The four stacks, with their backends in the settings' bucket."""
    bootstrap.state_bucket(settings)
    made = []
    for name, dependencies in ORDER.items():
        folder = tmp_path / name
        folder.mkdir()
        backend = {
            "bucket": settings.effective_state_bucket,
            "key": f"{settings.environment_suffix}/{name}.tfstate",
            "region": settings.effective_state_region,
        }
        file = folder / "cdk.tf.json"
        file.write_text(json.dumps({"terraform": {"backend": {"s3": backend}}}))
        made.append(Stack(name, folder, file, dependencies))
    return made


@pytest.fixture
def shared(settings: Settings) -> Iterator[dict[str, Any]]:
    """What the global stack says, with its table."""
    table = f"staging-{uuid.uuid4().hex[:8]}"
    dynamodb = client("dynamodb", WEST)
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    yield {
        "primary_region": settings.primary_region,
        "standby_region": settings.standby_region,
        "sessions_table": table,
        "regional_names": NAMES,
    }
    dynamodb.delete_table(TableName=table)


def declare(shared: dict[str, Any], states: dict[str, str], *, transition: bool = False) -> None:
    """Write the control item."""
    regions = {name: {"S": value} for name, value in states.items()}
    item = {"pk": {"S": "control"}, "epoch": {"N": "2"}, "regions": {"M": regions}}
    if transition:
        item["transition"] = {"M": {"to": {"S": WEST}}}
    client("dynamodb", WEST).put_item(TableName=shared["sessions_table"], Item=item)


@pytest.mark.parametrize(
    ("states", "region", "applied"),
    [
        ({EAST: "active", WEST: "standby"}, WEST, ["global", "secondary"]),
        ({EAST: "standby", WEST: "active"}, EAST, ["global", "primary"]),
    ],
    ids=["as deployed", "after a switchover"],
)
def test_the_region_that_is_the_standby_now_is_applied_and_not_the_other(
    shared: dict[str, Any], stacks: list[Stack], states: dict[str, str], region: str, applied: list[str]
) -> None:
    declare(shared, states)
    assert staging.standby(shared) == region
    done: list[str] = []
    chosen = staging.part(stacks, shared, region)
    schedule.run(chosen, schedule.forwards(chosen), lambda one: done.append(one.name))
    assert done == applied


@pytest.mark.parametrize(
    ("states", "transition"),
    [
        ({EAST: "fenced", WEST: "active"}, False),
        ({EAST: "standby", WEST: "standby"}, False),
        ({EAST: "active", WEST: "standby"}, True),
    ],
    ids=["one is fenced", "none is active", "they are changing"],
)
def test_while_no_region_is_the_standby_none_goes_first(
    shared: dict[str, Any], states: dict[str, str], transition: bool
) -> None:
    declare(shared, states, transition=transition)
    with pytest.raises(DeploymentError, match="There is no standby that could go first"):
        staging.standby(shared)


def test_credentials_are_renewed_in_both_regions_at_once(settings: Settings) -> None:
    assert not staging.rotates({"credentials_version": settings.credentials_version}, settings)
    assert staging.rotates({"credentials_version": settings.credentials_version + 1}, settings)
    assert staging.rotates({}, settings), "of an earlier deployment nobody knows"


def test_a_deployment_that_is_not_whole_has_no_standby(settings: Settings, stacks: list[Stack]) -> None:
    for number, stack in enumerate(stacks):
        assert not staging.is_complete(settings, stacks), f"{number} of {len(stacks)} are deployed"
        client("s3", stack.backend["region"]).put_object(
            Bucket=stack.backend["bucket"],
            Key=stack.backend["key"],
            Body=json.dumps({"resources": [{"mode": "managed"}]}),
        )
    assert staging.is_complete(settings, stacks)
    state.forget(settings, stacks)


def test_a_checkout_that_has_applied_one_region_alone_does_not_know_the_deployment(
    tmp_path: Path, stacks: list[Stack]
) -> None:
    for stack in stacks:
        if stack.name in ("global", "secondary"):
            session.keep_applied(tmp_path / "home", stack)
    assert session.applied(tmp_path / "home", list(ORDER)) is None
    assert session.applied(tmp_path / "home", ["global", "secondary"]) is None


class Standby:
    """Answers for both regions, as its makers say that it should."""

    def __init__(self, **answers: int) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._answers = answers

    def __call__(self, name: str, method: str, path: str, **_: object) -> payment.Answer:
        self.asked.append((name, method, path))
        if path.startswith("/health/"):
            return payment.Answer(self._answers.get(path.rpartition("/")[2], 200), "{}")
        return payment.Answer(202, "{}") if method == "POST" else payment.Answer(200, '{"status": "settled"}')


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Outputs whose secret need not be read, and no patience."""
    monkeypatch.setattr(payment, "signing_key", lambda _: "a key for tests")
    monkeypatch.setattr(payment, "_FIRST_ANSWER_SECONDS", 0)
    return {"global": {"primary_region": EAST, "standby_region": WEST, "regional_names": NAMES}}


def test_the_standby_takes_a_payment_that_both_regions_see_settled(
    outputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment, "call", region := Standby())
    staging.try_out(outputs, WEST)
    assert [name for name, method, _ in region.asked if method == "POST"] == [NAMES[WEST]]
    assert {path for name, _, path in region.asked if name == NAMES[WEST]} >= {"/health/live", "/health/database"}
    assert {name for name, method, path in region.asked if method == "GET" and "payments" in path} == {*NAMES.values()}


@pytest.mark.parametrize("check", ["live", "database"])
def test_a_standby_that_is_not_well_ends_the_deploy_before_a_payment_is_sent(
    outputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    monkeypatch.setattr(payment, "call", region := Standby(**{check: 503}))
    with pytest.raises(DeploymentError, match=f"/health/{check}"):
        staging.try_out(outputs, WEST)
    assert not [asked for asked in region.asked if asked[1] == "POST"]
