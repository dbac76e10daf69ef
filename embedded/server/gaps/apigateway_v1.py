"""API Gateway, REST APIs: import of an OpenAPI document, empty structures, the empty base path."""

import json
import re
from typing import Any

import yaml

from embedded.server.openapi_import import OpenApiImport
from embedded.server.patching import Answer, Service, around, gap, text

_EMPTY_MEANS_ABSENT = ("accessLogSettings", "quota", "throttle", "mutualTlsAuthentication")


@gap(
    "services.apigateway_v1",
    *("handle_request", "_rest_apis", "_resources", "_models", "_authorizers_v1", "_request_validators"),
    *("_gateway_responses", "_create_model", "_create_request_validator", "_put_gateway_response", "_rest_api_view"),
    *("_import_security_schemes", "_import_path_item", "_import_operation", "_v1_error", "_v1_response"),
)
def put_rest_api(apigateway: Service) -> None:
    """PutRestApi is unknown: a REST API cannot be made from an OpenAPI document."""

    @around(apigateway, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        matched = re.fullmatch(r"/restapis/([^/]+)", path)
        if method != "PUT" or not matched:
            answer: Answer = await original(method, path, headers, body, query)
            return answer
        api = apigateway._rest_apis.get(matched[1])
        if api is None:
            return apigateway._v1_error("NotFoundException", "Invalid API identifier specified", 404)  # type: ignore[no-any-return]
        try:
            document = yaml.safe_load(body)  # JSON is YAML
        except yaml.YAMLError as error:
            return apigateway._v1_error("BadRequestException", f"Invalid OpenAPI input. {error}", 400)  # type: ignore[no-any-return]
        OpenApiImport(apigateway, api, document).overwrite()
        return apigateway._v1_response(apigateway._rest_api_view(api), 200)  # type: ignore[no-any-return]


@gap("services.apigateway_v1", "_v1_response")
def absent_structures(apigateway: Service) -> None:
    """Structures that were never set are answered empty; to the provider that is a difference to its configuration."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            kept = value.items()
            return {name: clean(each) for name, each in kept if each or name not in _EMPTY_MEANS_ABSENT}
        return [clean(each) for each in value] if isinstance(value, list) else value

    @around(apigateway, "_v1_response")
    def respond(original: Any, data: Any, status: int = 200) -> Any:
        return original(clean(data), status)


@gap("services.apigateway_v1", "_create_base_path_mapping")
def empty_base_path(apigateway: Service) -> None:
    """A mapping with an empty base path is not found again under AWS's name for it, ``(none)``."""

    @around(apigateway, "_create_base_path_mapping")
    def create(original: Any, domain_name: str, data: dict[str, Any]) -> Any:
        return original(domain_name, {**data, "basePath": data.get("basePath") or "(none)"})


@gap("services.apigateway_v1", "_create_domain_name", "_domain_names")
def generated_regional_name(apigateway: Service) -> None:
    """A regional domain's target is AWS's ``d-….execute-api.<region>.amazonaws.com``, never the domain's own name."""

    @around(apigateway, "_create_domain_name")
    def create(original: Any, data: dict[str, Any]) -> Answer:
        status, headers, body = original(data)
        if status != 201:
            return status, headers, body
        domain = apigateway._domain_names[data["domainName"]]
        region = apigateway.get_region()
        domain["regionalDomainName"] = f"d-{apigateway._new_id()}.execute-api.{region}.amazonaws.com"
        domain["domainNameStatus"] = "AVAILABLE"
        return status, headers, json.dumps({**json.loads(text(body)), **domain}).encode()
