"""A deployment with the other settings: load balancer, weights, serverless ledger, one NAT gateway, us-east-2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.platform import Platform, Region

pytestmark = pytest.mark.only_with(ingress="load-balancer", routing="weighted", aurora_capacity="serverless-v2")


def listener(platform: Platform, region: Region) -> dict[str, Any]:
    elb = platform.client("elbv2", region)
    (found,) = elb.describe_listeners(LoadBalancerArn=region.outputs["load_balancer_arn"])["Listeners"]
    return dict(found)


def test_a_load_balancer_takes_requests_over_tls_only(platform: Platform, region: Region) -> None:
    found = listener(platform, region)
    assert (found["Port"], found["Protocol"]) == (443, "HTTPS")
    assert found["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


def test_it_drops_what_is_no_proper_http_and_writes_down_the_rest(platform: Platform, region: Region) -> None:
    elb = platform.client("elbv2", region)
    found = elb.describe_load_balancer_attributes(LoadBalancerArn=region.outputs["load_balancer_arn"])["Attributes"]
    attributes = {each["Key"]: each["Value"] for each in found}
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["routing.http.desync_mitigation_mode"] == "strictest"
    assert attributes["access_logs.s3.enabled"] == "true"
    assert attributes["deletion_protection.enabled"] == "false"


def test_what_the_api_does_not_know_is_not_found(platform: Platform, region: Region) -> None:
    for method, path in (("GET", "/"), ("DELETE", "/v1/webhooks/payments"), ("POST", "/health/live")):
        answer = platform.request(region.host, method, path)
        assert answer.status == 404
        assert answer.content == {"type": "about:blank", "title": "Not Found", "status": 404}


def test_the_shared_name_leads_to_the_primary_by_weight(platform: Platform) -> None:
    pages = platform.client("route53", platform.primary).get_paginator("list_resource_record_sets")
    records = {
        record["SetIdentifier"]: record
        for page in pages.paginate(HostedZoneId=platform.shared["zone_id"])
        for record in page["ResourceRecordSets"]
        if record["Name"] == f"{platform.shared['failover_name']}." and record["Type"] == "A"
    }
    primary, standby = records[platform.primary.name], records[platform.standby.name]
    assert (primary["Weight"], standby["Weight"]) == (100, 0)
    assert primary["HealthCheckId"] in platform.routing["health_check_ids"].values()
    assert "HealthCheckId" not in standby


def test_the_ledgers_instances_are_serverless(platform: Platform, region: Region) -> None:
    rds = platform.client("rds", region)
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=region.outputs["cluster_id"])["DBClusters"]
    assert cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"] == 8
    assert cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 64
    classes = {
        each["DBInstanceClass"]
        for page in rds.get_paginator("describe_db_instances").paginate()
        for each in page["DBInstances"]
        if each.get("DBClusterIdentifier") == region.outputs["cluster_id"]
    }
    assert classes == {"db.serverless"}
