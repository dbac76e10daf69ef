"""Means of the tests of settlement: the queues, and the ledger as PostgreSQL has it."""

from __future__ import annotations

import json
import ssl
from typing import Any

from pg8000.native import Connection

from tests.integration.platform import Platform, Region

NOBODY = "nobody-has-sent-this"
"""An id that no payment has."""


def connection(platform: Platform, host: str, secret: str, *, tls: bool = True) -> Connection:
    """A connection of our own, which only the embedded AWS's loopback addresses allow."""
    credentials = platform.secret(platform.shared[secret], platform.primary)
    # With None, pg8000 would try TLS all the same, and trust anybody.
    context = ssl.create_default_context(cafile=str(platform.emulator.trust_bundle)) if tls else False
    return Connection(
        credentials.field("username"),
        host=host,
        port=platform.primary.outputs["database_port"],
        database="ledger",
        password=credentials.field("password"),
        ssl_context=context,
        timeout=10,
    )


def rows(platform: Platform, region: Region, payment_id: str) -> list[list[Any]]:
    """A payment in the ledger, as a region's reader endpoint shows it."""
    with connection(platform, region.outputs["reader_endpoint"], "database_secret_arns") as ledger:
        found: list[list[Any]] = ledger.run(
            "SELECT amount, currency, status, region, epoch FROM ledger.payments WHERE payment_id = :id", id=payment_id
        )
        return found


def enqueue(platform: Platform, region: Region, *payment_ids: str) -> None:
    """Put messages into a region's queue, as the webhook does."""
    for payment_id in payment_ids:
        platform.client("sqs", region).send_message(
            QueueUrl=region.outputs["queue_url"], MessageBody=json.dumps({"payment_id": payment_id})
        )


def dead_letters(platform: Platform, region: Region) -> str:
    """The URL of the region's dead-letter queue."""
    sqs = platform.client("sqs", region)
    answer = sqs.get_queue_attributes(QueueUrl=region.outputs["queue_url"], AttributeNames=["RedrivePolicy"])
    arn = json.loads(answer["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
    return str(sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


def taken(platform: Platform, region: Region, url: str) -> list[str]:
    """The payments that the visible messages of a queue name; the messages are gone then."""
    sqs, found = platform.client("sqs", region), list[str]()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(json.loads(message["Body"])["payment_id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def forget(platform: Platform, region: Region) -> None:
    """Leave nothing in a queue that nobody reads."""
    taken(platform, region, region.outputs["queue_url"])


def invoke(platform: Platform, region: Region, function: str, event: dict[str, Any]) -> Any:
    """What a function answers."""
    answer = platform.client("lambda", region).invoke(
        FunctionName=region.outputs["functions"][function], Payload=json.dumps(event)
    )
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


def delivery(region: Region, *payment_ids: str) -> dict[str, Any]:
    """An event as SQS makes it for Lambda."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": "r",
                "body": json.dumps({"payment_id": payment_id}),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{region}:000000000000:payments",
                "awsRegion": region.name,
            }
            for number, payment_id in enumerate(payment_ids)
        ]
    }


def consumer(platform: Platform, region: Region) -> dict[str, Any]:
    """The region's event source mapping of the processor."""
    pages = platform.client("lambda", region).get_paginator("list_event_source_mappings")
    (found,) = [
        each
        for page in pages.paginate(FunctionName=region.outputs["functions"]["processor"])
        for each in page["EventSourceMappings"]
    ]
    return dict(found)
