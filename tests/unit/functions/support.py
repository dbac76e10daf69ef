"""Means of the functions' tests: requests as API Gateway makes them, and a hold on what the embedded AWS runs."""

import base64
import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from pg8000.native import Connection

from domain.payment_index import INDEXES
from domain.signature import sign
from lib.packaging import trust_bundle_sha256

ROOT = Path(__file__).parents[3]
REGION = "us-east-1"
SIGNING_KEY = "a-signing-key-for-tests-only"
MASTER = {"username": "ledger_master", "password": "master-password-for-tests"}
APPLICATION = {"username": "ledger_processor", "password": "application-password"}
FAILOVER = {"username": "ledger_promoter", "password": "failover-password-for-tests"}


@dataclass(frozen=True)
class Answer:
    """What a function gave back, and what it wrote to its log meanwhile."""

    payload: Any
    error: str | None
    log: str

    @property
    def status(self) -> int:
        return int(self.payload["statusCode"])

    @property
    def body(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.payload["body"])
        return content

    def metrics(self) -> list[dict[str, Any]]:
        """What it measured, in CloudWatch's embedded metric format."""
        lines = (line for line in self.log.splitlines() if '"_aws"' in line)
        return [json.loads(line[line.index("{") :]) for line in lines]

    def header(self, name: str) -> str | None:
        values = self.payload["multiValueHeaders"].get(name)
        return values[0] if values else None

    @property
    def is_problem(self) -> bool:
        return self.header("Content-Type") == "application/problem+json" and self.body["status"] == self.status


@dataclass(frozen=True)
class Cloud:
    """boto3 clients of the embedded AWS, which nothing in the person's shell can turn into a real account's."""

    endpoint: str
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        known = self.clients.get((service, region))
        if known is None:
            session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
            known = session.client(service, endpoint_url=self.endpoint)
            self.clients[service, region] = known
        return known

    def new_secret(self, content: Mapping[str, str]) -> str:
        arn: str = self.client("secretsmanager").create_secret(Name=unique("secret"), SecretString=json.dumps(content))[
            "ARN"
        ]
        return arn


@dataclass(frozen=True)
class Function:
    """A deployed function."""

    name: str
    client: Any

    def __call__(self, event: Mapping[str, Any]) -> Answer:
        answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(event), LogType="Tail")
        return Answer(
            payload=json.loads(answer["Payload"].read()),
            error=answer.get("FunctionError"),
            log=base64.b64decode(answer.get("LogResult", "")).decode(),
        )


@dataclass(frozen=True)
class Queue:
    """A queue and what waits in it."""

    client: Any
    url: str

    def drained(self) -> list[str]:
        """The payments that wait, by id; nothing waits afterwards."""
        found: list[str] = []
        while True:
            messages = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                return found
            for message in messages:
                found.append(json.loads(message["Body"])["payment_id"])
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


@dataclass(frozen=True)
class Archive:
    """The buckets of receipts and documents."""

    client: Any
    receipts: str
    documents: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which functions find them."""
        return {"RECEIPTS_BUCKET": self.receipts, "DOCUMENTS_BUCKET": self.documents}

    def keys(self, bucket: str, payment_id: str) -> list[str]:
        """The keys under which something is kept of a payment."""
        listed = self.client.list_objects_v2(Bucket=bucket, Prefix="payments/").get("Contents", [])
        return [each["Key"] for each in listed if payment_id in each["Key"]]

    def kept(self, bucket: str, payment_id: str) -> bytes:
        """The one thing that is kept of a payment, as it was written."""
        (key,) = self.keys(bucket, payment_id)
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content


@dataclass(frozen=True)
class Events:
    """A topic, and what was published to it."""

    client: Any
    topic: str
    url: str

    def heard(self, payment_id: str) -> list[dict[str, Any]]:
        """The events of a payment; all that were published until now are forgotten then."""
        found: list[dict[str, Any]] = []
        while messages := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in found if event["payment_id"] == payment_id]


Deploy = Callable[..., Function]


@dataclass(frozen=True)
class ControlItem:
    """The control item of the sessions table."""

    client: Any
    table: str

    def put(self, state: str, epoch: int = 1) -> None:
        """Give the tests' region the state ``state``."""
        regions = {"M": {REGION: {"S": state}}}
        self.client.put_item(
            TableName=self.table, Item={"pk": {"S": "control"}, "epoch": {"N": str(epoch)}, "regions": regions}
        )

    def remove(self) -> None:
        self.client.delete_item(TableName=self.table, Key={"pk": {"S": "control"}})


def new_table(cloud: Cloud) -> str:
    """A sessions table of its own, with all indexes; its name."""
    name = unique("sessions")
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in sorted({"pk", *(each for index in INDEXES for each in (index.partition, index.order))})
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.name,
                "KeySchema": [
                    {"AttributeName": index.partition, "KeyType": "HASH"},
                    {"AttributeName": index.order, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in INDEXES
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def request(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    query: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """An event as API Gateway makes it for a REST API's proxy integration."""
    headers = dict(headers or {})
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"requestId": "r", "httpMethod": method, "path": path, "resourcePath": path, "stage": "test"},
        "body": body,
        "isBase64Encoded": False,
    }


def signature(content: str | bytes, *, key: str = SIGNING_KEY, seconds_ago: float = 0) -> dict[str, str]:
    raw = content.encode() if isinstance(content, str) else content
    return {"Tap-Signature": sign(raw, key=key.encode(), timestamp=int(time.time() - seconds_ago))}


def payment_json(payment_id: str, **changes: Any) -> str:
    content = {"id": payment_id, "amount": 1250, "currency": "EUR", "customer": {"reference": "customer-7"}}
    return json.dumps({**content, **changes})


def eventually(promise: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    """Tell whether ``promise`` comes true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not promise():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@dataclass(frozen=True)
class Database:
    """An Aurora cluster with a real PostgreSQL behind it, and the secrets of its master and of the failover's user."""

    host: str
    port: int
    name: str
    trust_bundle: Path
    master_secret: str
    failover_secret: str

    def variables(self, application_secret: str) -> dict[str, str]:
        """The environment variables by which functions find it."""
        return {
            **self.writer,
            "DATABASE_SECRET_ARN": application_secret,
        }

    def migration_variables(self, application_secret: str) -> dict[str, str]:
        """The environment variables of the function that migrates it."""
        return {
            **self.variables(application_secret),
            "DATABASE_MASTER_SECRET_ARN": self.master_secret,
            "FAILOVER_SECRET_ARN": self.failover_secret,
        }

    @property
    def writer(self) -> dict[str, str]:
        """The environment variables that say where it is, and how to know it."""
        return {
            "DATABASE_WRITER_HOST": self.host,
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": self.name,
            "DATABASE_TRUST_BUNDLE_SHA256": trust_bundle_sha256(self.trust_bundle),
        }

    def connect(self, user: Mapping[str, str], *, name: str | None = None) -> Connection:
        """A connection of the tests' own, to the functions' database or another one of its cluster."""
        context = ssl.create_default_context(cafile=str(self.trust_bundle))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return Connection(
            user["username"],
            host=self.host,
            port=self.port,
            database=name or self.name,
            password=user["password"],
            ssl_context=context,
        )
