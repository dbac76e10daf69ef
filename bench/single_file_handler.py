"""What a payment webhook looks like when nobody asks what can go wrong: the measure for :mod:`bench.webhook`.

It is no part of the platform. Parse, write unconditionally, answer: no signature, no schema, no repetition, no state.
"""

import json
import logging
import os
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from botocore.exceptions import ClientError

logger = logging.getLogger()
logger.setLevel(logging.INFO)

dynamodb = boto3.resource("dynamodb")
sqs = boto3.client("sqs")
table = dynamodb.Table(os.environ["SESSIONS_TABLE"])


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    try:
        body = json.loads(event["body"], parse_float=Decimal)
        payment_id = body.get("id", str(uuid.uuid4()))
        table.put_item(
            Item={
                "pk": f"naive#{payment_id}",
                "payment_id": payment_id,
                "amount": body["amount"],
                "currency": body["currency"],
                "status": "received",
                "created_at": datetime.now(UTC).isoformat(),
            }
        )
    except (KeyError, ValueError, ClientError) as error:
        logger.error("failed: %s", error)
        return {"statusCode": 500, "body": json.dumps({"error": "failed"})}
    logger.info("stored %s", payment_id)
    return {"statusCode": 200, "body": json.dumps({"id": payment_id})}
