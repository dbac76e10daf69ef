"""What is to run again and again really runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule

_RULE: Final = "aws_cloudwatch_event_rule"
_TARGET: Final = "aws_cloudwatch_event_target"
_PERMISSION: Final = "aws_lambda_permission"
_FUNCTION: Final = "aws_lambda_function"
_EVENTS: Final = "events.amazonaws.com"
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""


def _is_scheduled(rule_: Resource) -> bool:
    return "schedule_expression" in rule_


def _targets(rule_: Resource) -> list[Resource]:
    return [target for target in rule_.users(_TARGET) if target.target("rule") is rule_]


def _function(target: Resource) -> Resource | None:
    """The function that a target names, by reference or by its ARN as it will be."""
    found = target.target("arn")
    if found is not None:
        return found if found.type == _FUNCTION else None
    written = target.literal("arn") or ""
    named = [
        function
        for function in target.deployment.resources(_FUNCTION)
        if function.region == target.region and written.endswith(f":function:{function.literal('function_name')}")
    ]
    return named[0] if len(named) == 1 and f":lambda:{target.region}:" in written else None


def _may_invoke(rule_: Resource, function: Resource) -> bool:
    return any(
        permission.target("function_name") is function and permission.text("principal") == _EVENTS
        for permission in rule_.users(_PERMISSION)
        if permission.target("source_arn") is rule_
    )


def _of_target(target: Resource) -> list[Resource]:
    rule_ = target.target("rule")
    return [rule_] if rule_ is not None and _is_scheduled(rule_) else []


def _of_permission(permission: Resource) -> list[Resource]:
    rule_ = permission.target("source_arn")
    return [rule_] if rule_ is not None and rule_.type == _RULE and _is_scheduled(rule_) else []


def _minutely(
    *, permission: dict[str, Any] | None = None, target: dict[str, Any] | None = None, **body: Any
) -> dict[str, Any]:
    named = f"${{{_FUNCTION}.reconciler.function_name}}"
    allowed = {"function_name": named, "principal": _EVENTS, "source_arn": f"${{{_RULE}.minute.arn}}"}
    return {
        _FUNCTION: {"reconciler": {"function_name": "reconciler"}},
        _RULE: {"minute": {"name": "minute", "schedule_expression": "rate(1 minute)", **body}},
        _TARGET: {
            "minute": {
                "rule": f"${{{_RULE}.minute.name}}",
                "arn": f"${{{_FUNCTION}.reconciler.arn}}",
                **(target or {}),
            }
        },
        _PERMISSION: {"minute": {**allowed, **(permission or {})}},
    }


def _without_targets() -> dict[str, Any]:
    return {type_: bodies for type_, bodies in _minutely().items() if type_ != _TARGET}


def _another_function(body: dict[str, Any], _: Resource) -> bool:
    body["arn"] = f"{body.get('arn')}-of-old"
    return True


@rule(
    id="TAP_MESSAGING_SCHEDULE",
    title="Schedules are on, in the region of what they invoke, and may invoke it",
    risk="The run that finds what was lost never happens, and nothing fails: EventBridge tells nobody but its own "
    "metrics that it was refused.",
    remediation=f"Leave the rule enabled, give it a target in its own region, and allow {_EVENTS} to invoke the "
    "function with the rule's ARN as source_arn.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:10.7.2", "NIST-800-53:CP-10(2)", "NIST-800-53:SI-4", "WA-REL:REL11-BP03"],
    judges=kind(_RULE, where=_is_scheduled),
    passes=[
        _minutely(),
        _minutely(state="ENABLED"),
        _minutely(target={"arn": "arn:aws:lambda:us-east-1:000000000000:function:reconciler"}),
        {
            "aws_sfn_state_machine": {"drill": {"name": "drill"}},
            _RULE: {"weekly": {"name": "weekly", "schedule_expression": "rate(7 days)"}},
            _TARGET: {"weekly": {"rule": f"${{{_RULE}.weekly.name}}", "arn": "${aws_sfn_state_machine.drill.arn}"}},
        },
    ],
    fails=[
        _without_targets(),
        _minutely(state="DISABLED"),
        _minutely(is_enabled=False),
        _minutely(state="${var.state}"),
        _minutely(permission={"principal": "sns.amazonaws.com"}),
        _minutely(permission={"source_arn": "arn:aws:events:us-east-1:000000000000:rule/other"}),
        _minutely(target={"arn": "arn:aws:lambda:us-west-2:000000000000:function:reconciler"}),
        _minutely(target={"arn": "arn:aws:lambda:us-east-1:000000000000:function:nobody"}),
        _minutely(target={"provider": "aws.usw2"}),
    ],
    mutations=[
        put("state", "DISABLED"),
        put("is_enabled", value=False),
        remove("without the target", _TARGET, seen_on=_of_target),
        edit("with another function's ARN", _another_function, _TARGET, seen_on=_of_target),
        remove("without the permission", _PERMISSION, seen_on=_of_permission),
        put("principal", "sns.amazonaws.com", _PERMISSION, seen_on=_of_permission),
    ],
)
def messaging_schedule(rule_: Resource) -> Iterator[str]:
    """A target that is no function is judged by its own service's rules; it must only be there."""
    if "state" in rule_ and rule_.text("state") not in {"ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}:
        yield f"state is {rule_.get('state')}"
    if "is_enabled" in rule_ and rule_.flag("is_enabled") is not True:
        yield f"is_enabled is {rule_.get('is_enabled')}"
    targets = _targets(rule_)
    if not targets:
        yield "it has no target"
    for target in targets:
        if target.region != rule_.region:
            yield f"its target is in {target.region}, and it is in {rule_.region}"
        yield from _not_invoked(rule_, target)


def _not_invoked(rule_: Resource, target: Resource) -> Iterator[str]:
    known = target.target("arn")
    if known is not None and known.type != _FUNCTION:
        return
    function = _function(target)
    if function is None:
        yield f"its target is {target.get('arn')}, which is nothing that is deployed in its region"
    elif not _may_invoke(rule_, function):
        yield f"no aws_lambda_permission lets {_EVENTS} invoke {function.get('function_name')} for it"
