"""REST APIs from an OpenAPI document, their stages and their domains."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.unit.embedded.clouds import EAST, WEST, Cloud, closes, unique

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "payments", "version": "1"},
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}},
    "x-amazon-apigateway-request-validator": "all",
    "x-amazon-apigateway-gateway-responses": {"BAD_REQUEST_BODY": {"statusCode": 422}},
    "components": {
        "schemas": {
            "Amount": {"type": "integer", "minimum": 1},
            "Payment": {
                "type": "object",
                "required": ["amount"],
                "properties": {"amount": {"$ref": "#/components/schemas/Amount"}},
            },
        },
        "parameters": {"Signature": {"name": "Tap-Signature", "in": "header", "required": True}},
    },
    "paths": {
        "/payments": {
            "post": {
                "operationId": "accept",
                "parameters": [{"$ref": "#/components/parameters/Signature"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}}},
                "responses": {"202": {"description": "accepted"}},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "passthroughBehavior": "when_no_match",
                    "requestTemplates": {"application/json": '{"statusCode": 202}'},
                    "responses": {"default": {"statusCode": "202", "responseTemplates": {"application/json": "{}"}}},
                },
            }
        }
    },
}


class TestAnApiFromADocument:
    def deployed(self, cloud: Cloud, document: dict[str, Any]) -> str:
        gateway = cloud.client("apigateway")
        api = gateway.create_rest_api(name=unique("api"))["id"]
        gateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(document).encode())
        gateway.create_deployment(restApiId=api, stageName="live")
        return str(api)

    def post(self, cloud: Cloud, api: str, body: object, headers: dict[str, str]) -> int:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{cloud.emulator.endpoint}/restapis/{api}/live/_user_request_/payments",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code

    @closes("put_rest_api")
    def test_answers_as_its_integration_says(self, cloud: Cloud) -> None:
        api = self.deployed(cloud, DOCUMENT)
        assert self.post(cloud, api, {"amount": 5}, {"Tap-Signature": "t=1"}) == 202

    @closes("put_rest_api")
    def test_refuses_what_the_schema_forbids_with_the_document_s_own_response(self, cloud: Cloud) -> None:
        api = self.deployed(cloud, DOCUMENT)
        assert self.post(cloud, api, {"amount": 0}, {"Tap-Signature": "t=1"}) == 422

    @closes("put_rest_api")
    def test_refuses_a_request_without_a_required_header(self, cloud: Cloud) -> None:
        api = self.deployed(cloud, DOCUMENT)
        assert self.post(cloud, api, {"amount": 5}, {}) == 400

    @closes("put_rest_api")
    def test_is_overwritten_by_the_next_document(self, cloud: Cloud) -> None:
        api = self.deployed(cloud, DOCUMENT)
        gateway = cloud.client("apigateway")
        other = {**DOCUMENT, "paths": {"/refunds": DOCUMENT["paths"]["/payments"]}}
        gateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(other).encode())
        paths = [each["path"] for each in gateway.get_resources(restApiId=api)["items"]]
        assert sorted(paths) == ["/", "/refunds"]
        assert len(gateway.get_models(restApiId=api)["items"]) == 2


@closes("absent_structures")
def test_a_stage_without_access_logs_has_no_settings_for_them(cloud: Cloud) -> None:
    gateway = cloud.client("apigateway")
    api = gateway.create_rest_api(name=unique("api"))["id"]
    deployment = gateway.create_deployment(restApiId=api)["id"]
    stage = gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment)
    assert "accessLogSettings" not in stage


class TestADomain:
    def created(self, cloud: Cloud, name: str, region: str = EAST) -> Any:
        return cloud.client("apigateway", region).create_domain_name(
            domainName=name,
            regionalCertificateArn=f"arn:aws:acm:{region}:000000000000:certificate/1",
            endpointConfiguration={"types": ["REGIONAL"]},
        )

    @closes("generated_regional_name")
    def test_has_a_target_of_its_own_in_each_region(self, cloud: Cloud) -> None:
        name = f"{unique('global')}.tap.example"
        targets = [self.created(cloud, name, region)["regionalDomainName"] for region in (EAST, WEST)]
        for target, region in zip(targets, (EAST, WEST), strict=True):
            assert target.startswith("d-")
            assert target.endswith(f".execute-api.{region}.amazonaws.com")
        assert len({target.split(".")[0] for target in targets}) == 2

    @pytest.mark.parametrize("given", [{}, {"basePath": ""}], ids=["none", "empty"])
    def test_maps_its_root_under_the_name_that_aws_has_for_it(self, closed_cloud: Cloud, given: dict[str, str]) -> None:
        gateway = closed_cloud.client("apigateway")
        name = f"{unique('use1')}.tap.example"
        self.created(closed_cloud, name)
        api = gateway.create_rest_api(name=unique("api"))["id"]
        gateway.create_base_path_mapping(domainName=name, restApiId=api, **given)
        assert gateway.get_base_path_mapping(domainName=name, basePath="(none)")["restApiId"] == api

    @closes("empty_base_path")
    def test_an_empty_base_path_is_found_again(self, cloud: Cloud) -> None:
        gateway = cloud.client("apigateway")
        name = f"{unique('use1')}.tap.example"
        self.created(cloud, name)
        api = gateway.create_rest_api(name=unique("api"))["id"]
        gateway.create_base_path_mapping(domainName=name, restApiId=api, basePath="")
        assert gateway.get_base_path_mapping(domainName=name, basePath="(none)")["restApiId"] == api
