"""The functions as Lambda has them: the same in both regions, each with its own region's surroundings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration import entrance
from tests.integration.platform import Platform, Region

NAMES = (
    *("webhook", "payments", "health-live", "health-database"),
    *("processor", "reconciler", "notifier", "guard", "probe", "migrate"),
    *("begin-epoch", "canary"),
)
MEMORY_MB = 1024


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each function in turn."""
    return str(request.param)


def configuration(platform: Platform, region: Region, name: str) -> dict[str, Any]:
    found: dict[str, Any] = platform.client("lambda", region).get_function_configuration(
        FunctionName=region.outputs["functions"][name]
    )
    return found


def test_there_are_these_and_no_others(region: Region) -> None:
    assert set(region.outputs["functions"]) == set(NAMES)


def test_it_is_ready(platform: Platform, region: Region, name: str) -> None:
    found = configuration(platform, region, name)

    assert found["State"] == "Active"
    assert found["LastUpdateStatus"] == "Successful"


def test_both_regions_run_the_very_same_code(platform: Platform, name: str) -> None:
    hashes = {configuration(platform, region, name)["CodeSha256"] for region in platform.regions.values()}

    assert hashes == {platform.primary.outputs["function_hash"]}
    assert hashes == {platform.standby.outputs["function_hash"]}


def test_it_has_the_memory_and_runtime_of_the_mission(platform: Platform, region: Region, name: str) -> None:
    found = configuration(platform, region, name)

    assert found["MemorySize"] == MEMORY_MB
    assert found["Runtime"] == "python3.13"
    assert found["Architectures"] == ["arm64"]


def test_both_regions_reserve_the_same_concurrency_and_wait_as_long(platform: Platform, name: str) -> None:
    """A standby with less could not take over what the primary carried."""

    def limits(region: Region) -> tuple[int, int]:
        reserved = platform.client("lambda", region).get_function_concurrency(
            FunctionName=region.outputs["functions"][name]
        )
        return reserved["ReservedConcurrentExecutions"], configuration(platform, region, name)["Timeout"]

    assert limits(platform.primary) == limits(platform.standby)
    assert limits(platform.primary)[0] > 0


def test_health_has_functions_and_concurrency_of_its_own(region: Region) -> None:
    """A flood of payments, or of health requests, must not cause a failover."""
    functions = region.outputs["functions"]

    assert len({functions["webhook"], functions["health-live"], functions["health-database"]}) == 3


def test_it_runs_in_the_private_subnets(platform: Platform, region: Region, name: str) -> None:
    network = configuration(platform, region, name)["VpcConfig"]
    ec2 = platform.client("ec2", region)
    subnets = ec2.describe_subnets(SubnetIds=network["SubnetIds"])["Subnets"]

    assert network["VpcId"] == region.outputs["vpc_id"]
    assert len({subnet["AvailabilityZoneId"] for subnet in subnets}) == 3
    for subnet in subnets:
        (table,) = ec2.describe_route_tables(
            Filters=[{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
        )["RouteTables"]
        assert any(route.get("NatGatewayId") for route in table["Routes"]), "not a private subnet"


def test_it_is_traced(platform: Platform, region: Region, name: str) -> None:
    assert configuration(platform, region, name)["TracingConfig"]["Mode"] == "Active"


def test_its_environment_names_its_own_region_alone(
    platform: Platform, region: Region, peer: Region, name: str
) -> None:
    variables = configuration(platform, region, name)["Environment"]["Variables"]
    arns = [value for value in variables.values() if value.startswith("arn:")]

    assert variables["ENVIRONMENT_SUFFIX"] == platform.shared["environment_suffix"]
    assert all(f":{region.name}:" in arn for arn in arns)
    assert peer.name not in json.dumps(arns)


def test_its_environment_is_encrypted_with_the_regions_key(platform: Platform, region: Region, name: str) -> None:
    assert configuration(platform, region, name)["KMSKeyArn"] == platform.shared["key_arns"][region.name]


def test_both_regions_give_it_the_same_kind_of_environment(platform: Platform, name: str) -> None:
    home, peer = (
        set(configuration(platform, region, name)["Environment"]["Variables"]) for region in platform.regions.values()
    )

    assert home == peer


BEHIND_THE_INGRESS = ("webhook", "payments", "health-live", "health-database")
SCHEDULES = {"reconciler": "reconcile", "guard": "guard-consumer", "probe": "probe-peer"}
"""Lambda itself wakes the processor, and Terraform's own identity invokes migrations: nobody needs a permission."""


def invoker(platform: Platform, region: Region, name: str) -> tuple[str, str] | None:
    """The service that may invoke a function, and what the ARN of what it does so for contains."""
    if name in BEHIND_THE_INGRESS:
        return entrance.invoker(platform, region)
    if name in SCHEDULES:
        return "events.amazonaws.com", f":rule/{platform.settings.naming.prefix}-{SCHEDULES[name]}-"
    if name == "notifier":
        return "sns.amazonaws.com", region.outputs["events_topic_arn"]
    return None


def test_only_the_ingress_the_schedule_or_the_topic_may_invoke_what_is_behind_it(
    platform: Platform, region: Region, name: str
) -> None:
    awslambda = platform.client("lambda", region)
    try:
        document = json.loads(awslambda.get_policy(FunctionName=region.outputs["functions"][name])["Policy"])
    except awslambda.exceptions.ResourceNotFoundException:
        document = {"Statement": []}

    wanted = invoker(platform, region, name)
    assert bool(document["Statement"]) is (wanted is not None)
    for statement in document["Statement"]:
        assert wanted is not None
        service, source = wanted
        assert statement["Principal"] == {"Service": service}
        assert source in json.dumps(statement["Condition"])
