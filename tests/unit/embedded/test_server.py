"""What the server adds around the emulator: replay of resent requests, control routes, checked gaps."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest

from embedded.installation import CHECKOUT, ENVIRONMENT
from embedded.server import gaps, patching
from tests.unit.embedded.clouds import Cloud, unique


class Attempt:
    """Marks each request of a client as one attempt of one SDK invocation, as a resending SDK does."""

    def __init__(self, invocation: str, number: int) -> None:
        self._headers = {"amz-sdk-invocation-id": invocation, "amz-sdk-request": f"attempt={number}; max=3"}

    def of(self, client: Any) -> Any:
        client.meta.events.register_last("before-send", self._mark)
        return client

    def _mark(self, request: Any, **_: object) -> None:
        request.headers.update(self._headers)


class TestARequestThatIsSentAgain:
    def make_vpc(self, cloud: Cloud, attempt: Attempt) -> str:
        return str(attempt.of(cloud.client("ec2")).create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"])

    def test_is_answered_as_the_first_time_and_not_executed_twice(self, closed_cloud: Cloud) -> None:
        invocation = unique("invocation")
        before = len(closed_cloud.client("ec2").describe_vpcs()["Vpcs"])
        made = {self.make_vpc(closed_cloud, Attempt(invocation, number)) for number in (1, 1, 2, 3)}
        assert len(made) == 1
        assert len(closed_cloud.client("ec2").describe_vpcs()["Vpcs"]) == before + 1

    def test_is_executed_if_it_is_another_invocation(self, closed_cloud: Cloud) -> None:
        made = {self.make_vpc(closed_cloud, Attempt(unique("invocation"), 2)) for _ in range(2)}
        assert len(made) == 2

    def test_is_executed_if_the_first_attempt_was_refused(self, closed_cloud: Cloud) -> None:
        name, invocation = unique("late"), unique("invocation")
        first, second = (Attempt(invocation, number).of(closed_cloud.client("secretsmanager")) for number in (1, 2))
        with pytest.raises(first.exceptions.ResourceNotFoundException):
            first.put_secret_value(SecretId=name, SecretString="x")
        closed_cloud.client("secretsmanager").create_secret(Name=name, SecretString="w")
        assert second.put_secret_value(SecretId=name, SecretString="x")["Name"] == name


class TestControlRoutes:
    def get(self, cloud: Cloud, path: str) -> tuple[int, dict[str, object]]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{cloud.emulator.endpoint}/_embedded/{path}", timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def test_health_names_the_instance(self, closed_cloud: Cloud) -> None:
        status, health = self.get(closed_cloud, "health")
        assert (status, health["instance"]) == (200, closed_cloud.emulator.instance)

    def test_an_unknown_route_tells_which_there_are(self, closed_cloud: Cloud) -> None:
        status, answer = self.get(closed_cloud, "nonsense")
        assert status == 404
        assert "health" in str(answer["message"])


def test_a_name_that_the_emulator_no_longer_has_stops_the_server_with_a_clear_error() -> None:
    program = """
from embedded.server import patching

@patching.gap("services.sqs", "no_such_name", "services.sns:nor_this[one]")
def some_gap(_service): ...

try:
    patching.close_gaps()
except patching.MissingNameError as error:
    print(error)
"""
    python = ENVIRONMENT / "bin" / "python"
    done = subprocess.run([python, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert re.search(r"MiniStack \d+\.\d+\.\d+ no longer has", done.stdout)
    assert "services.sqs: some_gap: no_such_name" in done.stdout
    assert "services.sqs: some_gap: services.sns:nor_this[one]" in done.stdout


def test_every_gap_has_a_test_that_notices_when_it_is_closed_upstream() -> None:
    gaps.load()
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*_gaps.py"))
    tested = {name for found in re.findall(r"@closes\(([^)]*)\)", sources) for name in re.findall(r'"(\w+)"', found)}
    assert {each.close.__name__ for each in patching.GAPS} == tested


def test_every_gap_says_what_it_is_about() -> None:
    gaps.load()
    assert [each.name for each in patching.GAPS if not each.close.__doc__] == []


def test_calls_without_known_keys_are_refused(closed_cloud: Cloud) -> None:
    """The emulator judges permissions (AUTH=true)."""
    stranger = boto3.client(
        "sts",
        "us-east-1",
        endpoint_url=closed_cloud.emulator.endpoint,
        aws_access_key_id="AKIAUNKNOWN",
        aws_secret_access_key="unknown",
    )
    with pytest.raises(stranger.exceptions.ClientError):
        stranger.get_caller_identity()
