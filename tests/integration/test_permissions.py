"""Each function's role: what it may, what it may not, and that AWS sees it that way.

Policies are simulated on both targets. The embedded AWS, where roles may be lent out for a moment, also makes the real
calls under each function's role: one that works and one that is denied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration import parameters, payments, settlement
from tests.integration.platform import Platform, Region

NAMES = (
    *("webhook", "payments", "health-live", "health-database"),
    *("processor", "reconciler", "notifier", "guard", "probe", "migrate"),
    *("begin-epoch", "canary"),
)
Client = Callable[..., Any]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each function in turn."""
    return str(request.param)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(platform: Platform, region: Region, name: str) -> list[dict[str, Any]]:
    iam, role = platform.client("iam", region), region.outputs["function_roles"][name].rpartition("/")[2]
    return [
        statement
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
    ]


class TestDocuments:
    """What the roles' policies say."""

    def test_every_function_has_a_role_of_its_own(self, platform: Platform) -> None:
        roles = [arn for region in platform.regions.values() for arn in region.outputs["function_roles"].values()]

        assert len(set(roles)) == len(roles) == 2 * len(NAMES)

    def test_no_managed_policy_is_attached(self, platform: Platform, region: Region, name: str) -> None:
        role = region.outputs["function_roles"][name].rpartition("/")[2]
        attached = platform.client("iam", region).list_attached_role_policies(RoleName=role)

        assert attached["AttachedPolicies"] == []

    def test_only_lambda_in_this_account_may_take_the_role(self, platform: Platform, region: Region, name: str) -> None:
        role = region.outputs["function_roles"][name].rpartition("/")[2]
        document = platform.client("iam", region).get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]

        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": platform.shared["account_id"]}}

    def test_no_action_is_a_wildcard(self, platform: Platform, region: Region, name: str) -> None:
        for statement in statements(platform, region, name):
            assert not [action for action in listed(statement["Action"]) if "*" in action], statement

    def test_what_is_allowed_on_everything_cannot_be_scoped_and_is_held_to_the_region(
        self, platform: Platform, region: Region, name: str
    ) -> None:
        for statement in statements(platform, region, name):
            if statement["Effect"] == "Allow" and "*" in listed(statement["Resource"]):
                assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": region.name}}
                assert all(a.startswith(("ec2:Describe", "xray:Put")) for a in listed(statement["Action"]))

    def test_every_arn_is_of_this_account_and_region(self, platform: Platform, region: Region, name: str) -> None:
        account = platform.shared["account_id"]
        # S3's ARNs tell neither; the names of buckets do.
        buckets = {platform.shared[f"{kind}_buckets"][region.name] for kind in ("receipts", "documents")}
        for statement in statements(platform, region, name):
            for arn in listed(statement["Resource"]):
                if arn.startswith("arn:aws:s3:::"):
                    assert arn.removeprefix("arn:aws:s3:::").partition("/")[0] in buckets
                elif arn != "*":
                    assert arn.split(":")[3:5] == [region.name, account], statement


@dataclass(frozen=True)
class Resources:
    """The ARNs that permissions are about."""

    table: str
    peer_table: str
    unsettled: str
    closed: str
    customer: str
    queue: str
    peer_queue: str
    events: str
    alerts: str
    dead: str
    identity: str
    peer_identity: str
    consumer: str
    peer_consumer: str
    flag: str
    mirror: str
    peer_mirror: str
    sessions_table: str
    signing: str
    application: str
    master: str
    failover: str


def resources(platform: Platform, region: Region) -> Resources:
    account, table = platform.shared["account_id"], platform.shared["sessions_table"]
    shared = platform.shared
    return Resources(
        table=f"arn:aws:dynamodb:{region}:{account}:table/{table}",
        peer_table=f"arn:aws:dynamodb:{platform.peer(region)}:{account}:table/{table}",
        unsettled=f"arn:aws:dynamodb:{region}:{account}:table/{table}/index/unsettled",
        closed=f"arn:aws:dynamodb:{region}:{account}:table/{table}/index/closed",
        customer=f"arn:aws:dynamodb:{region}:{account}:table/{table}/index/customer",
        queue=queue_arn(platform, region),
        peer_queue=queue_arn(platform, platform.peer(region)),
        events=region.outputs["events_topic_arn"],
        alerts=region.outputs["alarm_topic_arn"],
        dead=region.outputs["events_topic_arn"].replace(":sns:", ":sqs:").replace("-settled-", "-settled-dead-"),
        identity=identity_arn(platform, region),
        peer_identity=identity_arn(platform, platform.peer(region)),
        consumer=settlement.consumer(platform, region)["EventSourceMappingArn"],
        peer_consumer=settlement.consumer(platform, platform.peer(region))["EventSourceMappingArn"],
        flag=parameter_arn(platform, region, "notifications"),
        mirror=parameter_arn(platform, region, "active-region"),
        peer_mirror=parameter_arn(platform, platform.peer(region), "active-region"),
        sessions_table=parameter_arn(platform, region, "sessions-table"),
        signing=shared["signing_secret_arns"][region.name],
        application=shared["database_secret_arns"][region.name],
        master=shared["master_secret_arns"][region.name],
        failover=shared["failover_secret_arns"][region.name],
    )


def queue_arn(platform: Platform, region: Region) -> str:
    return f"arn:aws:sqs:{region}:{platform.shared['account_id']}:{region.outputs['queue_url'].rpartition('/')[2]}"


def identity_arn(platform: Platform, region: Region) -> str:
    return f"arn:aws:ses:{region}:{platform.shared['account_id']}:identity/{platform.settings.environment_domain}"


def parameter_arn(platform: Platform, region: Region, resource: str) -> str:
    account = platform.shared["account_id"]
    return f"arn:aws:ssm:{region}:{account}:parameter/{parameters.name(platform, region, resource)}"


GET, PUT, DELETE, SCAN = (f"dynamodb:{verb}" for verb in ("GetItem", "PutItem", "DeleteItem", "Scan"))
READ = "secretsmanager:GetSecretValue"
UPDATE, QUERY, BATCH = "dynamodb:UpdateItem", "dynamodb:Query", "dynamodb:BatchGetItem"
SEND, RECEIVE, REMOVE, COUNT = (
    f"sqs:{verb}" for verb in ("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
)
PUBLISH, MAIL = "sns:Publish", "ses:SendEmail"
LOOK, KEEP = "ssm:GetParameter", "ssm:PutParameter"
SEE, SWITCH = (f"lambda:{verb}EventSourceMapping" for verb in ("Get", "Update"))
MAY: dict[str, list[tuple[str, str]]] = {
    "webhook": [(GET, "table"), (PUT, "table"), (READ, "signing"), (SEND, "queue")],
    "payments": [
        *((GET, "table"), (BATCH, "table"), (READ, "signing")),
        *((QUERY, index) for index in ("unsettled", "closed", "customer")),
    ],
    "health-live": [(GET, "table")],
    "health-database": [(GET, "table"), (READ, "application")],
    "processor": [
        *((GET, "table"), (UPDATE, "table"), (READ, "application")),
        *((RECEIVE, "queue"), (REMOVE, "queue"), (COUNT, "queue"), (PUBLISH, "events")),
    ],
    "reconciler": [
        *((GET, "table"), (UPDATE, "table"), (QUERY, "unsettled"), (QUERY, "closed")),
        *((SEND, "queue"), (COUNT, "queue"), (READ, "application")),
    ],
    "notifier": [
        *((action, "table") for action in (GET, PUT, UPDATE, DELETE)),
        (SEND, "dead"),
        (MAIL, "identity"),
        (LOOK, "flag"),
    ],
    "guard": [(GET, "table"), (SEE, "consumer"), (SWITCH, "consumer"), (LOOK, "mirror"), (KEEP, "mirror")],
    "probe": [],
    "migrate": [(READ, "master"), (READ, "application"), (READ, "failover")],
    "begin-epoch": [(READ, "failover")],
    "canary": [(READ, "signing")],
}
ALL = [
    *(
        (action, table)
        for action in (GET, PUT, DELETE, SCAN, UPDATE, QUERY, BATCH)
        for table in ("table", "peer_table")
    ),
    *((QUERY, index) for index in ("unsettled", "closed", "customer")),
    *(
        (action, queue)
        for action in (SEND, RECEIVE, REMOVE, COUNT, "sqs:PurgeQueue")
        for queue in ("queue", "peer_queue")
    ),
    *((READ, secret) for secret in ("signing", "application", "master", "failover")),
    ("secretsmanager:PutSecretValue", "signing"),
    *((PUBLISH, topic) for topic in ("events", "alerts")),
    *((MAIL, identity) for identity in ("identity", "peer_identity")),
    (SEND, "dead"),
    *(
        (action, parameter)
        for action in (LOOK, KEEP)
        for parameter in ("flag", "mirror", "peer_mirror", "sessions_table")
    ),
    *((action, consumer) for action in (SEE, SWITCH) for consumer in ("consumer", "peer_consumer")),
]


class TestSimulation:
    """IAM's own judgement of every action that matters, for every role."""

    def test_each_role_may_do_its_work_and_nothing_else(self, platform: Platform, region: Region, name: str) -> None:
        iam, found = platform.client("iam", region), resources(platform, region)
        wrong = []
        for action, resource in ALL:
            (result,) = iam.simulate_principal_policy(
                PolicySourceArn=region.outputs["function_roles"][name],
                ActionNames=[action],
                ResourceArns=[getattr(found, resource)],
                ContextEntries=[
                    {
                        "ContextKeyName": "ses:FromAddress",
                        "ContextKeyValues": [f"payments@{platform.settings.environment_domain}"],
                        "ContextKeyType": "string",
                    },
                    {
                        "ContextKeyName": "dynamodb:LeadingKeys",
                        "ContextKeyValues": ["notification#1" if name == "notifier" else "control"],
                        "ContextKeyType": "stringList",
                    },
                ],
            )["EvaluationResults"]
            allowed = result["EvalDecision"] == "allowed"
            if allowed is not ((action, resource) in MAY[name]):
                wrong.append(f"{action} on {resource}: {result['EvalDecision']}")

        assert not wrong


@contextmanager
def lent(platform: Platform, region: Region, name: str) -> Iterator[Client]:
    """Clients that act under a function's role, which the account may assume while the block runs."""
    iam, arn = platform.client("iam", region), region.outputs["function_roles"][name]
    role = arn.rpartition("/")[2]
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    account = {"AWS": f"arn:aws:iam::{platform.shared['account_id']}:root"}
    extra = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
    opened = {**before, "Statement": [*before["Statement"], extra]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(opened))
    try:
        taken = platform.client("sts", region).assume_role(RoleArn=arn, RoleSessionName="integration-test")
        given = taken["Credentials"]
        session = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=region.name
        )
        yield session.client
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))


def read_table(platform: Platform, client: Client) -> None:
    client("dynamodb").get_item(TableName=platform.shared["sessions_table"], Key={"pk": {"S": "control"}})


def write_table(platform: Platform, client: Client) -> None:
    client("dynamodb").put_item(TableName=platform.shared["sessions_table"], Item={"pk": {"S": "test#permission"}})


def delete_from_table(platform: Platform, client: Client) -> None:
    client("dynamodb").delete_item(TableName=platform.shared["sessions_table"], Key={"pk": {"S": "test#permission"}})


def scan_table(platform: Platform, client: Client) -> None:
    client("dynamodb").scan(TableName=platform.shared["sessions_table"], Limit=1)


def update_table(platform: Platform, client: Client) -> None:
    client("dynamodb").update_item(
        TableName=platform.shared["sessions_table"],
        Key={"pk": {"S": "test#permission"}},
        UpdateExpression="SET tried = :tried",
        ExpressionAttributeValues={":tried": {"BOOL": True}},
    )


def query(index: str, partition: str) -> Callable[[Platform, Client], None]:
    def ask(platform: Platform, client: Client) -> None:
        client("dynamodb").query(
            TableName=platform.shared["sessions_table"],
            IndexName=index,
            KeyConditionExpression=f"{partition} = :partition",
            ExpressionAttributeValues={":partition": {"S": "nobody"}},
            Limit=1,
        )

    return ask


def read_several(platform: Platform, client: Client) -> None:
    table = platform.shared["sessions_table"]
    client("dynamodb").batch_get_item(RequestItems={table: {"Keys": [{"pk": {"S": "control"}}]}})


def _mirror_of(platform: Platform, ssm: Any) -> str:
    (region,) = (it for it in platform.regions.values() if it.name == ssm.meta.region_name)
    return parameters.name(platform, region, "active-region")


def see_mirror(platform: Platform, client: Client) -> None:
    ssm = client("ssm")
    ssm.get_parameter(Name=_mirror_of(platform, ssm))


def keep_mirror(platform: Platform, client: Client) -> None:
    """What the guard would write."""
    ssm = client("ssm")
    ssm.put_parameter(Name=_mirror_of(platform, ssm), Value=platform.primary.name, Overwrite=True)


def queue_of(platform: Platform, sqs: Any) -> str:
    (url,) = (it.outputs["queue_url"] for it in platform.regions.values() if it.name == sqs.meta.region_name)
    return str(url)


def enqueue(platform: Platform, client: Client) -> None:
    """A message that names a payment which exists: whoever gets it finds nothing left to do."""
    sqs, payment = client("sqs"), payments.content()
    platform.send(platform.primary, json.dumps(payment))
    sqs.send_message(QueueUrl=queue_of(platform, sqs), MessageBody=json.dumps({"payment_id": payment["id"]}))


def count(platform: Platform, client: Client) -> None:
    sqs = client("sqs")
    sqs.get_queue_attributes(QueueUrl=queue_of(platform, sqs), AttributeNames=["ApproximateNumberOfMessages"])


def take(platform: Platform, client: Client) -> None:
    sqs = client("sqs")
    sqs.receive_message(QueueUrl=queue_of(platform, sqs), VisibilityTimeout=0)


def purge(platform: Platform, client: Client) -> None:
    sqs = client("sqs")
    sqs.purge_queue(QueueUrl=queue_of(platform, sqs))


def see_consumer(platform: Platform, client: Client) -> None:
    functions = client("lambda")
    functions.get_event_source_mapping(UUID=consumer_of(platform, functions)["UUID"])


def switch_consumer(platform: Platform, client: Client) -> None:
    """As it is already."""
    functions = client("lambda")
    found = consumer_of(platform, functions)
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=found["State"] == "Enabled")


def consumer_of(platform: Platform, functions: Any) -> dict[str, Any]:
    (region,) = (it for it in platform.regions.values() if it.name == functions.meta.region_name)
    return settlement.consumer(platform, region)


def send_mail(platform: Platform, client: Client) -> None:
    mail(client, f"payments@{platform.settings.environment_domain}")


def send_forged_mail(platform: Platform, client: Client) -> None:
    mail(client, f"director@{platform.settings.environment_domain}")


def mail(client: Client, sender: str) -> None:
    client("sesv2").send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "test"}, "Body": {"Text": {"Data": "test"}}}},
    )


def publish(platform: Platform, client: Client) -> None:
    """Only those try who may not: it is no event, and would end among the dead letters."""
    sns = client("sns")
    (region,) = (it for it in platform.regions.values() if it.name == sns.meta.region_name)
    sns.publish(TopicArn=region.outputs["events_topic_arn"], Message="{}")


def read_secret(which: str) -> Callable[[Platform, Client], None]:
    def read(platform: Platform, client: Client) -> None:
        secrets = client("secretsmanager")
        secrets.get_secret_value(SecretId=platform.shared[which][secrets.meta.region_name])

    return read


def write_secret(platform: Platform, client: Client) -> None:
    secrets = client("secretsmanager")
    arn = platform.shared["signing_secret_arns"][secrets.meta.region_name]
    secrets.put_secret_value(SecretId=arn, SecretString='{"key": "stolen"}', VersionStages=["AWSPENDING"])


def grow(platform: Platform, client: Client) -> None:
    client("iam").list_roles()


SIGNING, APPLICATION, MASTER, FAILOVER = (
    read_secret(f"{which}_secret_arns") for which in ("signing", "database", "master", "failover")
)
UNSETTLED, CLOSED, CUSTOMER = (
    query(index, partition)
    for index, partition in (
        ("unsettled", "unsettled_shard"),
        ("closed", "closed_shard"),
        ("customer", "customer_reference"),
    )
)
CALLS: dict[str, tuple[list[Any], list[Any]]] = {
    "webhook": (
        [read_table, write_table, SIGNING, enqueue],
        [delete_from_table, scan_table, MASTER, APPLICATION, write_secret, grow, take, count, UNSETTLED],
    ),
    "payments": (
        [read_table, read_several, UNSETTLED, CLOSED, CUSTOMER, SIGNING],
        [write_table, update_table, delete_from_table, scan_table, MASTER, APPLICATION, enqueue],
    ),
    "health-live": ([read_table], [write_table, delete_from_table, scan_table, SIGNING, APPLICATION, MASTER]),
    "health-database": ([read_table, APPLICATION], [write_table, scan_table, SIGNING, MASTER]),
    "processor": (
        [read_table, update_table, APPLICATION, take, count],
        [write_table, delete_from_table, scan_table, UNSETTLED, CLOSED, SIGNING, MASTER, enqueue, purge],
    ),
    "reconciler": (
        [read_table, update_table, UNSETTLED, CLOSED, APPLICATION, enqueue, count],
        [write_table, delete_from_table, scan_table, CUSTOMER, SIGNING, MASTER, take, purge],
    ),
    "notifier": (
        [read_table, send_mail],
        [scan_table, UNSETTLED, SIGNING, APPLICATION, MASTER, enqueue, take, publish, see_consumer, send_forged_mail],
    ),
    "guard": (
        [read_table, see_consumer, switch_consumer, see_mirror, keep_mirror],
        [write_table, update_table, scan_table, UNSETTLED, SIGNING, APPLICATION, MASTER, enqueue, take],
    ),
    "probe": (
        [],
        [read_table, write_table, SIGNING, APPLICATION, MASTER, enqueue, take, see_consumer, see_mirror, keep_mirror],
    ),
    "migrate": ([MASTER, APPLICATION, FAILOVER], [read_table, write_table, scan_table, SIGNING, write_secret]),
    "begin-epoch": ([FAILOVER], [read_table, write_table, SIGNING, APPLICATION, MASTER, enqueue, take]),
    "canary": ([SIGNING], [read_table, write_table, APPLICATION, MASTER, FAILOVER, enqueue, take]),
}


@pytest.mark.embedded_only
class TestRealCalls:
    """The same, with calls that are really made under the role."""

    def test_the_calls_that_a_function_needs_work(self, platform: Platform, region: Region, name: str) -> None:
        with lent(platform, region, name) as client:
            for call in CALLS[name][0]:
                call(platform, client)
        delete_from_table(platform, lambda service: platform.client(service, region))
        settlement.forget(platform, platform.standby)

    def test_what_a_function_does_not_need_is_denied(self, platform: Platform, region: Region, name: str) -> None:
        with lent(platform, region, name) as client:
            for call in CALLS[name][1]:
                with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
                    call(platform, client)

    def test_the_other_regions_copies_are_denied(
        self, platform: Platform, region: Region, peer: Region, name: str
    ) -> None:
        with lent(platform, region, name) as client:
            elsewhere = partial(client, region_name=peer.name)
            for call in (read_table, SIGNING, MASTER):
                with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
                    call(platform, elsewhere)

    def test_a_role_that_is_not_lent_cannot_be_assumed(self, platform: Platform, region: Region, name: str) -> None:
        with pytest.raises(ClientError, match="AccessDenied"):
            platform.client("sts", region).assume_role(
                RoleArn=region.outputs["function_roles"][name], RoleSessionName="integration-test"
            )
