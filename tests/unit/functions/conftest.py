"""The functions as they are deployed: the real zip, run by the embedded AWS under a role of its own."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.launcher import Emulator
from lib.packaging import Artifact, build_functions_zip
from tests.unit.functions.support import (
    APPLICATION,
    FAILOVER,
    MASTER,
    ROOT,
    SIGNING_KEY,
    Archive,
    Cloud,
    ControlItem,
    Database,
    Deploy,
    Events,
    Function,
    Queue,
    new_table,
    unique,
)


@pytest.fixture(scope="session")
def cloud(emulator: Emulator) -> Cloud:
    return Cloud(emulator.endpoint)


@pytest.fixture(scope="session")
def functions_zip(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return build_functions_zip(
        source=ROOT / "lambda",
        trust_bundle=emulator.trust_bundle,
        out=tmp_path_factory.mktemp("zip") / "functions.zip",
        cache=ROOT / "build",
    )


@pytest.fixture(scope="session")
def role_arn(cloud: Cloud) -> str:
    """A role that allows what the functions call."""
    iam, name = cloud.client("iam"), unique("role")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    actions = [
        *("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
        *("sqs:GetQueueAttributes", "sqs:SendMessage", "secretsmanager:GetSecretValue"),
        "s3:PutObject",
        *("sqs:DeleteMessage", "sqs:ReceiveMessage", "sns:Publish", "ses:SendEmail", "dynamodb:DeleteItem"),
        *("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"),
        *("ssm:GetParameter", "ssm:PutParameter"),
    ]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="functions", PolicyDocument=_policy(allowed))
    arn: str = created["Arn"]
    return arn


@pytest.fixture(scope="session")
def deploy(cloud: Cloud, functions_zip: Artifact, role_arn: str) -> Iterator[Deploy]:
    """Deploys a module of ``lambda/`` with the given environment variables."""
    client, names, content = cloud.client("lambda"), list[str](), functions_zip.path.read_bytes()

    def deploy_function(module: str, **variables: str) -> Function:
        name = unique(module)
        common = {
            "ENVIRONMENT_SUFFIX": "test",
            "POWERTOOLS_SERVICE_NAME": module,
            "POWERTOOLS_METRICS_NAMESPACE": "tap",
            "POWERTOOLS_LOG_LEVEL": "DEBUG",
        }
        client.create_function(
            FunctionName=name,
            Role=role_arn,
            Runtime="python3.13",
            Architectures=["arm64"],
            Handler=f"{module}.handler",
            Code={"ZipFile": content},
            Timeout=60,
            MemorySize=1024,
            TracingConfig={"Mode": "Active"},
            Environment={"Variables": common | variables},
        )
        names.append(name)
        return Function(name, client)

    yield deploy_function
    for name in names:
        client.delete_function(FunctionName=name)


@pytest.fixture(scope="session")
def sessions_table(cloud: Cloud) -> str:
    return new_table(cloud)


@pytest.fixture
def control_item(cloud: Cloud, sessions_table: str) -> Iterator[ControlItem]:
    """The control item, ``active`` at first."""
    item = ControlItem(cloud.client("dynamodb"), sessions_table)
    item.put("active")
    yield item
    item.remove()


@pytest.fixture(scope="session")
def signing_secret(cloud: Cloud) -> str:
    return cloud.new_secret({"key": SIGNING_KEY})


@pytest.fixture(scope="session")
def queue(cloud: Cloud) -> Queue:
    client = cloud.client("sqs")
    return Queue(client, client.create_queue(QueueName=unique("payments"))["QueueUrl"])


@pytest.fixture(scope="session")
def events(cloud: Cloud) -> Events:
    """A topic, and a queue that hears what is published to it."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic, url = (
        sns.create_topic(Name=unique("settled"))["TopicArn"],
        sqs.create_queue(QueueName=unique("heard"))["QueueUrl"],
    )
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy({**statement, "Resource": arn})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return Events(sqs, topic, url)


@pytest.fixture(scope="session")
def webhook(deploy: Deploy, sessions_table: str, signing_secret: str, queue: Queue) -> Function:
    """The webhook, which reads the region's state anew for every request."""
    return deploy(
        "webhook",
        SESSIONS_TABLE=sessions_table,
        SIGNING_SECRET_ARN=signing_secret,
        QUEUE_URL=queue.url,
        CONTROL_CACHE_SECONDS="0",
    )


@pytest.fixture(scope="session")
def archive(cloud: Cloud) -> Archive:
    buckets = {name: unique(name) for name in ("receipts", "documents")}
    for bucket in buckets.values():
        cloud.client("s3").create_bucket(Bucket=bucket)
    return Archive(cloud.client("s3"), **buckets)


@pytest.fixture(scope="session")
def database(cloud: Cloud, emulator: Emulator) -> Iterator[Database]:
    rds, identifier = cloud.client("rds"), unique("ledger")
    cluster = rds.create_db_cluster(
        DBClusterIdentifier=identifier,
        Engine="aurora-postgresql",
        MasterUsername=MASTER["username"],
        MasterUserPassword=MASTER["password"],
        DatabaseName="ledger",
    )["DBCluster"]
    yield Database(
        host=cluster["Endpoint"],
        port=cluster["Port"],
        name="ledger",
        trust_bundle=emulator.trust_bundle,
        master_secret=cloud.new_secret(MASTER),
        failover_secret=cloud.new_secret(FAILOVER),
    )
    rds.delete_db_cluster(DBClusterIdentifier=identifier, SkipFinalSnapshot=True)


@pytest.fixture(scope="session")
def processor_variables(ledger_variables: dict[str, str], archive: Archive, events: Events) -> dict[str, str]:
    """What a processor is told beside its table."""
    return {**ledger_variables, **archive.variables, "EVENTS_TOPIC_ARN": events.topic}


@pytest.fixture(scope="session")
def ledger_variables(deploy: Deploy, cloud: Cloud, database: Database) -> dict[str, str]:
    """The environment variables by which functions find a ledger whose schema is up to date."""
    secret = cloud.new_secret(APPLICATION)
    assert deploy("migrate", **database.migration_variables(secret))({}).error is None
    return database.variables(secret)


@pytest.fixture
def ledger(ledger_variables: dict[str, str], database: Database) -> Iterator[Connection]:
    """The ledger, as its master sees it."""
    with database.connect(MASTER) as connection:
        yield connection


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
