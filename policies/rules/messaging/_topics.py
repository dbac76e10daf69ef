"""Topics, who is told of what is published there, and what those may do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Document, Statement, documents
from policies.rules.messaging._queues import QUEUE

TOPIC: Final = "aws_sns_topic"
TOPIC_POLICY: Final = "aws_sns_topic_policy"
SUBSCRIPTION: Final = "aws_sns_topic_subscription"
FUNCTION: Final = "aws_lambda_function"
INVOCATION: Final = "aws_lambda_function_event_invoke_config"
ROLE_POLICY: Final = "aws_iam_role_policy"
QUEUE_POLICY: Final = "aws_sqs_queue_policy"
TABLE: Final = "aws_dynamodb_table"
SNS: Final = "sns.amazonaws.com"

_PEOPLE: Final = frozenset({"application", "email", "email-json", "sms"})
_LAST: Final = re.compile(r"[:/]")


def tells_software(subscription: Resource) -> bool:
    """Whether who is told can be told later, too; people and their devices are not."""
    return subscription.text("protocol") not in _PEOPLE


def subscriber(subscription: Resource) -> Resource | None:
    """The function that a subscription tells, if it is known."""
    functions = [found for found in subscription.targets("endpoint") if found.type == FUNCTION]
    return functions[0] if len(functions) == 1 else None


def is_told(function: Resource) -> bool:
    """Whether a topic invokes a function."""
    return any(subscriber(subscription) is function for subscription in function.users(SUBSCRIPTION))


def told_functions(resource: Resource) -> list[Resource]:
    """All functions of a deployment that topics invoke."""
    return [function for function in resource.deployment.resources(FUNCTION) if is_told(function)]


def told_with(policy: Resource) -> list[Resource]:
    """The functions among them that run under the role of a policy."""
    role = policy.target("role")
    return [function for function in told_functions(policy) if role is not None and function.target("role") is role]


def may(function: Resource, action: str, on: Resource) -> bool:
    """Whether a policy of the function's role allows an action on a resource, by what refers to it or by its name."""
    return any(
        _means(policy, text, on, function.region)
        for policy in _policies(function)
        for document in documents(policy)
        for statement in document.allowing
        if matches(statement, action)
        for text in statement.resources
    )


def matches(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action."""
    return any(fnmatchcase(action.lower(), written.lower()) for written in statement.actions)


def admits(document: Document, service: str, *actions: str) -> list[Statement]:
    """The statements that let a service do something of ``actions``; none unless all of them are allowed."""
    found = [s for s in document.statements if s.allows and ("Service", service) in s.principals]
    useful = [statement for statement in found if any(matches(statement, action) for action in actions)]
    return useful if all(any(matches(statement, action) for statement in useful) for action in actions) else []


def _policies(function: Resource) -> Iterator[Resource]:
    role = function.target("role")
    if role is None:
        return
    yield role
    yield from (policy for policy in role.users(ROLE_POLICY) if policy.target("role") is role)
    for attachment in role.users("aws_iam_role_policy_attachment"):
        attached = attachment.target("policy_arn")
        if attachment.target("role") is role and attached is not None:
            yield attached


def _means(policy: Resource, text: str, wanted: Resource, region: str | None) -> bool:
    """A table has the same name in each of its regions; the ARN must be that of the function's own."""
    if policy.deployment.target(policy.stack, text) is wanted:
        return True
    name = wanted.literal("name")
    return name is not None and _LAST.split(text)[-1] == name and f":{region}:" in text


def replaced(old: str, new: str) -> Callable[[dict[str, Any], Resource], bool]:
    """For mutations: other words in a policy."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        text = str(body.get("policy"))
        body["policy"] = text.replace(old, new)
        return old in text

    return change


def statement(*actions: str, **more: Any) -> dict[str, Any]:
    """For examples: what allows actions, or whatever ``more`` makes of it."""
    return {"Effect": "Allow", "Action": list(actions), **more}


def policy(*statements: dict[str, Any]) -> str:
    """For examples: a document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


_DEAD: Final = f"${{{QUEUE}.dead.arn}}"
_SETTLED: Final = f"${{{TOPIC}.settled.arn}}"
_SENDS: Final = statement("sqs:SendMessage", Resource=_DEAD)
_KEEPS: Final = statement("dynamodb:PutItem", Resource=f"${{{TABLE}.sessions.arn}}")
_HANDS_OVER: Final = statement(
    "sqs:SendMessage",
    Principal={"Service": SNS},
    Resource=_DEAD,
    Condition={"ArnEquals": {"aws:SourceArn": _SETTLED}},
)
_ENCRYPTS: Final = statement("kms:Decrypt", "kms:GenerateDataKey*", Principal={"Service": SNS}, Resource="*")


def telling(**changes: Any) -> dict[str, dict[str, Any]]:
    """A topic, the function that it tells, and all that stands behind; keywords change some of them.

    ``subscription={"redrive_policy": None}`` changes attributes; an attribute of None is left out.
    """
    bodies: dict[str, dict[str, Any]] = {
        "topic": {"name": "settled"},
        "subscription": {
            "topic_arn": _SETTLED,
            "protocol": "lambda",
            "endpoint": f"${{{FUNCTION}.notifier.arn}}",
            "redrive_policy": json.dumps({"deadLetterTargetArn": _DEAD}),
        },
        "dead": {"name": "settled-dead", "kms_master_key_id": "${aws_kms_key.key.arn}"},
        "dead_policy": {"queue_url": f"${{{QUEUE}.dead.url}}", "policy": policy(_HANDS_OVER)},
        "key": {"policy": policy(_ENCRYPTS)},
        "notifier": {"function_name": "notifier", "role": "${aws_iam_role.notifier.arn}"},
        "role": {"name": "notifier"},
        "role_policy": {"role": "${aws_iam_role.notifier.id}", "policy": policy(_SENDS, _KEEPS)},
        "invocation": {
            "function_name": f"${{{FUNCTION}.notifier.function_name}}",
            "maximum_retry_attempts": 2,
            "destination_config": {"on_failure": {"destination": _DEAD}},
        },
        "table": {
            "name": "sessions",
            "point_in_time_recovery": {"enabled": True},
            "replica": [{"region_name": "us-west-2", "point_in_time_recovery": True}],
        },
    }
    for name, change in changes.items():
        bodies[name].update(change)
    kept = {
        name: {key: value for key, value in body.items() if value is not None} for name, body in bodies.items() if body
    }
    return {
        TOPIC: {"settled": kept["topic"]},
        SUBSCRIPTION: {"notifier": kept["subscription"]},
        QUEUE: {"dead": kept["dead"]},
        QUEUE_POLICY: {"dead": kept["dead_policy"]},
        "aws_kms_key": {"key": kept["key"]},
        FUNCTION: {"notifier": kept["notifier"]},
        "aws_iam_role": {"notifier": kept["role"]},
        ROLE_POLICY: {"notifier": kept["role_policy"]},
        INVOCATION: {"notifier": kept["invocation"]},
        TABLE: {"sessions": kept["table"]},
    }
