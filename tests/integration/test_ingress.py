"""The API of each region: limits, logs, names and certificates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.platform import Platform, Region

pytestmark = pytest.mark.only_with(ingress="api-gateway")


def stage(platform: Platform, region: Region) -> dict[str, Any]:
    found: dict[str, Any] = platform.client("apigateway", region).get_stage(
        restApiId=region.outputs["api_id"], stageName=region.outputs["api_stage"]
    )
    return found


@pytest.fixture(params=["shared", "regional"])
def host(request: pytest.FixtureRequest, platform: Platform, region: Region) -> str:
    """Both names of each region in turn."""
    return str(platform.shared["failover_name"]) if request.param == "shared" else region.host


def test_every_method_is_throttled_at_the_accounts_quota(platform: Platform, region: Region) -> None:
    settings = stage(platform, region)["methodSettings"]["*/*"]

    assert settings["throttlingRateLimit"] == 10_000
    assert settings["throttlingBurstLimit"] == 5_000


def test_requests_are_logged_traced_and_measured_but_not_their_bodies(platform: Platform, region: Region) -> None:
    found = stage(platform, region)
    settings = found["methodSettings"]["*/*"]

    assert ":log-group:" in found["accessLogSettings"]["destinationArn"]
    assert "$context.requestId" in found["accessLogSettings"]["format"]
    assert found["tracingEnabled"] is True
    assert settings["metricsEnabled"] is True
    assert settings["dataTraceEnabled"] is False


def test_it_cannot_be_reached_past_its_names(platform: Platform, region: Region) -> None:
    api = platform.client("apigateway", region).get_rest_api(restApiId=region.outputs["api_id"])

    assert api["disableExecuteApiEndpoint"] is True
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]


def test_requests_are_validated_before_a_function_runs(platform: Platform, region: Region) -> None:
    validators = platform.client("apigateway", region).get_request_validators(restApiId=region.outputs["api_id"])

    assert [v for v in validators["items"] if v["validateRequestBody"] and v["validateRequestParameters"]]


def test_both_names_lead_to_the_api(platform: Platform, region: Region, host: str) -> None:
    gateway = platform.client("apigateway", region)
    domain = gateway.get_domain_name(domainName=host)
    (mapping,) = gateway.get_base_path_mappings(domainName=host)["items"]

    assert domain["domainNameStatus"] == "AVAILABLE"
    assert domain["securityPolicy"] == "TLS_1_2"
    assert domain["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert (mapping["restApiId"], mapping["stage"]) == (region.outputs["api_id"], region.outputs["api_stage"])
    assert mapping["basePath"] == "(none)"


def test_both_names_have_an_issued_certificate_of_the_region(platform: Platform, region: Region, host: str) -> None:
    arn = platform.client("apigateway", region).get_domain_name(domainName=host)["regionalCertificateArn"]
    certificate = platform.client("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]

    assert arn.split(":")[3] == region.name
    assert certificate["Status"] == "ISSUED"
    assert certificate["DomainName"] == host


def test_both_regions_offer_the_same_operations(platform: Platform) -> None:
    def operations(region: Region) -> set[tuple[str, str]]:
        pages = platform.client("apigateway", region).get_paginator("get_resources")
        return {
            (resource["path"], method)
            for page in pages.paginate(restApiId=region.outputs["api_id"])
            for resource in page["items"]
            for method in resource.get("resourceMethods", {})
        }

    assert operations(platform.primary) == operations(platform.standby)
    assert operations(platform.primary) == {
        ("/v1/webhooks/payments", "POST"),
        ("/v1/payments", "GET"),
        ("/v1/payments/{id}", "GET"),
        ("/health/live", "GET"),
        ("/health/active", "GET"),
        ("/health/database", "GET"),
    }
