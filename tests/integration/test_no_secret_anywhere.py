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


class Values:
    """The secret values; a failure's message can only show the names of those that were found."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __repr__(self) -> str:
        return "Values(…)"

    def found_in(self, content: bytes | str) -> list[str]:
        """The names of the secrets whose value is in ``content``."""
        raw = content.encode() if isinstance(content, str) else content
        return [name for name, value in self._values.items() if value.encode() in raw]


@pytest.fixture(scope="module")
def values(platform: Platform) -> Values:
    """The current value of every secret."""
    return Values(
        {name: platform.secret(platform.shared[name], platform.primary).field(field) for name, field in SECRETS.items()}
    )


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


def test_no_state_holds_a_secret(platform: Platform, values: Values) -> None:
    found = states(platform)

    assert {key.rpartition("/")[2] for key in found} >= {f"{stack}.tfstate" for stack in platform.outputs}
    leaks = {key: values.found_in(content) for key, content in found.items()}
    assert not [key for key, names in leaks.items() if names]


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


def test_no_file_of_the_deployment_holds_a_secret(traffic: str, values: Values) -> None:
    """Synthesized stacks, zips, plans, Terraform's logs, outputs; and where the embedded AWS keeps its own."""
    searched, leaks = 0, {}
    for path in files():
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # a database's or a log's file that was just replaced
            continue
        searched += 1
        if found := values.found_in(content):
            leaks[places.shown(path)] = found

    assert searched > 10
    assert not leaks


def test_no_output_holds_a_secret(platform: Platform, values: Values) -> None:
    leaks = values.found_in(json.dumps(platform.outputs))

    assert not leaks


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
    platform: Platform, region: Region, traffic: str, values: Values
) -> None:
    def text() -> str:
        return "\n".join(log_events(platform, region))

    logged = eventually(text, lambda seen: traffic in seen, within=LOGGED_SECONDS)

    logs_the_payment, leaks = traffic in logged, values.found_in(logged)
    assert logs_the_payment, "the payment's id is what a log is searched for"
    assert not leaks
    assert not [data for data in SENDERS_DATA if data in logged]


def test_no_functions_environment_holds_a_secret(platform: Platform, region: Region, values: Values) -> None:
    for function in region.outputs["functions"].values():
        found = platform.client("lambda", region).get_function_configuration(FunctionName=function)
        leaks = values.found_in(json.dumps(found["Environment"]))

        assert not leaks, function
