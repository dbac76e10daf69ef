"""WAF: logging of web ACLs, and what an ACL was given and forgot."""

import json
from collections.abc import Callable
from typing import Any

from embedded.server.patching import Answer, Service, around, gap

_FORGOTTEN = ("CustomResponseBodies", "Description")


@gap("services.waf", "handle_request", "json_response", "_waf_err", "_resolve_local_web_acl", "_delete_web_acl")
def web_acl_logging(waf: Service) -> None:
    """The four calls about an ACL's log are unknown."""
    logging: dict[str, dict[str, Any]] = {}

    def put(data: dict[str, Any]) -> Any:
        configuration = data["LoggingConfiguration"]
        logging[configuration["ResourceArn"]] = configuration
        return waf.json_response({"LoggingConfiguration": configuration})

    def get(data: dict[str, Any]) -> Any:
        if data["ResourceArn"] not in logging:
            return waf._waf_err("WAFNonexistentItemException", "The ACL has no logging configuration.")
        return waf.json_response({"LoggingConfiguration": logging[data["ResourceArn"]]})

    def delete(data: dict[str, Any]) -> Any:
        logging.pop(data["ResourceArn"], None)
        return waf.json_response({})

    def listed(_: dict[str, Any]) -> Any:
        here = [each for arn, each in logging.items() if not waf._resolve_local_web_acl(arn)[1]]
        return waf.json_response({"LoggingConfigurations": here})

    calls: dict[str, Callable[[dict[str, Any]], Any]] = {
        "PutLoggingConfiguration": put,
        "GetLoggingConfiguration": get,
        "DeleteLoggingConfiguration": delete,
        "ListLoggingConfigurations": listed,
    }

    @around(waf, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        call = calls.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if call is None:
            answer: Answer = await original(method, path, headers, body, query)
            return answer
        data = json.loads(body)
        resource = data.get("ResourceArn") or data.get("LoggingConfiguration", {}).get("ResourceArn")
        unknown = waf._resolve_local_web_acl(resource)[1] if resource else None
        return unknown or call(data)  # type: ignore[no-any-return]


@gap("services.waf", "create_web_acl_record", "_update_web_acl", "_resource_from_scope")
def web_acl_texts(waf: Service) -> None:
    """The bodies of an ACL's own answers are dropped, and an update changes no description."""

    @around(waf, "create_web_acl_record")
    def create(original: Any, name: str, scope: str, properties: dict[str, Any]) -> Any:
        uid, arn, acl = original(name, scope, properties)
        acl.update({field: properties[field] for field in _FORGOTTEN if field in properties})
        return uid, arn, acl

    @around(waf, "_update_web_acl")
    def update(original: Any, data: dict[str, Any]) -> Any:
        answer = original(data)
        acl = waf._resource_from_scope(waf._web_acls, data.get("Id", ""), data.get("Scope", "REGIONAL"))
        if answer[0] == 200:
            for field in _FORGOTTEN:
                acl[field] = data.get(field) or ({} if field == "CustomResponseBodies" else "")
        return answer
