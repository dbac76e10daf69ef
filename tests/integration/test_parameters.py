"""What a region tells whoever cannot ask Terraform, and the one who asks: ``make status``."""

from __future__ import annotations

import pytest

from deployment import status
from tests.integration import parameters, settlement
from tests.integration.outage import lost
from tests.integration.platform import Platform, Region


def of_this_deployment(platform: Platform, region: Region) -> dict[str, str]:
    """Description by name, of all parameters that carry the deployment's names."""
    pages = platform.client("ssm", region).get_paginator("describe_parameters").paginate()
    return {
        found["Name"]: found["Description"]
        for page in pages
        for found in page["Parameters"]
        if found["Name"].endswith(f"-{platform.shared['environment_suffix']}")
    }


def test_the_values_are_those_of_the_region(platform: Platform, region: Region) -> None:
    shared = platform.shared
    expected = {
        "regional-endpoint": region.outputs["api_url"],
        "platform-endpoint": f"https://{shared['failover_name']}",
        "sessions-table": shared["sessions_table"],
        "receipts-bucket": shared["receipts_buckets"][region.name],
        "documents-bucket": shared["documents_buckets"][region.name],
        "failover-workflow": region.outputs["failover_workflow_arn"],
    }
    assert {resource: parameters.read(platform, region, resource) for resource in expected} == expected


def test_no_parameter_is_without_its_reader(platform: Platform, region: Region) -> None:
    readers = of_this_deployment(platform, region)
    by_status = {parameters.name(platform, region, resource): "Read by make status" for resource in status.PARAMETERS}
    flag = parameters.name(platform, region, "notifications")

    assert readers == {**by_status, flag: "Read by the notifier"}
    notifier = platform.client("lambda", region).get_function_configuration(
        FunctionName=region.outputs["functions"]["notifier"]
    )
    assert notifier["Environment"]["Variables"]["NOTIFICATIONS_PARAMETER"] == flag


def test_the_guard_writes_which_region_is_active_and_corrects_what_is_wrong(platform: Platform, region: Region) -> None:
    parameters.write(platform, region, "active-region", "none")

    assert settlement.invoke(platform, region, "guard", {})["mirrored"] is True
    assert parameters.read(platform, region, "active-region") == platform.primary.name


def test_status_says_which_region_is_active_and_how_to_promote_the_other(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status.run() == 0

    told = capsys.readouterr().out
    assert f"Active: {platform.primary.name}" in told
    assert platform.standby.outputs["failover_workflow_arn"] in told
    assert platform.primary.outputs["failover_workflow_arn"] not in told


@pytest.mark.failover
@pytest.mark.disruptive
@pytest.mark.embedded_only
def test_status_needs_nothing_of_the_region_that_is_lost(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    with lost(platform, platform.primary):
        assert status.run() == 0

    told = capsys.readouterr().out
    assert f"{platform.primary.name}  ?" in told
    assert "does not answer" in told
    assert f"start-execution --region {platform.standby.name}" in told
    assert platform.standby.outputs["failover_workflow_arn"] in told
