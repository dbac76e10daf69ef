"""No secret value stands in a state, a plan, an output, a log or a function's environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment import places
from tests.integration import payments
from tests.integration.platform import Platform, Region, eventually

LOGGED_SECONDS = 60
SECRETS = {"signing_secret_arns": "key", "database_secret_arns": "password", "master_secret_arns": "password"}
SENDERS_DATA = ("customer-of-this-test", "somebody@example.com", "4111111111111111")


@pytest.fixture(scope="module")
def values(platform: Platform) -> dict[str, bytes]:
    """The secret values; never part of a message."""
    return {
        name: platform.secret(platform.shared[name], platform.primary).field(field).encode()
        for name, field in SECRETS.items()
    }


def found_in(content: bytes, values: dict[str, bytes]) -> list[str]:
    """The names of the secrets whose value is in ``content``."""
    return [name for name, value in values.items() if value in content]


@pytest.fixture(scope="module")
def traffic(platform: Platform) -> str:
    """Everything that makes functions read secrets and write logs; the id of the payment that was accepted."""
    reference, email, card = SENDERS_DATA
    payment = payments.content(customer={"reference": reference, "email": email})
    for region in platform.regions.values():
        assert platform.send(region, json.dumps(payment)).status == 202
        assert platform.read(region, payment["id"]).status == 200
        assert platform.send(region, json.dumps({**payment, "amount": 1})).status == 409
        assert platform.send(region, payments.body(), key="not-the-key").status == 401
        assert platform.send(region, payments.body(card_number=card)).status == 400
        platform.get(region, "/health/database")
        platform.client("lambda", region).invoke(FunctionName=region.outputs["functions"]["migrate"], Payload=b"{}")
    return str(payment["id"])


def states(platform: Platform) -> dict[str, bytes]:
    s3, bucket = (
        platform.client("s3", platform.settings.effective_state_region),
        platform.settings.effective_state_bucket,
    )
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{platform.shared['environment_suffix']}/"
    )
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_no_state_holds_a_secret(platform: Platform, values: dict[str, bytes]) -> None:
    found = states(platform)

    assert {key.rpartition("/")[2] for key in found} >= {f"{stack}.tfstate" for stack in platform.outputs}
    assert not {key: found_in(content, values) for key, content in found.items() if found_in(content, values)}


def test_the_states_know_the_secrets_by_name_only(platform: Platform) -> None:
    """Guards the test above against looking at the wrong objects."""
    everything = b"".join(states(platform).values())

    for name in SECRETS:
        assert platform.shared[name][platform.primary.name].encode() in everything
    assert b'"secret_string_wo_version"' in everything


def files() -> Iterator[Path]:
    """All that a deployment leaves on this machine, without Terraform's provider programs."""
    for folder in (places.home(), places.synth_folder()):
        for path in folder.resolve().rglob("*"):
            if path.is_file() and not path.name.startswith("terraform-provider-"):
                yield path


def test_no_file_of_the_deployment_holds_a_secret(traffic: str, values: dict[str, bytes]) -> None:
    """Synthesized stacks, zips, plans, Terraform's logs, outputs; and where the embedded AWS keeps its own."""
    searched, leaks = 0, {}
    for path in files():
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # a database's or a log's file that was just replaced
            continue
        searched += 1
        if found := found_in(content, values):
            leaks[places.shown(path)] = found

    assert searched > 10
    assert not leaks


def test_no_output_holds_a_secret(platform: Platform, values: dict[str, bytes]) -> None:
    assert not found_in(json.dumps(platform.outputs).encode(), values)


def log_events(platform: Platform, region: Region) -> list[str]:
    logs = platform.client("logs", region)
    groups = [
        *(f"/aws/lambda/{name}" for name in region.outputs["functions"].values()),
        f"/aws/rds/cluster/{region.outputs['cluster_id']}/postgresql",
    ]
    return [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]


def test_no_log_holds_a_secret_or_the_senders_data(
    platform: Platform, region: Region, traffic: str, values: dict[str, bytes]
) -> None:
    def text() -> str:
        return "\n".join(log_events(platform, region))

    logged = eventually(text, lambda seen: traffic in seen, within=LOGGED_SECONDS)

    assert traffic in logged, "the payment's id is what a log is searched for"
    assert not found_in(logged.encode(), values)
    assert not [data for data in SENDERS_DATA if data in logged]


def test_no_functions_environment_holds_a_secret(platform: Platform, region: Region, values: dict[str, bytes]) -> None:
    for function in region.outputs["functions"].values():
        found = platform.client("lambda", region).get_function_configuration(FunctionName=function)

        assert not found_in(json.dumps(found["Environment"]).encode(), values)
