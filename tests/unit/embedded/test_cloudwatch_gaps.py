"""CloudWatch alarms, over the protocol that Terraform's provider speaks, and the events that they are."""

import json
import urllib.parse
import urllib.request
from xml.etree import ElementTree as ET

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique
from tests.unit.embedded.queues import first_message, queue

NAMESPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def query(cloud: Cloud, **parameters: str) -> ET.Element:
    """Send a signed-enough Query request: the emulator reads region and key from the credential scope."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        cloud.emulator.endpoint,
        data=urllib.parse.urlencode({"Version": "2010-08-01", **parameters}).encode(),
        headers=dict(_signed(cloud, urllib.parse.urlencode({"Version": "2010-08-01", **parameters}))),
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        return ET.fromstring(response.read())  # noqa: S314 - our own server


def _signed(cloud: Cloud, body: str) -> dict[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", cloud.emulator.endpoint + "/", data=body, headers=headers)
    SigV4Auth(Credentials("test", "test"), "monitoring", EAST).add_auth(request)
    return dict(request.headers.items())


@closes("query_protocol")
def test_an_alarm_keeps_every_field(cloud: Cloud) -> None:
    name = unique("lag")
    settings = {
        "AlarmName": name,
        "AlarmDescription": "lag <of> replicas",
        "Namespace": "AWS/RDS",
        "MetricName": "AuroraGlobalDBReplicationLag",
        "Dimensions.member.1.Name": "DBClusterIdentifier",
        "Dimensions.member.1.Value": "ledger",
        "Statistic": "Maximum",
        "Period": "60",
        "EvaluationPeriods": "5",
        "DatapointsToAlarm": "3",
        "Threshold": "1000",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions.member.1": f"arn:aws:sns:{EAST}:000000000000:alerts",
        "InsufficientDataActions.member.1": f"arn:aws:sns:{EAST}:000000000000:alerts",
    }
    query(cloud, Action="PutMetricAlarm", **settings)

    answer = query(cloud, Action="DescribeAlarms", **{"AlarmNames.member.1": name})

    alarm = answer.find(f".//{NAMESPACE}MetricAlarms/{NAMESPACE}member")
    assert alarm is not None
    for field in ("AlarmDescription", "Statistic", "Period", "DatapointsToAlarm", "TreatMissingData"):
        assert alarm.findtext(f"{NAMESPACE}{field}") == settings[field]
    for field in ("AlarmActions", "InsufficientDataActions"):
        assert alarm.findtext(f"{NAMESPACE}{field}/{NAMESPACE}member") == settings[f"{field}.member.1"]
    assert alarm.findtext(f"{NAMESPACE}Dimensions/{NAMESPACE}member/{NAMESPACE}Value") == "ledger"


@closes("metric_math")
def test_an_alarm_on_an_expression_keeps_its_queries(cloud: Cloud) -> None:
    name = unique("ratio")
    metric = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "rate", "Expression": "errors * 100", "ReturnData": True},
        {"Id": "errors", "MetricStat": metric, "ReturnData": False},
    ]
    alarms = cloud.client("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=queries,
    )

    (alarm,) = alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"]

    assert [each["Id"] for each in alarm["Metrics"]] == ["rate", "errors"]
    assert "Statistic" not in alarm
    assert "Period" not in alarm


@closes("state_changes_are_events")
def test_a_change_of_an_alarms_state_is_an_event(cloud: Cloud) -> None:
    name, (url, arn) = unique("peer"), queue(cloud, "events.amazonaws.com")
    events, alarms = cloud.client("events"), cloud.client("cloudwatch")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    alarms.put_metric_alarm(
        AlarmName=name,
        Namespace="tap",
        MetricName="PeerHealthy",
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )

    for state in ("OK", "ALARM"):
        alarms.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a rehearsal")

    told = first_message(cloud, url)
    assert told["detail"]["state"]["value"] == "ALARM"
    assert told["detail"]["previousState"]["value"] == "OK"
    assert told["resources"] == [alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]]
