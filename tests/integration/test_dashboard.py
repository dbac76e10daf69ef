"""Each region has a page that answers "can I fail over now?", and it shows what is deployed."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.platform import Platform, Region


def widgets(platform: Platform, region: Region) -> list[dict[str, Any]]:
    cloudwatch = platform.client("cloudwatch", region)
    body = json.loads(cloudwatch.get_dashboard(DashboardName=region.outputs["dashboard"])["DashboardBody"])
    return list(body["widgets"])


def dimension(platform: Platform, region: Region, name: str) -> set[str]:
    """The values of a dimension in all pictures."""
    return {
        metric[metric.index(name) + 1]
        for widget in widgets(platform, region)
        for metric in widget["properties"].get("metrics", [])
        if name in metric
    }


def test_it_shows_every_alarm_of_its_region_first(platform: Platform, region: Region) -> None:
    first = widgets(platform, region)[0]
    names = {arn.rpartition(":alarm:")[2] for arn in first["properties"]["alarms"]}

    assert first["type"] == "alarm"
    assert names == set(region.outputs["alarm_names"])


def test_it_shows_what_is_deployed_there(platform: Platform, region: Region, peer: Region) -> None:
    assert dimension(platform, region, "FunctionName") == set(region.outputs["functions"].values())
    assert dimension(platform, region, "DBClusterIdentifier") == {region.outputs["cluster_id"]}
    assert dimension(platform, region, "TableName") == {platform.shared["sessions_table"]}
    assert dimension(platform, region, "ReceivingRegion") == {peer.name}
    assert region.outputs["queue_url"].rpartition("/")[2] in dimension(platform, region, "QueueName")
    assert dimension(platform, region, "SourceBucket") == {
        platform.shared[f"{kind}_buckets"][peer.name] for kind in ("receipts", "documents")
    }


def test_every_picture_is_of_the_region(platform: Platform, region: Region) -> None:
    assert {widget["properties"]["region"] for widget in widgets(platform, region) if widget["type"] == "metric"} == {
        region.name
    }
