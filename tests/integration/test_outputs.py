"""What operators and tests are told about a deployment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.platform import REGION_STACKS, Platform, Region

OF_A_REGION = (
    "region", "vpc_id", "entrance_arn", "api_url", "functions", "function_roles", "function_hash",
    "cluster_id", "backup_plan_id", "writer_endpoint", "reader_endpoint", "database_port",
    "alarm_topic_arn", "alarm_names",
)  # fmt: skip
TOLD: dict[str, tuple[str, ...]] = {
    "global": (
        "account_id", "environment_suffix", "credentials_version", "primary_region", "standby_region",
        "key_arns", "signing_secret_arns",
        "master_secret_arns", "database_secret_arns", "sessions_table", "receipts_buckets",
        "documents_buckets", "backup_vaults", "global_cluster_id", "zone_id", "failover_name", "regional_names",
    ),
    **dict.fromkeys(REGION_STACKS, OF_A_REGION),
    "routing": ("peering_id", "health_check_ids", "failover_record", "alarm_names", "recovery_budgets"),
}  # fmt: skip


OF_THE_INGRESS = {"api-gateway": ("api_id", "api_stage"), "load-balancer": ("load_balancer_arn",)}


def empty(value: Any) -> bool:
    return value in (None, "", 0) or (isinstance(value, dict) and any(empty(part) for part in value.values()))


@pytest.mark.parametrize("stack", TOLD)
def test_every_stack_tells_what_operators_need(platform: Platform, stack: str) -> None:
    outputs = platform.outputs[stack]

    told = (*TOLD[stack], *(OF_THE_INGRESS[platform.settings.ingress] if stack in REGION_STACKS else ()))
    assert not [name for name in told if name not in outputs]
    assert not [name for name in told if empty(outputs[name])]


def test_each_regions_stack_is_in_its_region(platform: Platform, region: Region) -> None:
    role = {"primary": "primary_region", "secondary": "standby_region"}[region.stack]

    assert platform.shared[role] == region.name
    assert region.outputs["api_url"] == f"https://{platform.shared['regional_names'][region.name]}"


def test_both_regions_tell_the_same_kind_of_thing(platform: Platform) -> None:
    def names(stack: str) -> set[str]:
        # What one stack reads of another becomes an output of its own with a name that CDKTF makes up.
        return {name for name in platform.outputs[stack] if not name.startswith("cross-stack-output-")}

    assert names("primary") == names("secondary")
    assert set(platform.primary.outputs["functions"]) == set(platform.standby.outputs["functions"])
