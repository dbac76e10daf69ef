"""CloudWatch: what alarms lose on the way in and out, and who hears of them."""

import importlib
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from embedded.server.patching import Answer, Service, around, gap, text
from embedded.server.query_protocol import parse_input, render_error, render_output, service_model


@gap("services.cloudwatch", "handle_request")
def query_protocol(cloudwatch: Service) -> None:
    """Terraform's provider speaks the Query protocol, whose DescribeAlarms answers with 9 of an alarm's fields.

    The JSON branch is complete, so a Query request is translated to JSON and its answer back.
    """

    @around(cloudwatch, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        parameters = {name: value[0] if isinstance(value, list) else value for name, value in dict(query).items()}
        if "x-www-form-urlencoded" in headers.get("content-type", ""):
            parameters.update(parse_qsl(body.decode(), keep_blank_values=True))
        model = service_model("cloudwatch")
        action = parameters.get("Action")
        if action not in model.operation_names:
            answer: Answer = await original(method, path, headers, body, query)
            return answer
        operation = model.operation_model(action)
        json_headers = {
            **headers,
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"GraniteServiceVersion20100801.{action}",
        }
        request = json.dumps(parse_input(operation, parameters)).encode()
        status, _, answered = await original(method, path, json_headers, request, {})
        output = json.loads(text(answered) or "{}")
        request_id = str(uuid.uuid4())
        if status >= 400:
            code = output.get("__type", "InternalFailure").split("#")[-1]
            return status, {"Content-Type": "text/xml"}, render_error(code, output.get("message", ""), request_id)
        return status, {"Content-Type": "text/xml"}, render_output(operation, output, request_id)


@gap("services.cloudwatch", "_put_metric_alarm", "_alarms")
def metric_math(cloudwatch: Service) -> None:
    """An alarm on an expression loses its queries; one with a percentile gets a statistic beside it."""

    @around(cloudwatch, "_put_metric_alarm")
    def put(original: Any, params: Any, data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        answer = original(params, data, is_cbor, is_json)
        alarm = cloudwatch._alarms.get(data.get("AlarmName", "")) if answer[0] == 200 else None
        if alarm is None:
            return answer
        for name in ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile"):
            if data.get(name):
                alarm[name] = data[name]
        invented = (
            ("Statistic", "Period") if data.get("Metrics") else ("Statistic",) if data.get("ExtendedStatistic") else ()
        )
        for name in invented:
            if name not in data:
                alarm.pop(name, None)
        return answer


@gap("services.cloudwatch", "_dispatch_alarm_actions", "services.eventbridge:_put_events")
def state_changes_are_events(cloudwatch: Service) -> None:
    """Alarms tell their topics, but EventBridge hears of no alarm.

    CloudWatch sends an event for every change of an alarm's state, whether its actions are enabled or not.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    events = importlib.import_module("ministack.services.eventbridge")

    @around(cloudwatch, "_dispatch_alarm_actions")
    def dispatch(original: Any, alarm: dict[str, Any], old: str, new: str, reason: str) -> None:
        original(alarm, old, new, reason)
        now = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
        detail = {
            "alarmName": alarm["AlarmName"],
            "state": {"value": new, "reason": reason, "timestamp": now},
            "previousState": {"value": old},
            "configuration": {"description": alarm.get("AlarmDescription", "")},
        }
        entry = {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Resources": [alarm["AlarmArn"]],
            "Detail": json.dumps(detail),
        }
        events._put_events({"Entries": [entry]}, allow_aws_source=True)
