"""Log groups: every one has an end and a key, and none was made by a service on its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import entrance
from tests.integration.platform import Platform, Region


def groups(platform: Platform, region: Region) -> dict[str, dict[str, Any]]:
    pages = platform.client("logs", region).get_paginator("describe_log_groups").paginate()
    return {group["logGroupName"]: group for page in pages for group in page["logGroups"]}


def expected(platform: Platform, region: Region) -> set[str]:
    """The groups that each service says it writes to."""
    (flow_log,) = platform.client("ec2", region).describe_flow_logs(
        Filters=[{"Name": "resource-id", "Values": [region.outputs["vpc_id"]]}]
    )["FlowLogs"]
    machine = platform.client("stepfunctions", region).describe_state_machine(
        stateMachineArn=region.outputs["failover_workflow_arn"]
    )
    firewall = platform.client("wafv2", region).list_logging_configurations(Scope="REGIONAL")["LoggingConfigurations"]
    destinations = [
        *(it["cloudWatchLogsLogGroup"]["logGroupArn"] for it in machine["loggingConfiguration"]["destinations"]),
        *(arn for each in firewall for arn in each["LogDestinationConfigs"]),
    ]
    return {
        *(f"/aws/lambda/{function}" for function in region.outputs["functions"].values()),
        f"/aws/rds/cluster/{region.outputs['cluster_id']}/postgresql",
        flow_log["LogGroupName"],
        *(arn.partition(":log-group:")[2].removesuffix(":*") for arn in destinations),
        *entrance.log_groups(platform, region),
    }


def test_every_part_has_a_log_group_with_an_end_and_the_regions_key(platform: Platform, region: Region) -> None:
    found = groups(platform, region)
    for name in expected(platform, region):
        assert found[name]["retentionInDays"] == platform.settings.log_retention_days, name
        assert found[name]["kmsKeyId"] == platform.shared["key_arns"][region.name], name


@pytest.mark.embedded_only
def test_there_are_no_others(platform: Platform, region: Region) -> None:
    """The embedded account is this deployment's alone: what else is there was made behind Terraform's back."""
    assert set(groups(platform, region)) == expected(platform, region)
