"""Fills a REST API of MiniStack from an OpenAPI 3.0 document, as PutRestApi with ``mode=overwrite`` does."""

import json
import uuid
from typing import Any

from embedded.server.patching import Service, text

_LOCATIONS = {"query": "querystring", "path": "path", "header": "header"}
_COPIED = (
    *("credentials", "requestParameters", "requestTemplates", "passthroughBehavior", "timeoutInMillis"),
    *("connectionType", "contentHandling", "cacheKeyParameters"),
)
_ANY = "x-amazon-apigateway-any-method"


class OpenApiImport:
    """One document on its way into one REST API; ``service`` is MiniStack's ``apigateway_v1`` module."""

    def __init__(self, service: Service, api: dict[str, Any], document: dict[str, Any]) -> None:
        self._service = service
        self._api = api
        self._api_id: str = api["id"]
        self._document = document
        self._validators: dict[str, str] = {}

    def overwrite(self) -> None:
        """Replace all that the API holds by what the document describes."""
        self._clear()
        self._import_settings()
        self._import_models()
        self._import_validators()
        self._import_gateway_responses()
        schemes = self._service._import_security_schemes(self._api_id, self._document)
        for path, item in (self._document.get("paths") or {}).items():
            self._import_path(path, item, schemes)

    def _clear(self) -> None:
        service, api_id = self._service, self._api_id
        root = next(each for each in service._resources[api_id].values() if each["path"] == "/")
        root["resourceMethods"] = {}
        service._resources[api_id] = {root["id"]: root}
        for store in (
            service._models,
            service._authorizers_v1,
            service._request_validators,
            service._gateway_responses,
        ):
            store[api_id] = {}

    def _import_settings(self) -> None:
        info = self._document.get("info") or {}
        for source, target in (("title", "name"), ("description", "description"), ("version", "version")):
            if info.get(source):
                self._api[target] = info[source]
        if self._document.get("x-amazon-apigateway-policy"):
            self._api["policy"] = json.dumps(self._document["x-amazon-apigateway-policy"])
        binary = self._document.get("x-amazon-apigateway-binary-media-types")
        if binary:
            self._api["binaryMediaTypes"] = binary
        endpoints = self._document.get("x-amazon-apigateway-endpoint-configuration") or {}
        if "disableExecuteApiEndpoint" in endpoints:
            self._api["disableExecuteApiEndpoint"] = endpoints["disableExecuteApiEndpoint"]

    def _import_models(self) -> None:
        schemas = (self._document.get("components") or {}).get("schemas") or {}
        for name, schema in schemas.items():
            self._create_model(name, schema)

    def _create_model(self, name: str, schema: dict[str, Any]) -> None:
        address = f"https://apigateway.amazonaws.com/restapis/{self._api_id}/models/"
        resolved = json.dumps(schema).replace("#/components/schemas/", address)
        model = {"name": name, "schema": resolved, "contentType": "application/json"}
        self._service._create_model(self._api_id, model)

    def _import_validators(self) -> None:
        for name, settings in (self._document.get("x-amazon-apigateway-request-validators") or {}).items():
            _, _, body = self._service._create_request_validator(self._api_id, {"name": name, **settings})
            self._validators[name] = json.loads(text(body))["id"]

    def _import_gateway_responses(self) -> None:
        for kind, response in (self._document.get("x-amazon-apigateway-gateway-responses") or {}).items():
            status = response.get("statusCode")
            settings = {**response, "statusCode": str(status) if status else None}
            self._service._put_gateway_response(self._api_id, kind, settings)

    def _import_path(self, path: str, item: dict[str, Any], schemes: dict[str, Any]) -> None:
        service, security = self._service, self._document.get("security")
        service._import_path_item(self._api_id, path, item, schemes, security)
        resource = next(each for each in service._resources[self._api_id].values() if each["path"] == path)
        if _ANY in item:
            service._import_operation(self._api_id, resource["id"], "ANY", item[_ANY], schemes, security)
        for verb, operation in item.items():
            method = resource["resourceMethods"].get("ANY" if verb == _ANY else verb.upper())
            if method and isinstance(operation, dict):
                self._import_method(method, operation, item.get("parameters") or [])

    def _import_method(self, method: dict[str, Any], operation: dict[str, Any], shared: list[dict[str, Any]]) -> None:
        for parameter in [self._resolve(each) for each in shared + (operation.get("parameters") or [])]:
            if parameter.get("in") in _LOCATIONS:
                name = f"method.request.{_LOCATIONS[parameter['in']]}.{parameter['name']}"
                method["requestParameters"][name] = bool(parameter.get("required"))
        method["operationName"] = operation.get("operationId", "")
        for content_type, content in (self._resolve(operation.get("requestBody") or {}).get("content") or {}).items():
            method["requestModels"][content_type] = self._model_name(content.get("schema") or {})
        default = self._document.get("x-amazon-apigateway-request-validator")
        validator = operation.get("x-amazon-apigateway-request-validator", default)
        if validator:
            method["requestValidatorId"] = self._validators[validator]
        for status in operation.get("responses") or {}:
            response = {"statusCode": str(status), "responseParameters": {}, "responseModels": {}}
            method["methodResponses"][str(status)] = response
        if method.get("methodIntegration"):
            self._import_integration(method["methodIntegration"], operation["x-amazon-apigateway-integration"])

    def _import_integration(self, integration: dict[str, Any], document: dict[str, Any]) -> None:
        for name in _COPIED:
            if document.get(name) is not None:
                integration[name] = document[name]
        integration["passthroughBehavior"] = integration["passthroughBehavior"].upper()
        for pattern, response in (document.get("responses") or {}).items():
            status = str(response.get("statusCode"))
            integration["integrationResponses"][status] = {
                "statusCode": status,
                "selectionPattern": "" if pattern == "default" else pattern,
                "responseParameters": response.get("responseParameters", {}),
                "responseTemplates": response.get("responseTemplates", {}),
            }

    def _model_name(self, schema: dict[str, Any]) -> str:
        reference: str = schema.get("$ref", "")
        if reference:
            return reference.rsplit("/", 1)[-1]
        name = f"MODEL{uuid.uuid4().hex[:6]}"
        self._create_model(name, schema)
        return name

    def _resolve(self, element: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference within the document (parameters and request bodies may be shared)."""
        if "$ref" not in element:
            return element
        found: Any = self._document
        for part in element["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found  # type: ignore[no-any-return]
