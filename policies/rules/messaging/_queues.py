"""Queues, what gives them up, and who reads from them."""

from __future__ import annotations

import json
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.values import Block

QUEUE: Final = "aws_sqs_queue"
MAPPING: Final = "aws_lambda_event_source_mapping"
_REDRIVE: Final = "aws_sqs_queue_redrive_policy"
_GIVING_UP: Final = ("redrive_policy", "dead_letter_config", "destination_config")
"""Attributes in which queues, subscriptions, functions and targets name what takes what they could not deliver."""

_STREAMS: Final = (":kinesis:", ":dynamodb:", ":kafka:", ":mq:")


def redrive(queue: Resource) -> tuple[Resource, Block]:
    """A queue's redrive policy, and the resource that it is written in."""
    written = [queue, *queue.users(_REDRIVE)]
    place = next((each for each in written if "redrive_policy" in each), queue)
    try:
        return place, Block(json.loads(place.text("redrive_policy") or "{}"))
    except (ValueError, RecursionError):
        return place, Block({})


def dead_letter_queue(queue: Resource) -> Resource | None:
    """The queue that gets what could not be worked off; None if there is none, or nobody can tell which."""
    place, policy = redrive(queue)
    target = place.deployment.target(place.stack, policy.get("deadLetterTargetArn"))
    return target if target is not None and target.type == QUEUE else None


def gives_up_to(queue: Resource) -> list[Resource]:
    """Those who send to a queue what they could not deliver; a queue with any is a dead-letter queue."""
    return [user for user in queue.users() if queue in _last_resorts(user)]


def _last_resorts(user: Resource) -> list[Resource]:
    return user.deployment.targets(user.stack, [user.get(name) for name in _GIVING_UP])


def works_off(queue: Resource) -> bool:
    """Whether a queue holds work, and not what others have given up."""
    return not gives_up_to(queue)


def reads_a_queue(mapping: Resource) -> bool:
    """Whether a mapping's source is a queue of SQS, as far as can be told; one of unknown kind counts."""
    if "self_managed_event_source" in mapping:
        return False
    source = mapping.target("event_source_arn")
    if source is not None:
        return source.type == QUEUE
    return not any(stream in (mapping.text("event_source_arn") or "") for stream in _STREAMS)


def source(mapping: Resource) -> Resource | None:
    """The queue that a mapping reads from, if it is known."""
    found = mapping.target("event_source_arn")
    return found if found is not None and found.type == QUEUE else None


def consumer(mapping: Resource) -> Resource | None:
    """The function that a mapping wakes, if it is known."""
    found = mapping.target("function_name")
    return found if found is not None and found.type == "aws_lambda_function" else None


def settling(**changes: Any) -> dict[str, dict[str, Any]]:
    """A queue, its dead-letter queue, its consumer and the mapping between; keywords change some of them.

    ``queue={"visibility_timeout_seconds": 1}`` changes attributes; an attribute of None is left out.
    """
    bodies: dict[str, dict[str, Any]] = {
        "queue": {
            "name": "payments",
            "visibility_timeout_seconds": 360,
            "message_retention_seconds": 1_209_600,
            "redrive_policy": json.dumps(
                {"deadLetterTargetArn": f"${{{QUEUE}.dead.arn}}", "maxReceiveCount": 5},
            ),
        },
        "dead": {"name": "payments-dead", "message_retention_seconds": 1_209_600},
        "processor": {"function_name": "processor", "timeout": 60, "reserved_concurrent_executions": 50},
        "mapping": {
            "event_source_arn": f"${{{QUEUE}.payments.arn}}",
            "function_name": "${aws_lambda_function.processor.function_name}",
            "function_response_types": ["ReportBatchItemFailures"],
            "scaling_config": {"maximum_concurrency": 50},
            "enabled": True,
            "lifecycle": {"ignore_changes": ["enabled"]},
        },
    }
    for name, change in changes.items():
        bodies[name].update(change)
    return {
        QUEUE: {"payments": bodies["queue"], "dead": bodies["dead"]},
        "aws_lambda_function": {"processor": bodies["processor"]},
        MAPPING: {"payments": bodies["mapping"]},
    }
