"""A web ACL keeps what it refused, without the credentials in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.firewall._acls import ACL, LOGGING

_GROUP: Final = "aws_cloudwatch_log_group"
_BEGINNING: Final = "aws-waf-logs-"
"""https://docs.aws.amazon.com/waf/latest/developerguide/logging-destinations.html"""

_REDACTED: Final = [{"single_header": {"name": "authorization"}}]
_KEPT: Final = {
    "default_behavior": "DROP",
    "filter": [
        {"behavior": "KEEP", "requirement": "MEETS_ANY", "condition": [{"action_condition": {"action": "BLOCK"}}]}
    ],
}


def _logged(name: str = "aws-waf-logs-wall", **body: Any) -> dict[str, Any]:
    configuration = {
        "resource_arn": f"${{{ACL}.wall.arn}}",
        "log_destination_configs": [f"${{{_GROUP}.log.arn}}"],
        "redacted_fields": _REDACTED,
        **body,
    }
    return {ACL: {"wall": {}}, _GROUP: {"log": {"name": name}}, LOGGING: {"log": configuration}}


def _of(logging: Resource) -> list[Resource]:
    acl = logging.target("resource_arn")
    return [acl] if acl is not None and acl.type == ACL else []


@rule(
    id="TAP_FIREWALL_REFUSALS_LOGGED",
    title="Every web ACL logs what it refuses, without the header that proves who sent it",
    risk="Nobody can tell an attack from payments that were refused by mistake; or whoever reads the log can send "
    "requests in another's name.",
    remediation=f"Add an {LOGGING} with a log group whose name begins with {_BEGINNING}, keep what was blocked, and "
    "name the credential's header in redacted_fields.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:10.2.1", "PCI-DSS-4.0:10.3.1", "NIST-800-53:AU-2", "NIST-800-53:AU-12", "WA-REL:REL06-BP01"],
    judges=kind(ACL),
    passes=[_logged(), _logged(logging_filter=_KEPT), _logged(logging_filter={**_KEPT, "default_behavior": "KEEP"})],
    fails=[
        {ACL: {"wall": {}}},
        _logged(log_destination_configs=[]),
        _logged(name="waf-wall"),
        _logged(redacted_fields=[]),
        _logged(logging_filter={"default_behavior": "DROP", "filter": []}),
        _logged(
            logging_filter={
                "default_behavior": "KEEP",
                "filter": [{"behavior": "DROP", "condition": [{"action_condition": {"action": "BLOCK"}}]}],
            }
        ),
    ],
    mutations=[
        remove("without a log", LOGGING, seen_on=_of),
        drop("redacted_fields", LOGGING, seen_on=_of),
        put("logging_filter.filter", [], LOGGING, seen_on=_of),
        put("log_destination_configs", [], LOGGING, seen_on=_of),
        put("resource_arn", "${var.acl}", LOGGING, seen_on=_of),
    ],
)
def firewall_refusals_logged(acl: Resource) -> Iterator[str]:
    """The log must be there, go somewhere that AWS accepts, keep what was blocked, and redact a header."""
    logs = [one for one in acl.users(LOGGING) if one.target("resource_arn") is acl]
    if not logs:
        yield f"no {LOGGING} is about it"
    for log in logs:
        if not log.items("log_destination_configs"):
            yield f"{log.path} has no log_destination_configs"
        for group in log.targets("log_destination_configs"):
            if group.type == _GROUP and not (group.literal("name") or "").startswith(_BEGINNING):
                yield f"{group.path} is called {group.get('name')}, and WAF takes {_BEGINNING}… only"
        if not any("single_header" in field for field in log.blocks("redacted_fields")):
            yield f"{log.path} redacts no header"
        if "logging_filter" in log and not _keeps_refusals(log.block("logging_filter")):
            yield f"{log.path} drops what was blocked"


def _keeps_refusals(chosen: Block) -> bool:
    on_blocked = [
        one.get("behavior")
        for one in chosen.blocks("filter")
        if any(condition.block("action_condition").text("action") == "BLOCK" for condition in one.blocks("condition"))
    ]
    return bool((on_blocked or [chosen.get("default_behavior")])[0] == "KEEP")
