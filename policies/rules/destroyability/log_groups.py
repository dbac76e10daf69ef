"""Log groups that AWS would make by itself are made, and so destroyed, by Terraform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put, remove
from policies.rule import Severity, kind, rule

_GROUP: Final = "aws_cloudwatch_log_group"
_FUNCTION_LOGS: Final = "/aws/lambda/"
_API_LOGS: Final = "API-Gateway-Execution-Logs_"
_DATABASES: Final = {
    "aws_rds_cluster": ("cluster_identifier", "/aws/rds/cluster/"),
    "aws_db_instance": ("identifier", "/aws/rds/instance/"),
}
_EXPORTS: Final = "enabled_cloudwatch_logs_exports"
_WRITERS: Final = ("aws_lambda_function", "aws_api_gateway_method_settings", *_DATABASES)


def _writes_logs(resource: Resource) -> bool:
    if resource.type in _DATABASES:
        return bool(resource.items(_EXPORTS))
    level = resource.block("settings").get("logging_level")
    return resource.type != "aws_api_gateway_method_settings" or (level is not None and level != "OFF")


def _writers_to(group: Resource) -> list[Resource]:
    """Those whose logs would be lost with the group, as the rule sees it."""
    writers = [writer for writer in group.deployment.resources(*_WRITERS) if _writes_logs(writer)]
    return [writer for writer in writers if any(found is group for _, found in _expected(writer))]


def _settings_of(stage: Resource) -> list[Resource]:
    return stage.users("aws_api_gateway_method_settings")


@rule(
    id="TAP_DESTROY_LOG_GROUP",
    title="Log groups that AWS would make by itself are made, and so destroyed, by Terraform",
    risk="AWS makes the missing group at the first line of log: without end, without key, and out of reach of destroy, "
    "which leaves it behind.",
    remediation="Declare an aws_cloudwatch_log_group of the name that the service uses, in the same region, and let "
    "what writes to it depend on it, so that the group is made before and destroyed after.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:10.5.1", "NIST-800-53:SI-12(3)", "NIST-800-53:AU-11", "WA-REL:REL08-BP04"],
    judges=kind(*_WRITERS, where=_writes_logs),
    passes=[
        {
            _GROUP: {
                "webhook": {"name": "/aws/lambda/tap-webhook"},
                "shared": {"name": "tap-functions"},
                "api": {"name": f"{_API_LOGS}${{aws_api_gateway_rest_api.api.id}}/dev"},
                "ledger": {"name": "/aws/rds/cluster/tap-ledger/postgresql"},
            },
            "aws_lambda_function": {
                "webhook": {"function_name": "tap-webhook", "depends_on": [f"{_GROUP}.webhook"]},
                "other": {
                    "function_name": "tap-other",
                    "logging_config": {"log_format": "JSON", "log_group": f"${{{_GROUP}.shared.name}}"},
                },
            },
            "aws_api_gateway_rest_api": {"api": {"name": "tap"}},
            "aws_api_gateway_stage": {"dev": {"stage_name": "dev", "depends_on": [f"{_GROUP}.api"]}},
            "aws_api_gateway_method_settings": {
                "all": {
                    "rest_api_id": "${aws_api_gateway_rest_api.api.id}",
                    "stage_name": "${aws_api_gateway_stage.dev.stage_name}",
                    "settings": {"logging_level": "ERROR"},
                }
            },
            "aws_rds_cluster": {
                "ledger": {
                    "cluster_identifier": "tap-ledger",
                    _EXPORTS: ["postgresql"],
                    "depends_on": [f"{_GROUP}.ledger"],
                }
            },
        }
    ],
    fails=[
        {"aws_lambda_function": {"webhook": {"function_name": "tap-webhook"}}},
        {
            _GROUP: {"webhook": {"name": "/aws/lambda/${aws_lambda_function.webhook.function_name}"}},
            "aws_lambda_function": {"webhook": {"function_name": "tap-webhook"}},
        },
        {
            _GROUP: {"elsewhere": {"provider": "aws.usw2", "name": "/aws/lambda/tap-webhook"}},
            "aws_lambda_function": {"webhook": {"function_name": "tap-webhook", "depends_on": [f"{_GROUP}.elsewhere"]}},
        },
        {"aws_rds_cluster": {"ledger": {"cluster_identifier": "tap-ledger", _EXPORTS: ["postgresql"]}}},
        {
            "aws_api_gateway_method_settings": {
                "all": {"rest_api_id": "abc", "stage_name": "dev", "settings": {"logging_level": "INFO"}}
            }
        },
    ],
    mutations=[
        remove("without a log group", _GROUP, seen_on=_writers_to),
        put("name", "/aws/lambda/somebody-elses", _GROUP, seen_on=_writers_to),
        put("function_name", "renamed", "aws_lambda_function"),
        drop("depends_on", "aws_lambda_function", "aws_rds_cluster"),
        drop("depends_on", "aws_api_gateway_stage", seen_on=_settings_of),
    ],
)
def destroy_log_group(writer: Resource) -> Iterator[str]:
    """A group of the dictated name in the same region, which is destroyed only after what writes to it."""
    for name, group in _expected(writer):
        if group is None:
            yield f"no {_GROUP} is named {name} in {writer.region}, so that AWS makes one that a destroy leaves behind"
        elif not writer.stack.planned and not _waits_for(writer, group):
            yield f"it does not depend on {group.path}, so that it may write once more when that group is destroyed"


def _expected(writer: Resource) -> Iterator[tuple[str, Resource | None]]:
    """The name of each log group that a resource writes to, and the group if it is declared."""
    if writer.type in _DATABASES:
        attribute, prefix = _DATABASES[writer.type]
        for export in writer.items(_EXPORTS):
            yield _named(writer, f"{prefix}{writer.get(attribute)}/{export}")
    elif writer.type == "aws_api_gateway_method_settings":
        yield _executions_of(writer)
    else:
        chosen = writer.block("logging_config").get("log_group")
        yield _named(writer, chosen or f"{_FUNCTION_LOGS}{writer.get('function_name')}")


def _named(writer: Resource, name: object) -> tuple[str, Resource | None]:
    direct = writer.deployment.target(writer.stack, name)
    if direct is not None and direct.type == _GROUP:
        return str(name), direct
    literal = writer.deployment.literal(writer.stack, name)
    # What only Terraform can tell is the same if it is written the same way in the same module.
    same: Callable[[Resource], bool] = (
        (lambda group: group.get("name") == name and group.stack is writer.stack)
        if literal is None
        else (lambda group: group.literal("name") == literal)
    )
    return literal or str(name), _in_region(writer, same)


def _executions_of(settings: Resource) -> tuple[str, Resource | None]:
    api, stage = settings.target("rest_api_id"), settings.literal("stage_name")

    def same(group: Resource) -> bool:
        name = group.text("name") or ""
        return name.startswith(_API_LOGS) and name.endswith(f"/{stage}") and group.targets("name") == [api]

    return f"{_API_LOGS}{settings.get('rest_api_id')}/{stage}", _in_region(settings, same)


def _in_region(writer: Resource, same: Callable[[Resource], bool]) -> Resource | None:
    groups = (group for group in writer.deployment.resources(_GROUP) if group.region == writer.region)
    return next((group for group in groups if same(group)), None)


def _waits_for(writer: Resource, group: Resource) -> bool:
    """Whether Terraform makes the group first, directly or through something else."""
    seen: set[tuple[str, str]] = set()
    waiting = [writer]
    while waiting:
        resource = waiting.pop()
        if resource is group:
            return True
        if resource.key not in seen:
            seen.add(resource.key)
            waiting += resource.deployment.uses.get(resource.key, ())
            listed = (resource.stack.resources.get(address) for address in resource.texts("depends_on"))
            waiting += [found for found in listed if found is not None]
    return False
