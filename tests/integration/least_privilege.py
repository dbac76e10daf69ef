"""What shows that a function needs what its role allows: a probe for each function, and what cannot be probed.

A *permission* is one action on one resource: finer than a statement, so that one of which a part is unused is found.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration import failover, parameters, payments, settlement
from tests.integration.platform import Platform, Region, eventually

Statement = dict[str, Any]
Event = Callable[[Platform, Region], dict[str, Any]]

REFUSALS = ("AccessDenied", "AuthorizationError")
"""How AWS's services begin the code of a refusal by IAM, SNS its own; the functions put it into their log.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
"""


@dataclass(frozen=True)
class Permission:
    """One action on one resource, under the condition of its statement."""

    action: str
    resource: str
    condition: str
    effect: str = "Allow"

    @property
    def statement(self) -> Statement:
        """It alone, as a statement."""
        made = {"Effect": self.effect, "Action": self.action, "Resource": self.resource}
        return {**made, "Condition": json.loads(self.condition)} if self.condition else made

    def __str__(self) -> str:
        told = f"{self.action} on {self.resource.split(':', 5)[-1]}"
        return told if self.effect == "Allow" else f"{self.effect} {told}"


@dataclass(frozen=True)
class Outcome:
    """What an invocation gave back, and what the function wrote to its log meanwhile."""

    answer: Any
    failed: bool
    log: str

    @property
    def refused(self) -> bool:
        """Whether IAM has refused something that the function tried."""
        return any(code in json.dumps(self.answer) or code in self.log for code in REFUSALS)


@dataclass(frozen=True)
class Probe:
    """Events for which a function needs every permission that can be probed, and how its answers show success."""

    events: tuple[Event, ...]
    works: Callable[[Any], bool]

    def good(self, outcome: Outcome) -> bool:
        """Whether the function has done all of its work."""
        return not outcome.failed and not outcome.refused and self.works(outcome.answer)


def permissions(platform: Platform, region: Region, function: str) -> list[Permission]:
    """All that the deployed role of a function says, permission by permission."""
    return [
        Permission(
            action,
            resource,
            json.dumps(statement["Condition"], sort_keys=True) if "Condition" in statement else "",
            statement["Effect"],
        )
        for statement in document(platform, region, function)["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]


def document(platform: Platform, region: Region, function: str) -> dict[str, Any]:
    """The one policy of a function's role, as it is deployed."""
    iam, role = platform.client("iam", region), role_of(region, function)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    found: dict[str, Any] = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return found


def role_of(region: Region, function: str) -> str:
    """The name of a function's role."""
    return str(region.outputs["function_roles"][function].rpartition("/")[2])


@contextmanager
def only(platform: Platform, region: Region, function: str) -> Iterator[Callable[[list[Permission]], None]]:
    """Give a function's role some of its permissions, while the block runs.

    The emulator looks policies up for every call, so that they count for processes that run already.
    """
    iam, role = platform.client("iam", region), role_of(region, function)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = document(platform, region, function)

    def put(statements: list[Statement]) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)

    try:
        yield lambda kept: put([permission.statement for permission in kept])
    finally:
        put(before["Statement"])


def restart(platform: Platform, region: Region, function: str) -> None:
    """Have the next invocation begin in a process of its own, which remembers no secret and no state."""
    client, name = platform.client("lambda", region), region.outputs["functions"][function]
    known = client.get_function_configuration(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Timeout=known["Timeout"])
    eventually(
        lambda: str(client.get_function_configuration(FunctionName=name)["LastUpdateStatus"]),
        lambda status: status == "Successful",
        within=20,
    )


def refused(platform: Platform, region: Region, function: str) -> Outcome:
    """What a function answers that lacks a permission, once it has forgotten what it was allowed before."""
    outcome = probed(platform, region, function)
    if outcome.refused:
        return outcome
    # A process remembers secrets and the region's state; a new one is slow, so that it comes second.
    restart(platform, region, function)
    return probed(platform, region, function)


def probed(platform: Platform, region: Region, function: str) -> Outcome:
    """What a function answers to its probe, which is new each time: the first bad answer, or else the last."""
    probe = PROBES[function]
    for event in probe.events:
        outcome = invoke(platform, region, function, event(platform, region))
        if not probe.good(outcome):
            break
    return outcome


def invoke(platform: Platform, region: Region, function: str, event: dict[str, Any]) -> Outcome:
    """Run a function under its own role."""
    answer = platform.client("lambda", region).invoke(
        FunctionName=region.outputs["functions"][function], Payload=json.dumps(event), LogType="Tail"
    )
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    return Outcome(json.loads(answer["Payload"].read()), "FunctionError" in answer, log)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _request(
    method: str,
    path: str,
    *,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Any:
    """An event as API Gateway makes it: by its own way in, the answer would not come with the function's log."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "requestContext": {"requestId": "least-privilege", "httpMethod": method, "path": path, "stage": "probe"},
        "body": body,
        "isBase64Encoded": False,
    }


def _webhook(platform: Platform, _region: Region) -> dict[str, Any]:
    body = payments.body()
    return dict(_request("POST", "/v1/webhooks/payments", body=body, headers=platform.sign(body)))


def _lookup(platform: Platform, _region: Region) -> dict[str, Any]:
    path = f"/v1/payments/{payments.new_id()}"
    return dict(_request("GET", path, headers=platform.sign(f"GET {path}")))


def _list(name: str, value: str) -> Event:
    def ask(platform: Platform, _region: Region) -> dict[str, Any]:
        signed = platform.sign(f"GET /v1/payments?{name}={value}")
        return dict(_request("GET", "/v1/payments", headers=signed, query={name: value}))

    return ask


def _get(path: str) -> Event:
    return lambda _platform, _region: dict(_request("GET", path))


def _delivery(platform: Platform, region: Region) -> dict[str, Any]:
    """A payment that nobody has settled: the other region, which has accepted it, has a queue that nobody reads."""
    payment = payments.content()
    peer = platform.peer(region)
    assert platform.send(peer, json.dumps(payment)).status == 202
    eventually(lambda: platform.read(region, payment["id"]).status, lambda status: status == 200, within=30)
    return settlement.delivery(region, payment["id"])


def _something_to_guard(platform: Platform, region: Region) -> dict[str, Any]:
    """In the active region the consumer belongs on, and the mirror says so."""
    mapping = settlement.consumer(platform, region)["UUID"]
    platform.client("lambda", region).update_event_source_mapping(UUID=mapping, Enabled=False)
    parameters.write(platform, region, "active-region", "none")
    return {}


def _settled(platform: Platform, region: Region) -> dict[str, Any]:
    """The event of a payment whose customer nobody has written to; it is not even settled, and nobody minds."""
    payment = payments.content(customer={"reference": "probe", "email": "success@simulator.amazonses.com"})
    assert platform.send(platform.peer(region), json.dumps(payment)).status == 202
    eventually(lambda: platform.read(region, payment["id"]).status, lambda status: status == 200, within=30)
    event = {"type": "payment.settled", "version": 1, "payment_id": payment["id"], "amount": payment["amount"]}
    now = datetime.now(UTC).isoformat()
    event |= {"currency": payment["currency"], "region": region.name, "epoch": 1, "accepted_at": now, "settled_at": now}
    common = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "probe"}
    return {"Records": [{**common, "Sns": {"MessageId": "probe", "Message": json.dumps(event)}}]}


def _status(*codes: int) -> Callable[[Any], bool]:
    return lambda answer: answer["statusCode"] in codes


@contextmanager
def waiting(platform: Platform, region: Region) -> Iterator[None]:
    """Something for the reconciler to enqueue while the block runs, of which the processor makes nothing."""
    table, client = platform.shared["sessions_table"], platform.client("dynamodb", region)
    name, since = f"probe-{payments.new_id()}", datetime.now(UTC) - timedelta(seconds=120)
    customer = {"M": {"reference": {"S": "probe"}}}
    item = {
        "pk": f"payment#{name}",
        "payment_id": name,
        "status": "probe",
        "currency": "EUR",
        "region": region.name,
        "body_sha256": "0" * 64,
        "accepted_at": since.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "unsettled_shard": "unsettled#00",
    }
    texts = {key: {"S": text} for key, text in item.items()}
    client.put_item(TableName=table, Item={**texts, "amount": {"N": "1"}, "customer": customer})
    try:
        yield
    finally:
        client.delete_item(TableName=table, Key={"pk": {"S": item["pk"]}})


PROBES = {
    "webhook": Probe((_webhook,), _status(202)),
    "payments": Probe(
        (_lookup, _list("status", "accepted"), _list("status", "settled"), _list("customer", "customer-7")),
        _status(200, 404),
    ),
    "health-live": Probe((_get("/health/active"),), _status(200)),
    "health-database": Probe((_get("/health/database"),), _status(200)),
    "processor": Probe((_delivery,), lambda answer: answer == {"batchItemFailures": []}),
    "reconciler": Probe((lambda _platform, _region: {"full": True},), lambda answer: answer["enqueued"] > 0),
    "notifier": Probe((_settled,), lambda answer: list(answer.values()) == ["sent"]),
    "guard": Probe((_something_to_guard,), lambda answer: answer["switched"] and answer["mirrored"]),
    "probe": Probe((lambda _platform, _region: {},), lambda answer: answer == {"healthy": True}),
    "migrate": Probe((lambda _platform, _region: {},), lambda answer: answer["version"] > 0),
    # The epoch that the ledger is in already.
    "begin-epoch": Probe(
        (lambda platform, _region: {"epoch": failover.ledger_epoch(platform)[0]},), lambda answer: answer["epoch"] > 0
    ),
    "canary": Probe((lambda _platform, _region: {"send": payments.new_id()},), lambda answer: answer["accepted"]),
}
"""By function. What is not in :data:`NOT_EVALUATED` is taken away, one permission at a time; the probe must fail."""

_VPC = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions"
_ROLE = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"
_SQS = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
_LOGS = f"Lambda writes the log under the function's role, the emulator under none: {_ROLE}"
_XRAY = (
    "Lambda sends traces under the function's role, the emulator sends none:"
    " https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"
)
_ATTACH = f"Lambda attaches the function to its subnets under the function's role: {_VPC}"
_LOOK = f"Lambda looks up what it attaches the function to, and refuses to create it otherwise: {_VPC}"
_KMS = (
    "The service that holds the data calls KMS for the caller, which the emulator's do not;"
    " the actions are those that it names (lib/constructs/keys.py)"
)
_POLL = f"Lambda polls the queue under the function's role, the emulator under none; without it no mapping: {_SQS}"

NOT_EVALUATED = {
    ("*", "logs:CreateLogStream"): _LOGS,
    ("*", "logs:PutLogEvents"): _LOGS,
    ("*", "xray:PutTelemetryRecords"): _XRAY,
    ("*", "xray:PutTraceSegments"): _XRAY,
    ("*", "ec2:AssignPrivateIpAddresses"): _ATTACH,
    ("*", "ec2:CreateNetworkInterface"): _ATTACH,
    ("*", "ec2:DeleteNetworkInterface"): _ATTACH,
    ("*", "ec2:UnassignPrivateIpAddresses"): _ATTACH,
    ("*", "ec2:DescribeNetworkInterfaces"): _LOOK,
    ("*", "ec2:DescribeSecurityGroups"): _LOOK,
    ("*", "ec2:DescribeSubnets"): _LOOK,
    ("*", "ec2:DescribeVpcs"): _LOOK,
    ("*", "kms:Decrypt"): _KMS,
    ("*", "kms:DescribeKey"): _KMS,
    ("*", "kms:Encrypt"): _KMS,
    ("*", "kms:GenerateDataKey"): _KMS,
    ("*", "kms:ReEncryptFrom"): _KMS,
    ("*", "kms:ReEncryptTo"): _KMS,
    ("processor", "sqs:DeleteMessage"): _POLL,
    ("processor", "sqs:GetQueueAttributes"): _POLL,
    ("processor", "sqs:ReceiveMessage"): _POLL,
    ("notifier", "sqs:SendMessage"): "Lambda sends what has failed for good under the function's role, the emulator"
    " under none: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ("notifier", "dynamodb:DeleteItem"): "An attempt that failed is forgotten with it, so that the next one need not"
    " wait for the lease; the probe does not fail (tests/unit/functions/test_notifier.py)",
}
"""By function (``*``: every one) and action: why it is there, although nothing fails here without it.

What denies is not probed either: it takes network interfaces away from the function's own code, and gives nothing.
"""

WITHOUT_ANY = frozenset({"probe"})
"""Functions that may do nothing of their own: they call no service of AWS."""

_COPIES = (
    "S3 copies to the other region under it, the emulator under none:"
    " https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"
)
SERVICE_ROLES = {
    "flow-logs": "VPC Flow Logs writes under it, and the emulator has no traffic:"
    " https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html",
    "ledger-monitoring": "RDS writes operating-system metrics under it, and the emulator has none:"
    " https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Monitoring.OS.Enabling.html",
    "failover": "Step Functions calls under it, the emulator's state machines under none:"
    " https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html",
    "backups": "AWS Backup makes and copies backups under it, and the emulator makes none:"
    " https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html",
    "receipts-replication": _COPIES,
    "documents-replication": _COPIES,
}
"""Roles of services, by the resource part of their names: none of their statements is evaluated. Why each is there."""


def why_not_evaluated(function: str, permission: Permission) -> str | None:
    """Why a permission cannot be probed; None if it can."""
    if permission.effect == "Deny":
        return f"Takes away from the function's own code what Lambda needs for the function: {_VPC}"
    return NOT_EVALUATED.get((function, permission.action)) or NOT_EVALUATED.get(("*", permission.action))


@dataclass
class Table:
    """Every permission of every role, and how it is justified."""

    rows: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def add(self, role: str, permission: str, shown: str) -> None:
        """A permission of a role; those that roles share become one row."""
        self.rows.setdefault((without_ids(permission.replace(f"-{role}-", "-(function)-")), shown), set()).add(role)

    def __str__(self) -> str:
        lines = [
            f"| {', '.join(sorted(roles))} | {permission} | {shown} |"
            for (permission, shown), roles in sorted(self.rows.items(), key=lambda row: (row[0][1], row[0][0]))
        ]
        return "\n".join(["| role | permission | without it |", "|---|---|---|", *lines, ""])


def without_ids(text: str) -> str:
    """A text without the ids that AWS makes up: three subnets are one line."""
    return re.sub(r"\b(subnet|sg|mrk)-[0-9a-f]+", r"\1-…", text)
