"""A region that is lost: what its callers see, what stops in it, and what is there when it is given back."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import botocore.exceptions
import pytest

from embedded import control
from tests.unit.embedded.clouds import EAST, WEST, Cloud, unique
from tests.unit.embedded.functions import api_of, function, role
from tests.unit.embedded.postgres_client import eventually

ANSWERING = """
def handler(event, context):
    return {"statusCode": 200, "body": context.invoked_function_arn.split(":")[3]}
"""
SLOW_WORK = """
import time

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return "done"
"""


@pytest.fixture
def cloud(closed_cloud: Cloud) -> Iterator[Cloud]:
    """The embedded AWS, whose regions are given back after each test."""
    yield closed_cloud
    for region in (EAST, WEST):
        control.restore(closed_cloud.emulator.endpoint, region)


@pytest.fixture
def lost(cloud: Cloud) -> Cloud:
    """The embedded AWS without its first region."""
    control.kill(cloud.emulator.endpoint, EAST)
    return cloud


def ask(cloud: Cloud, host: str, path: str = "/", *, seconds: float = 10, region: str = "") -> tuple[int, str]:
    """Send an unsigned GET to one of the deployment's names."""
    connection = http.client.HTTPConnection(urlsplit(cloud.emulator.endpoint).netloc, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Embedded-Region": region})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def timed(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def queue(cloud: Cloud, region: str = EAST) -> str:
    return str(cloud.client("sqs", region).create_queue(QueueName=unique("q"))["QueueUrl"])


def waiting(cloud: Cloud, url: str, region: str = EAST) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = cloud.client("sqs", region).get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(told[name]) for name in names)


class TestItsCallers:
    @pytest.mark.parametrize(
        ("service", "call"), [("sqs", "list_queues"), ("dynamodb", "list_tables"), ("kms", "list_keys")]
    )
    def test_see_no_answer_to_a_call_that_is_signed_for_it(self, lost: Cloud, service: str, call: str) -> None:
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            getattr(lost.client(service, EAST), call)()
        assert getattr(lost.client(service, WEST), call)()["ResponseMetadata"]["HTTPStatusCode"] == 200

    @pytest.mark.parametrize(("service", "call"), [("iam", "list_roles"), ("route53", "list_hosted_zones")])
    def test_have_no_service_either_that_lives_there_for_all_regions(
        self, lost: Cloud, service: str, call: str
    ) -> None:
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            getattr(lost.client(service, WEST), call)()

    def test_see_no_answer_to_a_presigned_url(self, cloud: Cloud) -> None:
        bucket = unique("bucket")
        cloud.client("s3").create_bucket(Bucket=bucket)
        cloud.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
        url = urlsplit(cloud.client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}))
        call = partial(ask, cloud, url.netloc, f"{url.path}?{url.query}")
        assert call() == (200, "x")
        control.kill(cloud.emulator.endpoint, EAST)
        with pytest.raises(ConnectionError):
            call()

    def test_reach_none_of_its_endpoints(self, cloud: Cloud) -> None:
        arn = function(cloud, ANSWERING)
        name = api_of(cloud, arn)
        url = urlsplit(
            cloud.client("lambda").create_function_url_config(FunctionName=arn, AuthType="NONE")["FunctionUrl"]
        )
        api = cloud.client("apigateway").get_base_path_mapping(domainName=name, basePath="(none)")["restApiId"]
        calls = [
            partial(ask, cloud, name, "/any"),
            partial(ask, cloud, url.netloc),
            partial(ask, cloud, f"{api}.execute-api.localhost", "/live/any"),
            partial(ask, cloud, "127.0.0.1", f"/_aws/execute-api/{api}/live/any"),
        ]
        assert [call() for call in calls] == [(200, EAST)] * len(calls)
        calls.append(partial(ask, cloud, f"balancer-1.{EAST}.elb.amazonaws.com"))
        control.kill(cloud.emulator.endpoint, EAST)
        for call in calls:
            with pytest.raises(ConnectionError):
                call()

    def test_may_be_left_hanging_until_they_give_up(self, cloud: Cloud) -> None:
        control.kill(cloud.emulator.endpoint, EAST, answer="hang")
        with pytest.raises(TimeoutError):
            ask(cloud, f"any.{EAST}.amazonaws.com", seconds=1)

    def test_may_be_told_that_the_service_is_unavailable(self, cloud: Cloud) -> None:
        control.kill(cloud.emulator.endpoint, EAST, answer="error")
        with pytest.raises(cloud.client("sqs").exceptions.ClientError, match="ServiceUnavailable"):
            cloud.client("sqs").list_queues()

    def test_find_everything_as_it_was_once_it_is_back(self, cloud: Cloud) -> None:
        url = queue(cloud)
        control.kill(cloud.emulator.endpoint, EAST)
        control.restore(cloud.emulator.endpoint, EAST)
        assert url in cloud.client("sqs").list_queues()["QueueUrls"]
        assert control.mode(cloud.emulator.endpoint, EAST) == "running"

    def test_lose_what_they_were_waiting_for(self, cloud: Cloud) -> None:
        arn = function(cloud, SLOW_WORK)
        killing = threading.Timer(1, control.kill, [cloud.emulator.endpoint, EAST])
        killing.start()
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            cloud.client("lambda").invoke(FunctionName=arn, Payload=b'{"seconds": 20}')
        killing.join()


class TestInIt:
    def test_functions_are_killed_before_they_can_do_anything_more(self, cloud: Cloud) -> None:
        """The function would write into the other region, which lives."""
        bucket = unique("bucket")
        cloud.client("s3", WEST).create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": WEST})
        code = """
import os, time, urllib.request

def handler(event, context):
    urllib.request.urlopen(urllib.request.Request(event["began"], method="PUT", data=b"x"))
    time.sleep(3)
    urllib.request.urlopen(urllib.request.Request(event["ended"], method="PUT", data=b"x"))
"""
        sign = cloud.client("s3", WEST).generate_presigned_url
        event = {key: sign("put_object", Params={"Bucket": bucket, "Key": key}) for key in ("began", "ended")}
        arn = function(cloud, code)
        cloud.client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(event).encode())

        def kept() -> list[str]:
            return [each["Key"] for each in cloud.client("s3", WEST).list_objects_v2(Bucket=bucket).get("Contents", [])]

        eventually(kept, ["began"])
        control.kill(cloud.emulator.endpoint, EAST)
        time.sleep(3.5)
        assert kept() == ["began"]

    def test_a_queue_calls_no_function_and_goes_on_when_it_is_back(self, cloud: Cloud) -> None:
        arn, url = function(cloud, SLOW_WORK), queue(cloud)
        source = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        cloud.client("lambda").create_event_source_mapping(
            FunctionName=arn, EventSourceArn=source["QueueArn"], Enabled=False
        )
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
        mapping = cloud.client("lambda").list_event_source_mappings(FunctionName=arn)["EventSourceMappings"][0]["UUID"]
        cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
        control.kill(cloud.emulator.endpoint, EAST)
        time.sleep(2)
        control.restore(cloud.emulator.endpoint, EAST)
        eventually(lambda: waiting(cloud, url), 0)

    def test_a_schedule_that_is_due_calls_nobody(self, cloud: Cloud) -> None:
        url = queue(cloud)
        source = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        due = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 1))
        for region in (EAST, WEST):
            cloud.client("scheduler", region).create_schedule(
                Name=unique("due"),
                ScheduleExpression=due,
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": source["QueueArn"].replace(EAST, region), "RoleArn": role(cloud)},
            )
        other = cloud.client("sqs", WEST).create_queue(QueueName=source["QueueArn"].split(":")[-1])["QueueUrl"]
        control.kill(cloud.emulator.endpoint, EAST)
        eventually(lambda: waiting(cloud, other, WEST), 1)
        control.restore(cloud.emulator.endpoint, EAST)
        assert waiting(cloud, url) == 0

    def test_no_alarm_is_judged(self, cloud: Cloud) -> None:
        """Whoever measures something in the other region cannot tell this one."""
        cloudwatch, name = cloud.client("cloudwatch"), unique("alarm")
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace=name,
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            Threshold=1,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )

        def measure(value: float) -> str:
            cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "Errors", "Value": value}])
            return state()

        def state() -> str:
            return str(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])

        assert measure(0) == "OK"
        control.kill(cloud.emulator.endpoint, EAST)
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            measure(5)
        control.restore(cloud.emulator.endpoint, EAST)
        assert state() == "OK"
        assert measure(5) == "ALARM"


class TestItsWorkflows:
    def start(self, cloud: Cloud, states: dict[str, Any]) -> str:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        workflows = cloud.client("stepfunctions")
        machine = workflows.create_state_machine(name=unique("wf"), definition=definition, roleArn=role(cloud))
        return str(workflows.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"])

    def status(self, cloud: Cloud, execution: str) -> str:
        return str(cloud.client("stepfunctions").describe_execution(executionArn=execution)["status"])

    def events(self, cloud: Cloud, execution: str) -> list[str]:
        history = cloud.client("stepfunctions").get_execution_history(executionArn=execution)
        return [each["type"] for each in history["events"]]

    def test_stand_still_and_go_on_where_they_were(self, cloud: Cloud) -> None:
        wait, then = {"Type": "Wait", "Seconds": 1, "Next": "Then"}, {"Type": "Pass", "End": True}
        execution = self.start(cloud, {"Wait": wait, "Then": then})
        eventually(lambda: self.events(cloud, execution)[-1], "WaitStateEntered")
        control.kill(cloud.emulator.endpoint, EAST)
        time.sleep(2)
        back = datetime.now(UTC)
        control.restore(cloud.emulator.endpoint, EAST)
        eventually(lambda: self.status(cloud, execution), "SUCCEEDED")
        assert cloud.client("stepfunctions").describe_execution(executionArn=execution)["stopDate"] >= back

    def test_find_that_the_task_under_way_has_failed_and_try_again(self, cloud: Cloud) -> None:
        task = {
            "Type": "Task",
            "Resource": function(cloud, SLOW_WORK),
            "Parameters": {"seconds": 3},
            "End": True,
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        }
        execution = self.start(cloud, {"Work": task})
        eventually(lambda: self.events(cloud, execution)[-1], "TaskScheduled")
        time.sleep(0.5)
        control.kill(cloud.emulator.endpoint, EAST)
        time.sleep(4)
        control.restore(cloud.emulator.endpoint, EAST)
        assert self.status(cloud, execution) == "RUNNING"
        eventually(lambda: self.status(cloud, execution), "SUCCEEDED")
        assert self.events(cloud, execution).count("TaskFailed") == 1


class TestWithoutItsControlPlanes:
    def test_the_services_of_all_regions_refuse_everybody(self, cloud: Cloud) -> None:
        control.lose_control_planes(cloud.emulator.endpoint)
        for region in (EAST, WEST):
            for service, call in (("iam", "list_roles"), ("route53", "list_health_checks")):
                client = cloud.client(service, region)
                with pytest.raises(client.exceptions.ClientError, match="ServiceUnavailable"):
                    getattr(client, call)()

    def test_everything_else_goes_on(self, cloud: Cloud) -> None:
        arn = function(cloud, ANSWERING)
        name = api_of(cloud, arn)
        control.lose_control_planes(cloud.emulator.endpoint)
        assert ask(cloud, name, "/any") == (200, EAST)
        assert cloud.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200

    def test_only_their_home_can_lose_them(self, cloud: Cloud) -> None:
        with pytest.raises(control.ControlError, match="live in us-east-1"):
            control.lose_control_planes(cloud.emulator.endpoint, WEST)


class TestSlow:
    def test_its_endpoints_and_functions_answer_late_and_its_api_does_not(self, cloud: Cloud) -> None:
        arn = function(cloud, ANSWERING)
        name = api_of(cloud, arn)
        calls: list[Callable[[], Any]] = [
            lambda: ask(cloud, name, "/any"),
            lambda: cloud.client("lambda").invoke(FunctionName=arn, Payload=b"{}"),
        ]
        for call in calls:
            call()
        control.slow_down(cloud.emulator.endpoint, EAST, 3)
        assert [timed(call) >= 3 for call in calls] == [True, True]
        assert timed(cloud.client("sqs").list_queues) < 3
        control.restore(cloud.emulator.endpoint, EAST)
        assert [timed(call) < 3 for call in calls] == [True, True]


class TestWithFailingFunctions:
    def test_whoever_invokes_one_is_told_that_it_failed_and_all_else_goes_on(self, cloud: Cloud) -> None:
        arn = function(cloud, ANSWERING)
        name = api_of(cloud, arn)
        control.fail_functions(cloud.emulator.endpoint, EAST)
        assert control.mode(cloud.emulator.endpoint, EAST) == "functions"
        assert cloud.client("lambda").invoke(FunctionName=arn, Payload=b"{}")["FunctionError"]
        assert ask(cloud, name, "/any")[0] == 502
        assert cloud.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
        control.restore(cloud.emulator.endpoint, EAST)
        assert ask(cloud, name, "/any") == (200, EAST)

    def test_the_other_regions_work(self, cloud: Cloud) -> None:
        control.fail_functions(cloud.emulator.endpoint, WEST)
        assert ask(cloud, api_of(cloud, function(cloud, ANSWERING)), "/any") == (200, EAST)


CALLING = """
import os, urllib.error, urllib.request

def handler(event, context):
    host = event["host"]
    https = urllib.request.Request(f"https://{host}/any")
    plain = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/any", headers={"Host": host})
    try:
        with urllib.request.urlopen(https if event["https"] else plain, timeout=5) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return f"refused: {refusal.code}"
    except OSError as error:
        return f"no answer: {type(error).__name__}"
"""


class TestAPartition:
    def reached(self, cloud: Cloud, caller: str, host: str, *, region: str, https: bool) -> str:
        event = json.dumps({"host": host, "https": https}).encode()
        answer = cloud.client("lambda", region).invoke(FunctionName=caller, Payload=event)
        return str(json.load(answer["Payload"]))

    @pytest.mark.parametrize("https", [True, False], ids=["by the public name", "at the emulator's address"])
    def test_lets_functions_reach_their_own_region_and_no_other(self, cloud: Cloud, https: bool) -> None:
        names = {
            region: api_of(cloud, function(cloud, ANSWERING, region=region), region=region) for region in (EAST, WEST)
        }
        callers = {region: function(cloud, CALLING, region=region) for region in (EAST, WEST)}

        def reached(here: str, there: str) -> str:
            return self.reached(cloud, callers[here], names[there], region=here, https=https)

        control.cut_off(cloud.emulator.endpoint, WEST)
        for here, there in ((EAST, WEST), (WEST, EAST)):
            assert reached(here, here) == here
            assert reached(here, there).startswith("no answer")
            assert ask(cloud, names[here], "/any") == (200, here)
        control.restore(cloud.emulator.endpoint, WEST)
        assert reached(EAST, WEST) == WEST


def test_a_name_that_both_regions_serve_leads_where_the_client_resolved_it_to(cloud: Cloud) -> None:
    name = f"{unique('shared')}.tap.example"
    for region in (EAST, WEST):
        api_of(cloud, function(cloud, ANSWERING, region=region), region=region, name=name)
    for region in (EAST, WEST):
        assert ask(cloud, name, "/any", region=region) == (200, region)
    control.kill(cloud.emulator.endpoint, EAST)
    assert ask(cloud, name, "/any", region=WEST) == (200, WEST)
    with pytest.raises(ConnectionError):
        ask(cloud, name, "/any", region=EAST)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("us-east-1/sunk", "'sunk': a region can be dead"),
        ("us-east-1/slow/soon", "say by how many seconds"),
        ("us-east-1/slow/0", "more than 0"),
        ("us-east-1/dead/quiet", "reset, hang, error"),
        ("atlantis/dead", "no region's name"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_what_would(closed_cloud: Cloud, order: str, reason: str) -> None:
    with pytest.raises(control.ControlError, match=reason):
        control.call(closed_cloud.emulator.endpoint, "POST", f"regions/{order}")
