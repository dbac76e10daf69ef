"""Lambda: what a function sees, and what its settings answer."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.embedded.clouds import Cloud, closes, unique

CODE = """
import importlib.util, os, sys

def handler(event, context):
    print(event.get("print", ""))
    found = [name for name in event["modules"] if importlib.util.find_spec(name)]
    told = {name: os.environ[name] for name in event.get("tell", ())}
    return {"found": found, "environment": sorted(os.environ), "path": sys.path, "told": told}
"""


def made_function(cloud: Cloud, source: str = CODE) -> str:
    iam, name = cloud.client("iam"), unique("fn")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", source)
    cloud.client("lambda").create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="main.handler", Code={"ZipFile": code.getvalue()}
    )
    return name


def invoked(cloud: Cloud, event: object) -> Any:
    answer = cloud.client("lambda").invoke(FunctionName=made_function(cloud), Payload=json.dumps(event).encode())
    return json.load(answer["Payload"])


@closes("isolated_interpreter")
class TestAFunction:
    def test_sees_no_package_but_those_in_its_zip(self, cloud: Cloud) -> None:
        answer = invoked(cloud, {"modules": ["json", "main", "botocore", "yaml", "pip"]})
        assert answer["found"] == ["json", "main"]

    def test_does_not_learn_the_server_s_settings(self, cloud: Cloud) -> None:
        environment = invoked(cloud, {"modules": []})["environment"]
        assert not {"AUTH", "GATEWAY_PORT", "BIND_HOST", "STATE_DIR"} & set(environment)


def test_a_function_cannot_import_the_project(closed_cloud: Cloud) -> None:
    assert invoked(closed_cloud, {"modules": ["embedded", "lib", "tap", "domain"]})["found"] == []


@closes("unset_event_age")
def test_an_event_age_that_was_not_set_is_not_answered(cloud: Cloud) -> None:
    functions, name = cloud.client("lambda"), made_function(cloud)
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    answer = functions.get_function_event_invoke_config(FunctionName=name)
    assert answer["MaximumRetryAttempts"] == 1
    assert "MaximumEventAgeInSeconds" not in answer


@closes("embedded_metrics")
class TestMetricsInTheLog:
    NAMESPACE = "tap-test"

    def line(self, name: str, value: object) -> str:
        directive = {
            "Namespace": self.NAMESPACE,
            "Dimensions": [["service", "environment"]],
            "Metrics": [{"Name": name, "Unit": "Count"}],
        }
        document = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [directive]}, "service": "probe", "environment": "t"}
        return json.dumps({**document, name: value})

    def statistics(self, cloud: Cloud, name: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        (point,) = cloud.client("cloudwatch").get_metric_statistics(
            Namespace=self.NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": "service", "Value": "probe"}, {"Name": "environment", "Value": "t"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )["Datapoints"]
        return dict(point)

    @pytest.mark.parametrize("value", [7, [3, 7]], ids=["one value", "several"])
    def test_are_metrics_of_cloudwatch(self, cloud: Cloud, value: object) -> None:
        name = unique("Seen")
        invoked(cloud, {"modules": [], "print": self.line(name, value)})
        found = self.statistics(cloud, name)
        assert found["Maximum"] == 7
        assert found["SampleCount"] == (len(value) if isinstance(value, list) else 1)

    def test_do_not_mind_lines_that_only_look_so(self, cloud: Cloud) -> None:
        name = unique("Seen")
        lines = ['{"_aws": 1', '{"_aws": {"CloudWatchMetrics": 5}}', '"_aws"', self.line(name, 1)]
        assert invoked(cloud, {"modules": [], "print": "\n".join(lines)})["found"] == []
        assert self.statistics(cloud, name)["Maximum"] == 1
